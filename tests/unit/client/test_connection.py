"""The connection machine: what happened goes in, what to do comes out."""

import json
from typing import Any

import pytest

from strikewire.client.connection import (
    RENEW_INTERVAL_NS,
    STABLE_NS,
    ClientConnection,
    State,
)
from strikewire.client.errors import (
    ClientClosedError,
    NotConnectedError,
    RequestTimeoutError,
    RequestTooLargeError,
    TooManyRequestsError,
    UnknownOutcomeError,
    VenueError,
)
from strikewire.client.events import Complained, Connected, Disconnected, Garbled, Refused
from strikewire.client.outputs import (
    Answered,
    Close,
    Credentials,
    Failed,
    Happened,
    Open,
    Options,
    Output,
    Pushed,
    Send,
)
from strikewire.client.requests import REQUESTS_WAITING_MAX

MS = 1_000_000
S = 1_000 * MS
KEY = Credentials("id", "secret")


def machine(
    *, key: Credentials | None = None, heartbeat_s: int = 0, timeout_ms: int = 1_000
) -> ClientConnection:
    return ClientConnection(
        credentials=key,
        options=Options(heartbeat_s=heartbeat_s, request_timeout_ms=timeout_ms),
        sign=lambda credentials, now_ms: {"client_id": credentials.client_id, "at": now_ms},
        jitter=lambda _: 0,
    )


def ready(**options: Any) -> ClientConnection:
    connection = machine(**options)
    connection.start()
    connection.opened(0)
    if options.get("key"):
        connection.received(0, answer(1, {"refresh_token": "r", "expires_in": 100}))
    assert connection.state is State.READY
    return connection


def answer(request_id: int, result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result}).encode()


def error(request_id: int | None, code: int, message: str = "", **data: str) -> bytes:
    body = {"code": code, "message": message, "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": body}).encode()


def note(channel: str, data: object) -> bytes:
    params = {"channel": channel, "data": data}
    return json.dumps({"method": "subscription", "params": params}).encode()


def sent(outputs: list[Output]) -> list[tuple[str, Any]]:
    requests = [json.loads(one.payload) for one in outputs if isinstance(one, Send)]
    return [(request["method"], request["params"]) for request in requests]


def events(outputs: list[Output]) -> list[object]:
    return [one.event for one in outputs if isinstance(one, Happened)]


# -- going up ----------------------------------------------------------------------------------


def test_without_a_key_an_open_connection_is_ready_at_once() -> None:
    connection = machine()

    assert connection.start() == [Open()]
    assert events(connection.opened(0)) == [Connected(1)]
    assert connection.is_ready


def test_with_a_key_the_first_message_authenticates_and_nothing_else_is_sent_before() -> None:
    connection = machine(key=KEY)
    connection.start()
    connection.want(0, ["quote.A"])

    outputs = connection.opened(5 * MS)

    assert sent(outputs) == [("public/auth", {"client_id": "id", "at": 5})]
    assert not connection.is_ready


def test_what_was_wanted_before_is_subscribed_once_authenticated() -> None:
    connection = machine(key=KEY, heartbeat_s=10)
    connection.start()
    connection.want(0, ["quote.A"])
    connection.opened(0)

    outputs = connection.received(0, answer(1, {"refresh_token": "r", "expires_in": 100}))

    assert sent(outputs) == [
        ("public/set_heartbeat", {"interval": 10}),
        ("private/subscribe", {"channels": ["quote.A"]}),
    ]
    assert events(outputs) == [Connected(1)]


@pytest.mark.parametrize("code", [13004, 13009, 13021, -32602])
def test_a_key_the_venue_does_not_know_stops_the_connection_for_good(code: int) -> None:
    connection = machine(key=KEY)
    connection.start()
    connection.opened(0)

    outputs = connection.received(0, error(1, code, "no"))

    assert outputs[0] == Close(1000, "")
    assert events(outputs) == [Disconnected(f"public/auth: {code} no", None)]
    assert connection.state is State.STOPPED
    assert isinstance(connection.failure, VenueError)
    assert connection.failure.code == code
    assert connection.deadline_ns() is None


