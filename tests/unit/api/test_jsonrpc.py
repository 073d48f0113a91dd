import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw, UnsetType

from strikewire.api import METHODS, ApiError, ErrorCode, jsonrpc, market_data, session, trading
from strikewire.api.errors import RequestId

BUY = METHODS["private/buy"]


def request_error(text: bytes) -> ApiError:
    with pytest.raises(ApiError) as caught:
        jsonrpc.decode_request(text)
    return caught.value


def params_error(method: str, params: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        jsonrpc.decode_params(METHODS[method], params.encode())
    return caught.value


# -- requests --------------------------------------------------------------------------------------


def test_a_request_has_a_method_an_id_and_raw_params() -> None:
    request = jsonrpc.decode_request(
        b'{"jsonrpc":"2.0","id":7,"method":"public/ticker","params":{"instrument_name":"X"}}'
    )

    assert (request.method, request.id) == ("public/ticker", 7)
    assert bytes(request.params) == b'{"instrument_name":"X"}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1.5", 1.5),
        ('"101"', "101"),
        ('""', ""),
        ("null", None),
        ("-9223372036854775808", -9223372036854775808),
        ("18446744073709551616", 18446744073709551616),
    ],
)
def test_an_id_comes_back_with_its_type(text: str, expected: RequestId) -> None:
    request = jsonrpc.decode_request(b'{"method":"public/test","id":%b}' % text.encode())
    answer = jsonrpc.encode_result(request.id, "ok", us_in=1, us_out=2, testnet=True)

    assert request.id == expected
    assert type(request.id) is type(expected)
    assert f'"id":{text},' in answer.decode()


def test_a_request_without_an_id_is_answered_without_one() -> None:
    request = jsonrpc.decode_request(b'{"method":"public/test"}')
    answer = jsonrpc.encode_result(request.id, "ok", us_in=1, us_out=2, testnet=True)

    assert request.id is UNSET
    assert "id" not in json.loads(answer)


def test_unknown_members_of_a_request_are_ignored() -> None:
    request = jsonrpc.decode_request(b'{"method":"public/test","extra":[1,{"a":2}],"id":1}')

    assert request.id == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"method":"public/test"} {}',
        b'\xef\xbb\xbf{"method":"public/test"}',
        b'{"method":"\xff"}',
        b'{"method":"\\ud800"}',
        b'{"method":"public/test","x":NaN}',
        b'{"method":"public/test","params":' + b"[" * 9_000 + b"]" * 9_000 + b"}",
        b'{"method":"private/buy","params":' + b"[" * 9_000 + b"]" * 9_000 + b"}",
        b'{"method":"public/test","x":' + b"[" * 9_000 + b"]" * 9_000 + b"}",
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * 32_768,
    ],
)
def test_text_that_is_not_json_is_a_parse_error_with_id_null(text: bytes) -> None:
    error = request_error(text)

    assert (error.code, error.id) == (ErrorCode.PARSE_ERROR, None)


def test_a_request_may_be_nested_sixty_four_levels_deep() -> None:
    def nested(levels: int) -> bytes:
        inner = b"[" * (levels - 1) + b"]" * (levels - 1)
        return b'{"method":"public/test","id":1,"x":' + inner + b"}"

    assert jsonrpc.decode_request(nested(64)).id == 1
    assert request_error(nested(65)).reason == "is nested too deeply"


@given(st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b"[{", b"]}", b'"[', b'"', b"\\"])))
def test_nesting_is_what_counting_says(pieces: list[bytes]) -> None:
    text = b"[" * 60 + b"".join(pieces * 2)
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)

    assert jsonrpc._is_nested_too_deeply(text) == (deepest > jsonrpc.NESTING_MAX)


def test_brackets_in_text_and_side_by_side_are_not_nested() -> None:
    text = b'{"method":"public/test","id":1,"x":"%b","y":[%b[]]}'

    assert jsonrpc.decode_request(text % (b'\\"[{' * 100, b"[]," * 100)).id == 1


