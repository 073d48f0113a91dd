"""Read the API's structs: their fields, and how a type is written in Python and for people."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, Union

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields as struct_fields

from strikewire.api import fields, quoting, session, trading

# A class, a union, a Literal...: typing has no common type for what an annotation may hold.
Form: TypeAlias = Any

# Aliases under which a long Literal is written; the first that matches wins.
_ALIASES = [
    (module, name)
    for module, names in (
        (fields, ("Direction", "KindFilter", "Kind", "Sorting", "InstrumentState", "Interval")),
        (fields, ("Ok",)),
        (session, ("CancelScope",)),
        (trading, ("OrderType", "TimeInForce", "OrderState", "CancelReason")),
        (trading, ("OpenOrderType", "CancelOrderType", "TriggerPriceType")),
        (trading, ("LinkedOrderType", "TriggerFillCondition")),
        (quoting, ("CancelType",)),
    )
    for name in names
]
_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", type(None): "None"}


@dataclass(frozen=True)
class Field:
    """One field of a message: what a table or a signature needs to know of it."""

    name: str
    form: Form
    required: bool
    default: object
    limits: str
    description: str


def fields_of(struct: type[Struct]) -> list[Field]:
    """List a message's fields in their order."""
    hints = typing.get_type_hints(struct, include_extras=True)
    found = []
    for field in struct_fields(struct):
        form = hints[field.name]
        metas = list(_metas(form))
        default = None if field.default is msgspec.NODEFAULT else field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        found.append(
            Field(
                name=field.encode_name,
                form=form,
                required=field.required,
                default=None if default is UNSET else default,
                limits=_limits(metas),
                description=" ".join(m.description for m in metas if m.description),
            )
        )
    return found


def python_name(form: Form, *, sent: bool = False) -> str:
    """Write a type as Python source, as seen with the api's modules imported.

    Args:
        form: A class or a typing form.
        sent: Whether it is a parameter: exact numbers may then be given as float or Decimal.
    """
    alias = _alias(form)
    if alias:
        return alias
    origin, args = _origin(form), typing.get_args(form)
    if origin is Annotated:
        return python_name(args[0], sent=sent)
    if origin in {Union, types.UnionType}:
        names = [python_name(arg, sent=sent) for arg in args if arg is not UnsetType]
        return " | ".join(dict.fromkeys(names))
    if origin is Literal:
        return f"Literal[{', '.join(_quoted(arg) for arg in args)}]"
    if isinstance(origin, type):  # list, tuple, dict
        return f"{origin.__name__}[{', '.join(python_name(arg, sent=sent) for arg in args)}]"
    if form is Decimal:
        return "float | Decimal" if sent else "Decimal"
    if form in _PLAIN:
        return _PLAIN[form]
    if form is None:
        return "None"
    return f"{form.__module__.rpartition('.')[2]}.{form.__name__}"


def people_name(form: Form, link: Callable[[str], str]) -> str:
    """Write a type for a table: JSON's words, with a link to each message."""
    origin, args = _origin(form), typing.get_args(form)
    if origin is Annotated:
        return people_name(args[0], link)
    if origin in {Union, types.UnionType}:
        names = [people_name(arg, link) for arg in args if arg is not UnsetType]
        return " or ".join(dict.fromkeys(names))
    if origin is Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin is list:
        return f"array of {people_name(args[0], link)}"
    if origin is tuple:
        return "[" + ", ".join(people_name(arg, link) for arg in args) + "]"
    if origin is dict:
        return f"object of {people_name(args[1], link)}"
    words = {
        str: "string",
        int: "integer",
        float: "number",
        Decimal: "number",
        bool: "boolean",
        type(None): "null",
        None: "nothing",
    }
    return words[form] if form in words else link(form.__name__)


def structs_in(form: Form) -> list[type[Struct]]:
    """List the messages a type mentions, each once, outermost first."""
    if isinstance(form, type) and issubclass(form, Struct):
        return [form]
    inner = [struct for arg in typing.get_args(form) for struct in structs_in(arg)]
    return list(dict.fromkeys(inner))


def _origin(form: Form) -> object:
    return typing.get_origin(form)


def _metas(form: Form) -> Iterator[Meta]:
    if _origin(form) is Annotated:
        yield from (meta for meta in form.__metadata__ if isinstance(meta, Meta))
    for arg in typing.get_args(form):
        if not isinstance(arg, str | int | float | Meta):
            yield from _metas(arg)


def _limits(metas: list[Meta]) -> str:
    parts = []
    for meta in metas:
        if meta.ge is not None and meta.le is not None:
            parts.append(f"{meta.ge:,} to {meta.le:,}")
        if meta.max_length is not None:
            parts.append(f"at most {meta.max_length:,} characters")
        if meta.pattern is not None:
            parts.append(f"`{meta.pattern}`")
    return ", ".join(dict.fromkeys(parts))


def _alias(form: Form) -> str:
    if _origin(form) is not Literal:
        return ""
    for module, name in _ALIASES:
        if getattr(module, name) == form:
            return f"{module.__name__.rpartition('.')[2]}.{name}"
    return ""


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