def test_any_other_error_while_authenticating_is_tried_again() -> None:
    connection = machine(key=KEY)
    connection.start()
    connection.opened(0)

    outputs = connection.received(0, error(1, 10028, "too_many_requests"))

    assert isinstance(outputs[0], Close)
    assert connection.state is State.WAITING
    assert connection.failure is None


def test_a_connection_that_opens_after_the_stop_is_closed() -> None:
    connection = machine()
    connection.start()
    connection.stop()

    assert connection.opened(0) == [Close(1000, "not wanted any more")]


# -- going down --------------------------------------------------------------------------------


def test_attempts_wait_longer_each_time_until_a_connection_lasts() -> None:
    connection = machine()
    connection.start()
    waits = []
    now = 0

    for _ in range(4):
        (event,) = events(connection.closed(now, "refused"))
        assert isinstance(event, Disconnected)
        assert event.retry_ms is not None
        waits.append(event.retry_ms)
        due = connection.deadline_ns()
        assert due == now + event.retry_ms * MS
        assert connection.tick(due - 1) == []
        assert connection.tick(due) == [Open()]
        now = due
    connection.opened(now)
    (event,) = events(connection.closed(now + STABLE_NS, "reset"))

    # Half of 250, 500, 1000, 2000; chance gives the other half, and here gives nothing.
    assert waits == [125, 250, 500, 1000]
    assert event == Disconnected("reset", 125)


def test_a_connection_that_did_not_last_does_not_shorten_the_wait() -> None:
    connection = ready()
    connection.closed(0, "a")
    connection.tick(125 * MS)
    connection.opened(125 * MS)

    (event,) = events(connection.closed(126 * MS, "b"))

    assert event == Disconnected("b", 250)


def test_requests_in_flight_have_an_unknown_outcome_when_the_connection_goes() -> None:
    connection = ready()
    connection.call(0, "token", "private/buy", {})

    outputs = connection.closed(0, "reset by peer")

    failed = outputs[0]
    assert isinstance(failed, Failed)
    assert failed.token == "token"
    assert type(failed.error) is UnknownOutcomeError
    assert str(failed.error) == "private/buy: unknown outcome: reset by peer"


def test_a_request_while_disconnected_is_refused_without_being_sent() -> None:
    connection = ready()
    connection.closed(0, "reset")

    (failed,) = connection.call(0, "token", "private/buy", {})

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, NotConnectedError)
    assert failed.error.reason == "reset"


def test_everything_wanted_is_subscribed_again_after_a_reconnect_in_one_request() -> None:
    connection = ready()
    connection.want(0, ["quote.A", "quote.B"])
    connection.received(0, answer(1, ["quote.A", "quote.B"]))
    connection.drop(0, ["quote.B"])
    connection.want(0, ["quote.C"])
    connection.closed(0, "reset")
    connection.tick(10 * S)

    outputs = connection.opened(10 * S)

    assert sent(outputs) == [("public/subscribe", {"channels": ["quote.A", "quote.C"]})]
    assert events(outputs) == [Connected(2)]


def test_the_end_of_a_connection_is_reported_once() -> None:
    connection = ready()

    assert connection.closed(0, "reset")
    assert connection.closed(0, "reset") == []


def test_silence_for_two_heartbeats_drops_the_connection() -> None:
    connection = ready(heartbeat_s=10)
    connection.received(1 * S, answer(1, "ok"))

    assert connection.deadline_ns() == 21 * S
    assert connection.tick(21 * S - 1) == []
    outputs = connection.tick(21 * S)

    assert outputs[0] == Close(1002, "nothing heard for 20 s")
    assert connection.state is State.WAITING