@pytest.mark.parametrize(
    ("text", "id", "param"),
    [
        (b"[]", None, ""),
        (b"5", None, ""),
        (b'"public/test"', None, ""),
        (b"null", None, ""),
        (b"[{}]", None, ""),
        (b"{}", None, "method"),
        (b'{"id":3}', 3, "method"),
        (b'{"id":"a","method":5}', "a", "method"),
        (b'{"id":4,"method":null}', 4, "method"),
        (b'{"id":true,"method":"public/test"}', None, "id"),
        (b'{"id":[1],"method":"public/test"}', None, "id"),
        (b'{"id":1e999,"method":"public/test"}', None, "id"),
        (b'{"id":%b,"method":"public/test"}' % (b"9" * 9_999), None, "id"),
    ],
)
def test_json_that_is_not_a_request_is_an_invalid_request(
    text: bytes,
    id: RequestId,  # noqa: A002 (JSON-RPC's own name for it)
    param: str,
) -> None:
    error = request_error(text)

    assert (error.code, error.id, error.param) == (ErrorCode.INVALID_REQUEST, id, param)


def test_a_request_of_32_kib_is_read_and_a_longer_one_is_not_looked_at() -> None:
    text = b'{"method":"public/test","id":1}'
    longest = text + b" " * (32_768 - len(text))

    error = request_error(longest + b" ")

    assert jsonrpc.decode_request(longest).id == 1
    assert (error.code, error.message) == (ErrorCode.INVALID_REQUEST, "request entity too large")
    assert error.id is UNSET
    assert jsonrpc.encode_error(error, us_in=1, us_out=2, testnet=False) == (
        b'{"jsonrpc":"2.0","error":{"code":-32600,"message":"request entity too large"},'
        b'"usIn":1,"usOut":2,"usDiff":1,"testnet":false}'
    )


@pytest.mark.parametrize(
    ("text", "param"),
    [
        (b'{"id":1,"method":"private/buy","params":{"amount":1,"amount":2}}', "amount"),
        (b'{"id":1,"method":"private/sell","params":{"price":1,"pric\\u0065":2}}', "price"),
        (b'{"id":1,"method":"private/cancel","params":{"x":{"y":1,"y":1}}}', "y"),
        (b'{"id":1,"method":"private/edit","params":{},"params":{}}', "params"),
        (b'{"id":1,"method":"private/buy","method":"private/sell"}', "method"),
    ],
)
def test_an_order_with_a_repeated_key_is_refused(text: bytes, param: str) -> None:
    error = request_error(text)

    assert (error.code, error.id) == (ErrorCode.INVALID_PARAMS, 1)
    assert (error.param, error.reason) == (param, "is given twice")


def test_an_order_with_an_endless_number_is_read_as_far_as_its_envelope() -> None:
    text = b'{"id":1,"method":"private/buy","params":{"amount":%b}}' % (b"9" * 5_000)

    assert jsonrpc.decode_request(text).id == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"nonsense", "invalid character (byte 4)"),
        (b'{"id":1', "input data was truncated"),
    ],
)
def test_a_parse_error_says_what_is_wrong_and_where(text: bytes, reason: str) -> None:
    assert request_error(text).reason == reason


def test_a_repeated_key_outside_trading_is_no_matter() -> None:
    text = b'{"method":"public/test","params":{"a":1,"a":2}}'

    assert jsonrpc.decode_request(text).method == "public/test"


# -- parameters ------------------------------------------------------------------------------------


def test_an_order_is_read_without_rounding() -> None:
    params = b'{"instrument_name":"X","amount":0.1,"price":0.00010000000000000001,"extra":1}'

    order = jsonrpc.decode_params(BUY, params)

    assert isinstance(order, trading.Buy)
    assert order.amount == Decimal("0.1")
    assert order.price == Decimal("0.00010000000000000001")


@pytest.mark.parametrize("params", [b"{}", b"null", b'{"currency":null}', b'{"x":1}'])
def test_parameters_may_be_missing_null_or_unknown(params: bytes) -> None:
    request = jsonrpc.decode_params(METHODS["private/get_positions"], Raw(params))

    assert request == METHODS["private/get_positions"].request()


