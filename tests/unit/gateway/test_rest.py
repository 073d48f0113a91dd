import json

import msgspec
import pytest

from strikewire.gateway.rest import parse, respond
from strikewire.gateway.steps import Called
from strikewire.testing.gateway import GatewayFloor
from strikewire.websocket import HttpRequest, HttpResponse

BASIC = (("authorization", "Basic YWxpY2U6YWxpY2VzLXNlY3JldA=="),)


def request(
    target: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpRequest:
    return HttpRequest(method=method, target=target, headers=headers, body=body)


def call(http: HttpRequest, floor: GatewayFloor | None = None) -> Called:
    floor = floor or GatewayFloor()
    found = parse(floor.desk, floor.now_ns, http)
    assert isinstance(found, Called)
    return found


def page(http: HttpRequest, floor: GatewayFloor | None = None) -> HttpResponse:
    floor = floor or GatewayFloor()
    found = parse(floor.desk, floor.now_ns, http)
    assert isinstance(found, HttpResponse)
    return found


def posted(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": "7", "method": method, "params": params}).encode()


def test_a_get_is_a_call_of_its_path_with_the_parameters_of_its_query() -> None:
    found = call(request("/api/v2/public/ticker?instrument_name=BTC%2DPERPETUAL&x="))

    assert (found.method, found.error) == ("public/ticker", None)
    assert found.params == {"instrument_name": "BTC-PERPETUAL", "x": ""}
    assert found.id is msgspec.UNSET


def test_a_post_is_a_call_of_its_body() -> None:
    body = posted("private/buy", amount=10)

    for target in ("/api/v2/private/buy", "/api/v2", "/api/v2/"):
        found = call(request(target, method="POST", body=body))
        assert (found.method, found.id) == ("private/buy", "7")
        assert found.params == msgspec.Raw(b'{"amount": 10}')


def test_a_header_says_on_whose_behalf() -> None:
    found = call(request("/api/v2/private/get_positions", headers=BASIC))

    assert found.grant is not None
    assert found.grant.client_id == "alice"


@pytest.mark.parametrize(
    ("http", "code"),
    [
        (request("/api/v2/public/test?a=1&a=2"), -32602),
        (request("/api/v2/public/test?" + "&".join(f"a{i}=1" for i in range(101))), -32602),
        (request("/api/v2/public/test?a=%ff"), -32602),
        (request("/api/v2/public/test", headers=(("authorization", "Basic eDp5"),)), 13004),
        (request("/api/v2/public/test", headers=(("authorization", "Magic x"),)), 13009),
        (request("/api/v2/public/test", method="POST", body=b"{"), -32700),
        (request("/api/v2/public/test", method="POST", body=b"[]"), -32600),
        (request("/api/v2/private/buy", method="POST", body=posted("private/sell")), -32600),
        (request("/api/v2", method="POST", body=b" " * 40_000), -32600),
    ],
)
def test_what_cannot_be_read_is_a_call_that_fails(http: HttpRequest, code: int) -> None:
    error = call(http).error

    assert error is not None
    assert error.code == code


def test_a_duplicate_key_of_an_order_is_refused_with_its_id() -> None:
    body = b'{"id":5,"method":"private/buy","params":{"price":1,"price":2}}'

    found = call(request("/api/v2/private/buy", method="POST", body=body))

    assert found.error is not None
    assert (found.error.code, found.error.param, found.id) == (-32602, "price", 5)


@pytest.mark.parametrize(
    ("http", "status"),
    [
        (request("/nothing"), 404),
        (request("/api/v1/public/test"), 404),
        (request("/api/v22"), 404),
        (request("/api/v2/public/test", method="DELETE"), 405),
        (request("/", method="POST"), 405),
        (request("/ws/api/v2"), 426),
    ],
)
def test_other_paths_and_methods_are_no_calls(http: HttpRequest, status: int) -> None:
    assert page(http).status == status


def test_the_front_page_says_what_this_is() -> None:
    found = page(request("/"))

    assert found.status == 200
    assert json.loads(found.body) == {
        "name": "strikewire",
        "version": "9.9.9",
        "rest": "/api/v2",
        "websocket": "/ws/api/v2",
    }


def test_the_health_page_counts_and_tells_when_no_orders_are_taken() -> None:
    floor = GatewayFloor()
    floor.connect()

    healthy = page(request("/health"), floor)
    floor.is_locked = True
    locked = page(request("/health"), floor)

    assert (healthy.status, locked.status) == (200, 503)
    assert json.loads(healthy.body)["index_problems"] == {}
    assert json.loads(healthy.body)["status"] == "ok"
    assert json.loads(healthy.body)["gateway"]["connections"] == 1
    assert json.loads(locked.body)["status"] == "locked"


def test_the_health_page_says_why_an_index_stands_still() -> None:
    floor = GatewayFloor()
    floor.desk.index_problems = {"btc_usd": "stale: 61.0 s old, 60.0 s allowed"}

    health = json.loads(page(request("/health"), floor).body)

    assert health["index_problems"] == {"btc_usd": "stale: 61.0 s old, 60.0 s allowed"}


def test_an_error_answer_has_status_400_and_the_same_body() -> None:
    assert respond(b"{}", is_error=False).status == 200
    assert respond(b"{}", is_error=True) == HttpResponse(
        400, (("content-type", "application/json"),), b"{}"
    )


def test_every_value_of_a_query_is_text() -> None:
    floor = GatewayFloor("BTC-PERPETUAL")
    floor.mark("BTC-PERPETUAL", 100_000.0)
    target = (
        "/api/v2/private/buy?instrument_name=BTC-PERPETUAL&amount=70.0&price=99000"
        "&post_only=true&reject_post_only=false&label=x"
    )

    answer = floor.rest(call(request(target, headers=BASIC), floor))

    placed = answer["result"]["order"]
    assert (placed["amount"], placed["post_only"], placed["label"]) == (70.0, True, "x")
    assert "id" not in answer