def test_a_connection_without_heartbeats_may_be_silent() -> None:
    connection = ready()

    assert connection.deadline_ns() is None
    assert connection.tick(10**18) == []


def test_stop_closes_and_fails_what_waits() -> None:
    connection = ready()
    connection.call(0, "token", "private/buy", {})

    close, failed = connection.stop()

    assert close == Close(1000, "")
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, UnknownOutcomeError)
    assert connection.stop() == []
    assert connection.closed(0, "bye") == []
    assert connection.received(0, note("quote.A", 1)) == []
    (refused,) = connection.call(0, "token", "private/buy", {})
    assert isinstance(refused, Failed)
    assert isinstance(refused.error, ClientClosedError)


def test_stop_while_waiting_has_nothing_to_close() -> None:
    connection = ready()
    connection.closed(0, "reset")

    assert connection.stop() == []


# -- requests ----------------------------------------------------------------------------------


def test_an_answer_finds_its_request_by_id_whatever_the_order() -> None:
    connection = ready()
    connection.call(0, "first", "public/get_time", {})
    connection.call(0, "second", "public/test", {})

    (second,) = connection.received(0, answer(2, "b"))
    (first,) = connection.received(0, answer(1, "a"))

    assert isinstance(second, Answered)
    assert (second.token, bytes(second.result)) == ("second", b'"b"')
    assert isinstance(first, Answered)
    assert (first.token, bytes(first.result)) == ("first", b'"a"')


def test_an_error_answer_carries_code_reason_and_parameter() -> None:
    connection = ready()
    connection.call(0, "token", "private/buy", {})

    (failed,) = connection.received(
        0, error(1, -32602, "Invalid params", reason="off the tick", param="price")
    )

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, VenueError)
    assert failed.error.code == -32602
    assert str(failed.error) == "private/buy: -32602 Invalid params (price: off the tick)"


def test_an_error_that_says_the_venue_does_not_know_is_an_unknown_outcome() -> None:
    connection = ready()
    connection.call(0, "token", "private/buy", {})

    (failed,) = connection.received(
        0, error(1, 11031, "other_error", reason="outcome unknown: the venue stopped")
    )

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, UnknownOutcomeError)
    assert str(failed.error) == "private/buy: unknown outcome: outcome unknown: the venue stopped"


def test_a_request_is_given_up_at_its_deadline_and_its_late_answer_dropped() -> None:
    connection = ready(timeout_ms=1_000)
    connection.call(0, "early", "private/buy", {})
    connection.call(500 * MS, "later", "private/buy", {})

    assert connection.deadline_ns() == 1 * S
    (failed,) = connection.tick(1 * S)

    assert isinstance(failed, Failed)
    assert failed.token == "early"
    assert isinstance(failed.error, RequestTimeoutError)
    assert failed.error.timeout_ms == 1_000
    assert connection.received(1 * S, answer(1, "late")) == []
    assert connection.late_answers == 1
    assert connection.deadline_ns() == 1500 * MS


def test_an_unanswered_request_of_the_machine_itself_makes_the_connection_anew() -> None:
    connection = ready()
    connection.want(0, ["quote.A"])
    connection.call(0, "token", "public/test", {})

    outputs = connection.tick(1 * S)

    assert isinstance(outputs[0], Failed)
    assert isinstance(outputs[0].error, RequestTimeoutError)
    assert outputs[1] == Close(1002, "no answer to public/subscribe")
    assert connection.state is State.WAITING


def test_a_request_larger_than_the_venue_reads_is_not_sent() -> None:
    connection = ready()

    (failed,) = connection.call(0, "token", "private/buy", {"label": "x" * 40_000})

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, RequestTooLargeError)
    assert failed.error.size_max == 32_768


def test_too_many_waiting_requests_are_refused() -> None:
    connection = ready()
    for number in range(REQUESTS_WAITING_MAX):
        connection.call(0, number, "public/test", {})

    (failed,) = connection.call(0, "one more", "public/test", {})

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, TooManyRequestsError)