@pytest.mark.parametrize(
    ("method", "params", "param", "reason"),
    [
        ("public/ticker", "{}", "instrument_name", "is required"),
        ("public/ticker", '{"instrument_name":5}', "instrument_name", "expected str, got int"),
        ("public/ticker", "[]", "", "expected object, got array"),
        ("public/ticker", '"x"', "", "expected object, got str"),
        (
            "public/get_order_book",
            '{"instrument_name":"X","depth":0}',
            "depth",
            "expected int >= 1",
        ),
        (
            "public/get_order_book",
            '{"instrument_name":"X","depth":"5"}',
            "depth",
            "expected int, got str",
        ),
        ("public/subscribe", '{"channels":["a",5]}', "channels", "expected str, got int"),
        ("public/subscribe", '{"channels":"a"}', "channels", "expected array, got str"),
        ("public/set_heartbeat", '{"interval":5}', "interval", "expected float >= 10.0"),
        (
            "private/buy",
            '{"instrument_name":"X","amount":true}',
            "amount",
            "expected decimal | null, got bool",
        ),
        (
            "private/buy",
            '{"instrument_name":"X","amount":"ten"}',
            "amount",
            "invalid decimal string",
        ),
        (
            "private/buy",
            '{"instrument_name":"X","amount":1,"type":"stop_loss"}',
            "type",
            "invalid enum value 'stop_loss'",
        ),
        ("private/buy", '{"instrument_name":"X","price":1}', "amount", "is required"),
    ],
)
def test_a_wrong_parameter_is_named_with_the_reason(
    method: str, params: str, param: str, reason: str
) -> None:
    error = params_error(method, params)

    assert (error.code, error.param, error.reason) == (ErrorCode.INVALID_PARAMS, param, reason)
    assert error.id is UNSET


def test_a_parameter_with_a_hostile_name_in_its_value_does_not_break_the_reason() -> None:
    error = params_error(
        "private/buy", '{"instrument_name":"X","type":"` - at `$.price`","amount":1}'
    )

    assert error.code == ErrorCode.INVALID_PARAMS
    assert error.param == "type"


@pytest.mark.parametrize("text", ["[" * 9_000 + "]" * 9_000, "{", "", '{"label":"\\ud800"}'])
def test_parameters_that_cannot_be_read_are_invalid(text: str) -> None:
    assert params_error("private/buy", text).code == ErrorCode.INVALID_PARAMS


def test_a_token_may_travel_in_the_parameters() -> None:
    assert jsonrpc.access_token(b'{"currency":"BTC","access_token":"abc"}') == "abc"
    assert jsonrpc.access_token(b'{"currency":"access_token"}') is None
    assert jsonrpc.access_token(b'{"x":"\\"access_token\\""}') is None
    assert jsonrpc.access_token(Raw(b"null")) is None


