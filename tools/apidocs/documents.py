"""Write the machine-readable documents: OpenRPC, AsyncAPI, OpenAPI."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import msgspec

import strikewire
from apidocs.forms import Field, Form, fields_of
from strikewire.api import CHANNELS, METHODS, Channel, ErrorCode, Method
from strikewire.api.channels import DEPTHS, GROUPS
from strikewire.api.fields import CurrencyName, IndexName, InstrumentName, Interval, KindFilter

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_INFO = {
    "title": "Strikewire",
    "version": strikewire.__version__,
    "description": "A self-hosted crypto options venue that speaks the Deribit v2 API.",
    "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
}
_SOCKET = "ws://localhost:8080/ws/api/v2"


def openrpc() -> str:
    """Return the OpenRPC document: every method with its parameters and its result."""
    methods, schemas = _method_schemas(list(METHODS.values()))
    for method in METHODS.values():
        del schemas[method.request.__name__]  # OpenRPC lists parameters one by one
    document = {
        "openrpc": "1.3.2",
        "info": _INFO,
        "servers": [{"name": "local", "url": _SOCKET}],
        "methods": [_rpc_method(method, methods) for method in METHODS.values()],
        "components": {"schemas": schemas},
    }
    return _text(document)


def openapi() -> str:
    """Return the OpenAPI document: the same methods over HTTP, by GET and by POST."""
    over_http = [method for method in METHODS.values() if method.transport == "ws+rest"]
    methods, schemas = _method_schemas(over_http)
    paths = {f"/api/v2/{method.name}": _path(method, methods) for method in over_http}
    document = {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "http://localhost:8080"}],
        "paths": paths,
        "components": {
            "schemas": schemas | {"Error": _error_schema(), "Envelope": _envelope_schema()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }
    return _text(document)


def asyncapi() -> str:
    """Return the AsyncAPI document: every channel with what it carries."""
    forms = [channel.data for channel in CHANNELS.values()]
    data, schemas = _schemas(forms)
    channels: Json = {}
    operations: Json = {}
    for channel, schema in zip(CHANNELS.values(), data, strict=True):
        key = re.sub(r"\W+", "_", channel.pattern).strip("_")
        channels[key] = _channel(channel, schema)
        operations[f"receive_{key}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{key}"},
            "summary": channel.description.partition("\n")[0],
        }
    document = {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "servers": {
            "local": {"host": "localhost:8080", "pathname": "/ws/api/v2", "protocol": "ws"}
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas},
    }
    return _text(document)


def _rpc_method(method: Method, schemas: dict[str, tuple[Json, Json]]) -> Json:
    request, response = schemas[method.name]
    described: Json = {
        "name": method.name,
        "summary": method.summary,
        "description": method.description,
        "tags": [{"name": method.name.partition("/")[0]}, {"name": method.cost}],
        "paramStructure": "by-name",
        "params": [
            {
                "name": field.name,
                "required": field.required,
                "schema": request["properties"][field.name],
            }
            for field in fields_of(method.request)
        ],
        "result": {"name": "result", "schema": response},
    }
    if method.scope:
        described["x-scope"] = method.scope
    return described


def _path(method: Method, schemas: dict[str, tuple[Json, Json]]) -> Json:
    request, response = schemas[method.name]
    common: Json = {
        "summary": method.summary,
        "description": method.description,
        "tags": [method.name.partition("/")[0]],
        "responses": {
            "200": {"description": "The result.", "content": _json(_answer(response))},
            "400": {
                "description": "An error.",
                "content": _json({"$ref": "#/components/schemas/Error"}),
            },
        },
    }
    if method.private:
        common["security"] = [{"bearer": []}, {"basic": []}]
    key = method.name.replace("/", "_")
    fields = fields_of(method.request)
    return {
        "get": {
            "operationId": key,
            **common,
            "parameters": [_query(field, request["properties"][field.name]) for field in fields],
        },
        "post": {
            "operationId": f"{key}_post",
            **common,
            "requestBody": {"required": True, "content": _json(_call(method))},
        },
    }


def _query(field: Field, schema: Json) -> Json:
    return {"name": field.name, "in": "query", "required": field.required, "schema": schema}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _call(method: Method) -> Json:
    return {
        "type": "object",
        "required": ["method"],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["integer", "number", "string", "null"]},
            "method": {"const": method.name},
            "params": {"$ref": _REF.format(name=method.request.__name__)},
        },
    }


def _answer(result: Json) -> Json:
    envelope = {"$ref": "#/components/schemas/Envelope"}
    return {"allOf": [envelope, {"required": ["result"], "properties": {"result": result}}]}


def _envelope_schema() -> Json:
    micros = {"type": "integer", "description": "Microseconds since the Unix epoch."}
    return {
        "type": "object",
        "required": ["jsonrpc", "usIn", "usOut", "usDiff", "testnet"],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["integer", "number", "string", "null"]},
            "usIn": micros,
            "usOut": micros,
            "usDiff": {"type": "integer", "description": "Microseconds."},
            "testnet": {"type": "boolean"},
        },
    }


def _error_schema() -> Json:
    error = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"enum": [int(code) for code in ErrorCode]},
            "message": {"type": "string"},
            "data": {
                "type": "object",
                "properties": {"reason": {"type": "string"}, "param": {"type": "string"}},
            },
        },
    }
    envelope = {"$ref": "#/components/schemas/Envelope"}
    return {"allOf": [envelope, {"required": ["error"], "properties": {"error": error}}]}


def _channel(channel: Channel, data: Json) -> Json:
    return {
        "address": channel.pattern,
        "description": channel.description,
        "parameters": {
            name: _parameter(name) for name in re.findall(r"\{(\w+)\}", channel.pattern)
        },
        "messages": {
            "notification": {
                "payload": {
                    "type": "object",
                    "required": ["jsonrpc", "method", "params"],
                    "properties": {
                        "jsonrpc": {"const": "2.0"},
                        "method": {"const": "subscription"},
                        "params": {
                            "type": "object",
                            "required": ["channel", "data"],
                            "properties": {"channel": {"type": "string"}, "data": data},
                        },
                    },
                }
            }
        },
    } | ({"x-scope": channel.parsed.scope} if channel.parsed.scope else {})


def _parameter(name: str) -> Json:
    described: dict[str, Form] = {
        "instrument_name": InstrumentName,
        "currency": CurrencyName,
        "index_name": IndexName,
        "interval": Interval,
        "kind": KindFilter,
    }
    if name in described:
        schema = msgspec.json.schema(described[name])
        return {key: schema[key] for key in ("description", "enum") if key in schema}
    return {"enum": [str(word) for word in {"group": GROUPS, "depth": DEPTHS}[name]]}


def _method_schemas(methods: list[Method]) -> tuple[dict[str, tuple[Json, Json]], Json]:
    """Return request and response schema of each method, and the schemas they refer to."""
    forms = [form for method in methods for form in (method.request, method.response)]
    found, schemas = _schemas(forms)
    requests = [schemas[method.request.__name__] for method in methods]
    pairs = zip(requests, found[1::2], strict=True)
    return {m.name: pair for m, pair in zip(methods, pairs, strict=True)}, schemas


def _schemas(forms: list[Form]) -> tuple[list[Json], Json]:
    found, components = msgspec.json.schema_components(forms, ref_template=_REF)
    return [_plain(schema) for schema in found], _plain(dict(sorted(components.items())))


def _plain(schema: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Show exact numbers as what they are on the wire, and docstrings without indentation."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _plain(value) for key, value in schema.items()}
    if isinstance(changed.get("description"), str):
        changed["description"] = inspect.cleandoc(changed["description"])
    if changed.get("format") == "decimal":
        del changed["format"]
        changed["type"] = ["number", "string"]
    return changed


def _text(document: Json) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