# -- what else a venue may send ------------------------------------------------------------------


def test_a_test_request_is_answered() -> None:
    connection = ready()
    message = json.dumps({"method": "heartbeat", "params": {"type": "test_request"}})

    assert sent(connection.received(0, message)) == [("public/test", {})]


def test_a_plain_heartbeat_asks_for_nothing() -> None:
    connection = ready()
    message = json.dumps({"method": "heartbeat", "params": {"type": "heartbeat"}})

    assert connection.received(0, message) == []


@pytest.mark.parametrize(
    "message",
    [
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"id":"a","result":1}',
        b'{"method":"surprise","params":{}}',
        b'{"method":"subscription","params":{"channel":1,"data":{}}}',
        b'{"method":"heartbeat"}',
        b'{"id":1,"error":5}',
        b"[" * 5_000,
        b"\xff\xfe",
    ],
)
def test_a_message_that_cannot_be_read_is_told_and_stops_nothing(message: bytes) -> None:
    connection = ready()
    connection.want(0, ["quote.A"])
    connection.received(0, answer(1, ["quote.A"]))

    (output,) = connection.received(0, message)

    assert isinstance(output, Happened)
    assert isinstance(output.event, Garbled)
    assert connection.is_ready
    assert isinstance(connection.received(0, note("quote.A", 1))[0], Pushed)


def test_an_error_without_id_is_told_and_stops_nothing() -> None:
    connection = ready()

    outputs = connection.received(0, error(None, -32600, "request entity too large"))

    assert events(outputs) == [Complained(-32600, "request entity too large")]
    assert connection.is_ready


def test_error_data_of_another_shape_is_ignored() -> None:
    connection = ready()
    connection.call(0, "token", "private/buy", {})

    (failed,) = connection.received(
        0, b'{"id":1,"error":{"code":11030,"message":"no","data":"words"}}'
    )

    assert isinstance(failed, Failed)
    assert str(failed.error) == "private/buy: 11030 no"


# -- subscriptions -------------------------------------------------------------------------------


def test_notes_of_a_wanted_channel_are_handed_on_the_first_one_marked() -> None:
    connection = ready()
    connection.want(0, ["quote.A"])

    early = connection.received(0, note("quote.A", 1))
    connection.received(0, answer(1, ["quote.A"]))
    later = connection.received(0, note("quote.A", 2))

    assert [(p.first, bytes(p.data)) for p in early + later if isinstance(p, Pushed)] == [
        (True, b"1"),
        (False, b"2"),
    ]


def test_wanting_a_channel_twice_asks_once() -> None:
    connection = ready()

    assert sent(connection.want(0, ["quote.A"])) == [
        ("public/subscribe", {"channels": ["quote.A"]})
    ]
    assert connection.want(0, ["quote.A"]) == []
    connection.received(0, answer(1, ["quote.A"]))
    assert connection.want(0, ["quote.A"]) == []


def test_a_channel_the_venue_leaves_out_is_refused_and_not_asked_for_again() -> None:
    connection = ready()
    connection.want(0, ["quote.A", "nonsense"])

    outputs = connection.received(0, answer(1, ["quote.A"]))

    assert events(outputs) == [Refused("nonsense", "the venue left it out of its answer")]
    assert sent(connection.want(0, ["quote.B"])) == [
        ("public/subscribe", {"channels": ["quote.B"]})
    ]


def test_one_raw_channel_without_a_key_does_not_cost_the_others_their_subscription() -> None:
    connection = ready()
    connection.want(0, ["quote.A", "book.A.raw"])

    halves = connection.received(0, error(1, 13778, "raw_subscriptions_not_available"))
    connection.received(0, answer(2, ["quote.A"]))
    outputs = connection.received(0, error(3, 13778, "raw_subscriptions_not_available"))

    assert sent(halves) == [
        ("public/subscribe", {"channels": ["quote.A"]}),
        ("public/subscribe", {"channels": ["book.A.raw"]}),
    ]
    assert events(outputs) == [Refused("book.A.raw", "13778 raw_subscriptions_not_available")]