@pytest.mark.parametrize("params", [b'{"access_token":5}', b'{"access_token"', b'["access_token"]'])
def test_a_token_that_is_not_text_is_refused(params: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        jsonrpc.access_token(params)

    assert caught.value.code == ErrorCode.INVALID_PARAMS


# -- query strings ---------------------------------------------------------------------------------


def test_text_of_a_query_becomes_numbers_and_booleans() -> None:
    order = jsonrpc.decode_query(
        BUY,
        {
            "instrument_name": "BTC-PERPETUAL",
            "amount": "70.0",
            "price": "97000.5",
            "post_only": "true",
            "reject_post_only": "false",
            "label": "5",
        },
    )

    assert order == trading.Buy(
        instrument_name="BTC-PERPETUAL",
        amount=Decimal(70),
        price=Decimal("97000.5"),
        post_only=True,
        reject_post_only=False,
        label="5",
    )


def test_a_list_of_a_query_is_the_json_of_it() -> None:
    order = jsonrpc.decode_query(
        BUY,
        {
            "instrument_name": "BTC-PERPETUAL",
            "amount": "10",
            "price": "97000.5",
            "linked_order_type": "one_cancels_other",
            "otoco_config": '[{"type":"limit","price":97100.10,"label":"[5]"}]',
            "label": "[5]",
        },
    )

    assert isinstance(order, trading.Buy)
    assert order.label == "[5]"
    assert order.otoco_config == [trading.OtocoOrder(price=Decimal("97100.10"), label="[5]")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5", "expected array"),
        ("one,two", "is not the JSON of a list or an object"),
        ("[" * 65 + "]" * 65, "is nested too deeply"),
        ('[{"price":5,"price":6}]', "is given twice"),
        ('[{"type":"limit"}]', "is required for a limit order"),
    ],
)
def test_what_is_no_such_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ApiError) as caught:
        jsonrpc.decode_query(
            BUY, {"instrument_name": "X", "amount": "1", "price": "1", "otoco_config": text}
        )

    assert caught.value.code == ErrorCode.INVALID_PARAMS
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize("count", ["5", "5.0"])
def test_a_count_of_a_query_is_a_whole_number(count: str) -> None:
    request = jsonrpc.decode_query(
        METHODS["public/get_last_trades_by_instrument"],
        {"instrument_name": "X", "count": count, "include_old": "true"},
    )

    assert isinstance(request, market_data.GetLastTradesByInstrument)
    assert request.count == 5


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"instrument_name": "X", "amount": "nan", "price": "1"}, "amount"),
        ({"instrument_name": "X", "amount": "1e400", "price": "1"}, "amount"),
        ({"instrument_name": "X", "amount": "", "price": "1"}, "amount"),
        ({"instrument_name": "X", "amount": "1", "price": "inf"}, "price"),
        ({"instrument_name": "X", "amount": "1", "price": "1", "post_only": "yes"}, "post_only"),
        ({"amount": "1", "price": "1"}, "instrument_name"),
    ],
)
def test_a_wrong_parameter_of_a_query_is_named(query: dict[str, str], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        jsonrpc.decode_query(BUY, query)

    assert (caught.value.code, caught.value.param) == (ErrorCode.INVALID_PARAMS, param)


def test_a_signature_may_come_by_query() -> None:
    request = jsonrpc.decode_query(
        METHODS["public/auth"],
        {
            "grant_type": "client_signature",
            "client_id": "id",
            "timestamp": "1732284000000",
            "signature": "00",
        },
    )

    assert isinstance(request, session.Auth)
    assert str(request.timestamp) == "1732284000000"


# -- answers ---------------------------------------------------------------------------------------


def test_a_result_is_written_in_deribits_envelope() -> None:
    answer = jsonrpc.encode_result(
        5, session.Version(version="1.2.26"), us_in=1_000_007, us_out=1_000_050, testnet=True
    )

    assert answer == (
        b'{"jsonrpc":"2.0","id":5,"result":{"version":"1.2.26"},'
        b'"usIn":1000007,"usOut":1000050,"usDiff":43,"testnet":true}'
    )


def test_a_result_may_be_text_that_is_written_already() -> None:
    answer = jsonrpc.encode_result(5, Raw(b"[1.0]"), us_in=1, us_out=1, testnet=False)

    assert b'"result":[1.0],' in answer


@pytest.mark.parametrize(
    ("id", "written"), [(5, '"id":5,'), ("a", '"id":"a",'), (None, '"id":null,'), (UNSET, "")]
)
def test_an_error_is_written_with_the_id_it_carries(
    id: RequestId | UnsetType,  # noqa: A002 (JSON-RPC's own name for it)
    written: str,
) -> None:
    error = ApiError(ErrorCode.PRICE_WRONG_TICK, param="price", reason="tick 0.5", id=id)

    answer = jsonrpc.encode_error(error, us_in=1, us_out=3, testnet=False).decode()

    assert answer == (
        f'{{"jsonrpc":"2.0",{written}"error":{{"code":10043,"message":"price_wrong_tick",'
        '"data":{"reason":"tick 0.5","param":"price"}},'
        '"usIn":1,"usOut":3,"usDiff":2,"testnet":false}'
    )


def test_a_notification_names_its_channel_and_has_no_id() -> None:
    assert jsonrpc.encode_notification("quote.X", {"best_bid_price": 0.0}) == (
        b'{"jsonrpc":"2.0","method":"subscription",'
        b'"params":{"channel":"quote.X","data":{"best_bid_price":0.0}}}'
    )


def test_a_heartbeat_is_a_sign_of_life_or_a_question() -> None:
    assert jsonrpc.encode_heartbeat("heartbeat") == (
        b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}'
    )
    assert b'"test_request"' in jsonrpc.encode_heartbeat("test_request")


def test_numbers_are_written_as_short_as_they_can_be() -> None:
    answer = jsonrpc.encode_result(1, [0.1, 1e-8, 97_000.5, 70.0], us_in=1, us_out=1, testnet=False)

    assert b'"result":[0.1,1e-8,97000.5,70.0]' in answer


# -- a real client ---------------------------------------------------------------------------------


class Ccxt(ccxt.deribit):  # type: ignore[misc] # ccxt's classes are untyped
    """ccxt with the network replaced by the encoders and decoders under test."""

    answers: dict[str, list[Any]]
    asked: list[tuple[str, msgspec.Struct]]

    def fetch(
        self, url: str, method: str = "GET", headers: object = None, body: object = None
    ) -> object:
        parts = urlsplit(url)
        name = parts.path.removeprefix("/api/v2/")
        request = jsonrpc.decode_query(METHODS[name], dict(parse_qsl(parts.query)))
        self.asked.append((name, request))
        text = jsonrpc.encode_result(
            UNSET, self.answers[name][0], us_in=1, us_out=2, testnet=True
        ).decode()
        response = self.parse_json(text)
        self.handle_errors(200, "OK", url, method, {}, text, response, headers, body)
        return response


@pytest.fixture
def exchange(answers: dict[str, list[Any]]) -> Ccxt:
    client = Ccxt({"apiKey": "id", "secret": "secret", "enableRateLimit": False})
    client.answers = answers
    client.asked = []
    client.load_markets()
    return client


def test_ccxt_loads_the_markets_without_any_parameter(exchange: Ccxt) -> None:
    assert set(exchange.markets) == {
        "BTC/USD:BTC",
        "BTC/USD:BTC-261225-100000-C",
        "BTC/USDC",
    }
    assert exchange.markets["BTC/USDC"]["spot"] is True
    assert exchange.markets["BTC/USD:BTC"]["inverse"] is True
    assert exchange.markets["BTC/USD:BTC"]["contractSize"] == 10.0


def test_ccxt_places_an_order_and_reads_the_answer(exchange: Ccxt) -> None:
    order = exchange.create_order(
        "BTC/USD:BTC", "limit", "buy", 40, 97_000.5, {"postOnly": True, "label": "mine"}
    )

    assert exchange.asked[-1] == (
        "private/buy",
        trading.Buy(
            instrument_name="BTC-PERPETUAL",
            amount=Decimal(40),
            price=Decimal("97000.5"),
            type="limit",
            label="mine",
            post_only=True,
            reject_post_only=True,
        ),
    )
    assert (order["id"], order["status"], order["filled"]) == ("BTC-12", "canceled", 40.0)


def test_ccxt_reads_every_other_answer_it_asks_for(exchange: Ccxt) -> None:
    option = "BTC/USD:BTC-261225-100000-C"

    assert exchange.fetch_time() == 1_732_284_000_000
    assert exchange.fetch_status()["status"] == "ok"
    assert exchange.fetch_order_book(option, 10)["bids"] == [[0.041, 3.0]]
    assert exchange.fetch_ticker(option)["markPrice"] == 0.0415
    assert exchange.fetch_greeks(option)["vega"] == 87.1
    assert exchange.fetch_option(option)["underlyingPrice"] == 99_100.5
    assert list(exchange.fetch_option_chain("BTC")) == [option]
    assert exchange.fetch_trades(option, limit=5)[0]["side"] == "sell"
    assert exchange.fetch_balance()["BTC"]["total"] == 99.9
    assert exchange.fetch_balance({"code": "BTC"})["BTC"]["free"] == 99.0
    assert exchange.fetch_positions()[0]["contracts"] == -40.0
    assert exchange.fetch_position("BTC/USD:BTC")["side"] == "short"
    assert exchange.fetch_open_orders("BTC/USD:BTC")[0]["id"] == "BTC-12"
    assert exchange.fetch_closed_orders("BTC/USD:BTC")[0]["average"] == 96_999.75
    assert exchange.fetch_order("BTC-12")["price"] == 97_000.5
    assert exchange.fetch_my_trades("BTC/USD:BTC")[0]["fee"]["cost"] == 1e-8
    assert exchange.fetch_my_trades("BTC/USD:BTC", 5)[0]["takerOrMaker"] == "maker"
    assert exchange.fetch_my_trades()[0]["order"] == "BTC-12"
    assert exchange.fetch_order_trades("BTC-12")[0]["id"] == "BTC-17"
    assert exchange.cancel_order("BTC-12")["status"] == "canceled"
    assert exchange.edit_order("BTC-12", "BTC/USD:BTC", "limit", "buy", 30, 97_000)["id"]
    assert exchange.cancel_all_orders()
    assert exchange.cancel_all_orders("BTC/USD:BTC")
    assert exchange.fetch_accounts()[0]["id"] == "7"