def test_a_confirmation_that_cannot_be_read_refuses_what_it_was_about() -> None:
    connection = ready()
    connection.want(0, ["quote.A"])

    (event,) = events(connection.received(0, answer(1, {"channels": 1})))

    assert isinstance(event, Refused)


def test_a_channel_dropped_while_it_was_asked_for_is_unsubscribed_when_confirmed() -> None:
    connection = ready()
    connection.want(0, ["quote.A"])
    assert connection.drop(0, ["quote.A"]) == []

    outputs = connection.received(0, answer(1, ["quote.A"]))

    assert sent(outputs) == [("public/unsubscribe", {"channels": ["quote.A"]})]


def test_renewing_subscribes_anew_and_drops_the_notes_of_the_old_subscription() -> None:
    connection = ready()
    connection.want(0, ["book.A.100ms"])
    connection.received(0, answer(1, ["book.A.100ms"]))
    connection.received(0, note("book.A.100ms", "old"))

    outputs = connection.renew(0, "book.A.100ms")
    between = connection.received(0, note("book.A.100ms", "still old"))
    connection.received(0, answer(2, ["book.A.100ms"]))
    (fresh,) = connection.received(0, note("book.A.100ms", "new"))

    assert sent(outputs) == [
        ("public/unsubscribe", {"channels": ["book.A.100ms"]}),
        ("public/subscribe", {"channels": ["book.A.100ms"]}),
    ]
    assert between == []
    assert isinstance(fresh, Pushed)
    assert fresh.first


def test_renewing_again_and_again_asks_once_a_second() -> None:
    connection = ready(timeout_ms=60_000)
    connection.want(0, ["book.A.100ms"])
    connection.received(0, answer(1, ["book.A.100ms"]))
    connection.renew(0, "book.A.100ms")
    connection.received(0, answer(2, []))
    connection.received(0, answer(3, ["book.A.100ms"]))

    assert connection.renew(MS, "book.A.100ms") == []
    assert connection.deadline_ns() == RENEW_INTERVAL_NS
    assert sent(connection.tick(RENEW_INTERVAL_NS)) == [
        ("public/unsubscribe", {"channels": ["book.A.100ms"]}),
        ("public/subscribe", {"channels": ["book.A.100ms"]}),
    ]


def test_renewing_while_disconnected_is_left_to_the_next_connection() -> None:
    connection = ready()
    connection.want(0, ["book.A.100ms"])
    connection.closed(0, "reset")

    assert connection.renew(0, "book.A.100ms") == []


# -- the session ---------------------------------------------------------------------------------


def test_the_session_is_refreshed_before_it_ends() -> None:
    connection = ready(key=KEY)  # its token lasts 100 s

    assert connection.deadline_ns() == 80 * S
    outputs = connection.tick(80 * S)
    connection.received(80 * S, answer(2, {"refresh_token": "next", "expires_in": 10}))

    assert sent(outputs) == [("public/auth", {"grant_type": "refresh_token", "refresh_token": "r"})]
    assert connection.deadline_ns() == 88 * S


def test_a_session_that_cannot_be_refreshed_is_made_anew() -> None:
    connection = ready(key=KEY)
    connection.tick(80 * S)

    outputs = connection.received(80 * S, error(2, 13009, "unauthorized"))

    assert outputs[0] == Close(1000, "session ended")
    assert connection.state is State.WAITING


def test_a_venue_without_refresh_tokens_is_ready_all_the_same() -> None:
    connection = machine(key=KEY)
    connection.start()
    connection.opened(0)

    connection.received(0, answer(1, {"access_token": "a"}))

    assert connection.is_ready
    assert connection.deadline_ns() is None


def test_credentials_do_not_show_their_secret() -> None:
    assert repr(KEY) == "Credentials(client_id='id')"
