from collections.abc import Callable

import pytest

from strikewire.websocket.close_codes import CloseCode
from strikewire.websocket.errors import LocalProtocolError, RemoteProtocolError
from strikewire.websocket.events import Binary, Close, Event, Ping, Pong, Text
from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.frames import Opcode, encode_frame
from strikewire.websocket.limits import Limits
from strikewire.websocket.prepared import prepare
from strikewire.websocket.protocol import TRANSITIONS, Protocol, State, Step

KEY = bytes.fromhex("37fa213d")
AGREEMENT = Agreement(
    server_window_bits=15,
    client_window_bits=15,
    server_keeps_context=True,
    client_keeps_context=True,
    compression=Compression(message_bytes_min=1),
)


def client(limits: Limits | None = None, agreement: Agreement | None = None) -> Protocol:
    return Protocol("client", limits=limits, agreement=agreement, mask_key=lambda: KEY)


def server(limits: Limits | None = None, agreement: Agreement | None = None) -> Protocol:
    return Protocol("server", limits=limits, agreement=agreement)


def state_of(protocol: Protocol) -> State:
    return protocol.state  # a call, because mypy remembers what an attribute was compared with


def events(protocol: Protocol, *frames: bytes) -> list[Event]:
    protocol.receive_data(b"".join(frames))
    return list(iter(protocol.next_event, None))


def failure(protocol: Protocol, *frames: bytes) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        events(protocol, *frames)
    assert protocol.state in (State.FAILED, State.CLOSED)
    return caught.value


class TestMasking:
    """5.1. Overview"""

    def test_a_client_masks_every_frame(self) -> None:
        assert client().send_text("Hello") == bytes.fromhex("818537fa213d7f9f4d5158")
        assert client().send_ping(b"") == bytes.fromhex("898037fa213d")

    def test_a_server_masks_none(self) -> None:
        assert server().send_text("Hello") == bytes.fromhex("810548656c6c6f")

    def test_a_server_refuses_a_frame_that_is_not_masked(self) -> None:
        assert failure(server(), b"\x81\x00").close_code == CloseCode.PROTOCOL_ERROR

    def test_a_client_refuses_a_masked_frame(self) -> None:
        error = failure(client(), bytes.fromhex("818037fa213d"))

        assert error.close_code == CloseCode.PROTOCOL_ERROR

    def test_every_frame_has_a_key_of_its_own(self) -> None:
        keys = iter([b"aaaa", b"bbbb"])
        target = Protocol("client", mask_key=lambda: next(keys))

        assert target.send_ping()[2:6] == b"aaaa"
        assert target.send_ping()[2:6] == b"bbbb"


class TestMessages:
    """5.4. Fragmentation and 5.6. Data Frames"""

    def test_text_and_binary(self) -> None:
        assert events(client(), b"\x81\x05Hello\x82\x02\xff\x00") == [
            Text(b"Hello"),
            Binary(b"\xff\x00"),
        ]

    def test_an_empty_message_is_a_message(self) -> None:
        assert events(client(), b"\x81\x00\x82\x00") == [Text(b""), Binary(b"")]

    def test_fragments_are_joined(self) -> None:
        assert events(client(), b"\x01\x03Hel", b"\x00\x00", b"\x80\x02lo") == [Text(b"Hello")]

    def test_control_frames_may_come_between_fragments(self) -> None:
        assert events(client(), b"\x01\x03Hel", b"\x89\x01a", b"\x8a\x01b", b"\x80\x02lo") == [
            Ping(b"a"),
            Pong(b"b"),
            Text(b"Hello"),
        ]

    def test_a_message_may_arrive_byte_by_byte(self) -> None:
        data = client().send_binary(bytes(range(200)))
        target = server()

        arrived = [event for i in range(len(data)) for event in events(target, data[i : i + 1])]

        assert arrived == [Binary(bytes(range(200)))]

    def test_another_message_may_not_come_between_fragments(self) -> None:
        error = failure(client(), b"\x01\x03Hel", b"\x81\x02lo")

        assert (error.close_code, error.reason) == (1002, "message inside a message")

    @pytest.mark.parametrize("frame", [b"\x80\x00", b"\x00\x00"])
    def test_there_must_be_something_to_continue(self, frame: bytes) -> None:
        error = failure(client(), frame)

        assert (error.close_code, error.reason) == (1002, "continuation of no message")

    def test_messages_before_a_violation_are_good(self) -> None:
        target = client()
        target.receive_data(b"\x81\x01a\x81\x01b\x83\x00")

        assert target.next_event() == Text(b"a")
        assert target.next_event() == Text(b"b")
        with pytest.raises(RemoteProtocolError):
            target.next_event()

    def test_we_may_send_in_fragments_with_a_ping_between(self) -> None:
        target = server()

        sent = [
            target.send_fragment(Opcode.TEXT, b"Hel", fin=False),
            target.send_ping(b"a"),
            target.send_fragment(Opcode.TEXT, b"lo", fin=True),
            target.send_text("next"),
        ]

        assert sent == [b"\x01\x03Hel", b"\x89\x01a", b"\x80\x02lo", b"\x81\x04next"]

    @pytest.mark.parametrize(
        "send",
        [
            lambda target: target.send_text("a"),
            lambda target: target.send_binary(b"a"),
            lambda target: target.send_prepared(prepare("a")),
        ],
    )
    def test_we_may_not_send_a_message_inside_a_message(
        self, send: Callable[[Protocol], bytes]
    ) -> None:
        target = server()
        target.send_fragment(Opcode.TEXT, b"Hel", fin=False)

        with pytest.raises(LocalProtocolError, match="has not ended"):
            send(target)

    def test_a_lone_surrogate_is_ours_to_avoid(self) -> None:
        with pytest.raises(LocalProtocolError, match="surrogate"):
            server().send_text("\ud800")

    def test_bytes_may_be_sent_as_text(self) -> None:
        assert server().send_text(b"Hello") == b"\x81\x05Hello"

    def test_a_prepared_message_is_sent_as_it_was_framed(self) -> None:
        assert server().send_prepared(prepare("Hello")) == b"\x81\x05Hello"

    def test_a_client_cannot_send_what_was_framed_for_many(self) -> None:
        with pytest.raises(LocalProtocolError, match="framed for many"):
            client().send_prepared(prepare("Hello"))


class TestText:
    """8.1. Handling Errors in UTF-8-Encoded Data"""

    def test_text_that_is_not_utf8_fails_the_connection(self) -> None:
        assert failure(client(), b"\x81\x01\xff").close_code == CloseCode.INVALID_PAYLOAD

    def test_it_fails_at_the_first_wrong_byte_of_an_unfinished_frame(self) -> None:
        target = client()
        assert events(target, b"\x81\x7d", b"abc") == []

        assert failure(target, b"\xff").close_code == CloseCode.INVALID_PAYLOAD

    def test_it_fails_at_the_first_wrong_byte_of_an_unfinished_message(self) -> None:
        target = client()
        assert events(target, b"\x01\x03abc") == []

        assert failure(target, b"\x00\x01\xff").close_code == CloseCode.INVALID_PAYLOAD

    def test_a_character_may_span_frames(self) -> None:
        assert events(client(), b"\x01\x01\xc3", b"\x80\x01\xa9") == [Text("é".encode())]

    def test_a_character_must_end_with_its_message(self) -> None:
        assert failure(client(), b"\x01\x01\xc3", b"\x80\x00").close_code == 1007


class TestControlFrames:
    """5.5. Control Frames"""

    def test_pings_and_pongs_are_told_with_their_payloads(self) -> None:
        assert events(client(), b"\x89\x05Hello", b"\x8a\x00") == [Ping(b"Hello"), Pong(b"")]

    def test_we_send_them_with_payloads(self) -> None:
        assert server().send_ping(b"Hello") == b"\x89\x05Hello"
        assert server().send_pong(b"Hello") == b"\x8a\x05Hello"

    def test_we_keep_them_short(self) -> None:
        assert len(server().send_ping(bytes(125))) == 127
        with pytest.raises(LocalProtocolError, match="126 bytes, at most 125"):
            server().send_pong(bytes(126))


class TestClosing:
    """5.5.1. Close and 7. Closing the Connection"""

    def test_the_peer_closes(self) -> None:
        target = server()

        assert events(target, client().send_close(1001, "bye")) == [Close(1001, "bye")]
        assert state_of(target) is State.CLOSE_RECEIVED
        assert target.send_close(1001) == b"\x88\x02\x03\xe9"
        assert state_of(target) is State.CLOSED
        assert (target.close_code, target.close_reason, target.closed_by_us) == (1001, "bye", False)

    def test_we_close(self) -> None:
        target = server()

        assert target.send_close(1000, "bye") == b"\x88\x05\x03\xe8bye"
        assert state_of(target) is State.CLOSE_SENT
        assert events(target, client().send_close(1000)) == [Close(1000, "")]
        assert state_of(target) is State.CLOSED
        assert (target.close_code, target.close_reason, target.closed_by_us) == (1000, "bye", True)

    def test_both_close_at_once(self) -> None:
        ours, theirs = server(), client()
        crossing = theirs.send_close(1001), ours.send_close(1000)

        assert events(ours, crossing[0]) == [Close(1001, "")]
        assert events(theirs, crossing[1]) == [Close(1000, "")]
        assert (ours.state, theirs.state) == (State.CLOSED, State.CLOSED)
        assert (ours.close_code, theirs.close_code) == (1000, 1001)

    def test_a_close_without_code_is_told_as_1005(self) -> None:
        target = client()

        assert events(target, b"\x88\x00") == [Close(1005, "")]
        assert target.close_code == 1005
        assert target.send_close(1005) == bytes.fromhex("888037fa213d")

    def test_what_comes_after_a_close_is_thrown_away_unread(self) -> None:
        target = client()

        assert events(target, b"\x88\x00", b"\x81\x01a\xff\xff") == [Close(1005, "")]
        assert events(target, b"\xff\xff") == []

    def test_messages_still_arrive_while_we_wait_for_the_peers_close(self) -> None:
        target = client()
        target.send_close()

        assert events(target, b"\x81\x01a", b"\x88\x00") == [Text(b"a"), Close(1005, "")]

    @pytest.mark.parametrize(
        "send",
        [
            lambda target: target.send_text("a"),
            lambda target: target.send_fragment(Opcode.TEXT, b"a", fin=True),
            lambda target: target.send_prepared(prepare("a")),
            lambda target: target.send_ping(),
            lambda target: target.send_pong(),
            lambda target: target.send_close(),
        ],
    )
    def test_nothing_may_follow_our_close(self, send: Callable[[Protocol], bytes]) -> None:
        target = server()
        target.send_close()

        with pytest.raises(LocalProtocolError, match="the connection is close sent"):
            send(target)

    def test_a_message_under_way_may_end_before_we_answer_a_close(self) -> None:
        target = client()
        target.send_fragment(Opcode.TEXT, b"a", fin=False)
        events(target, b"\x88\x00")

        assert target.send_fragment(Opcode.TEXT, b"b", fin=True)
        assert target.send_close()

    @pytest.mark.parametrize(("code", "reason"), [(1006, ""), (999, ""), (1000, "x" * 124)])
    def test_a_close_that_may_not_be_sent_changes_nothing(self, code: int, reason: str) -> None:
        target = server()

        with pytest.raises(LocalProtocolError):
            target.send_close(code, reason)

        assert state_of(target) is State.OPEN
        assert target.close_code is None

    def test_a_stream_that_ends_without_close_is_1006(self) -> None:
        target = server()
        target.receive_eof()

        assert (target.state, target.close_code, target.closed_by_us) == (State.CLOSED, 1006, False)

    def test_a_stream_that_ends_after_close_keeps_its_code(self) -> None:
        target = server()
        target.send_close(1001)
        target.receive_eof()

        assert (target.state, target.close_code, target.closed_by_us) == (State.CLOSED, 1001, True)


class TestFailing:
    """7.1.7. Fail the WebSocket Connection"""

    def test_the_peer_may_be_told_why(self) -> None:
        target = client()
        error = failure(target, b"\x83\x00")

        assert state_of(target) is State.FAILED
        assert target.send_close(error.close_code, error.reason)
        assert state_of(target) is State.CLOSED
        assert (target.close_code, target.closed_by_us) == (1002, True)

    def test_nothing_else_may_be_sent(self) -> None:
        target = client()
        failure(target, b"\x83\x00")

        with pytest.raises(LocalProtocolError, match="the connection is failed"):
            target.send_text("a")

    def test_what_comes_after_is_thrown_away_unread(self) -> None:
        target = client()
        failure(target, b"\x83\x00\x81\x01a")

        assert target.next_event() is None
        assert events(target, b"\x88\x00") == []

    def test_after_our_close_there_is_nothing_to_tell(self) -> None:
        target = client()
        target.send_close(1000)
        failure(target, b"\x83\x00")

        assert state_of(target) is State.CLOSED
        assert target.close_code == 1000

    def test_a_close_with_a_code_that_may_not_travel(self) -> None:
        assert failure(client(), b"\x88\x02\x03\xee").close_code == CloseCode.PROTOCOL_ERROR

    def test_a_close_with_a_reason_that_is_no_text(self) -> None:
        assert failure(client(), b"\x88\x03\x03\xe8\xff").close_code == CloseCode.INVALID_PAYLOAD


class TestLimits:
    LIMITS = Limits(message_bytes_max=20, frame_bytes_max=10)

    def test_a_frame_is_refused_by_its_header(self) -> None:
        assert events(client(self.LIMITS), b"\x82\x0a" + bytes(10)) == [Binary(bytes(10))]
        assert failure(client(self.LIMITS), b"\x82\x0b").close_code == CloseCode.MESSAGE_TOO_BIG

    def test_a_message_of_one_frame_is_refused_by_its_header(self) -> None:
        limits = Limits(message_bytes_max=10, frame_bytes_max=100)

        assert events(client(limits), b"\x82\x0a" + bytes(10)) == [Binary(bytes(10))]
        assert failure(client(limits), b"\x82\x0b").close_code == CloseCode.MESSAGE_TOO_BIG

    def test_a_fragmented_message_is_refused_by_the_header_that_is_too_much(self) -> None:
        frames = [b"\x02\x0a" + bytes(10), b"\x00\x09" + bytes(9)]

        assert len(events(client(self.LIMITS), *frames, b"\x80\x01a")) == 1
        error = failure(client(self.LIMITS), *frames, b"\x80\x02")
        assert error.close_code == CloseCode.MESSAGE_TOO_BIG

    def test_control_frames_do_not_count(self) -> None:
        assert events(client(self.LIMITS), b"\x89\x7d" + bytes(125)) == [Ping(bytes(125))]

    def test_a_compressed_message_is_measured_inflated(self) -> None:
        limits = Limits(message_bytes_max=1000, frame_bytes_max=100)
        bomb = server(agreement=AGREEMENT).send_binary(bytes(1001))
        assert len(bomb) < 30

        error = failure(client(limits, AGREEMENT), bomb)

        assert error.close_code == CloseCode.MESSAGE_TOO_BIG


class TestCompression:
    """RFC 7692 6. and 7."""

    def test_messages_are_compressed_both_ways(self) -> None:
        ours, theirs = server(agreement=AGREEMENT), client(agreement=AGREEMENT)

        frame = ours.send_text("Hello" * 20)

        assert frame[0] == 0xC1
        assert len(frame) < 20
        assert events(theirs, frame) == [Text(b"Hello" * 20)]
        assert events(ours, theirs.send_binary(b"ab" * 50)) == [Binary(b"ab" * 50)]

    def test_a_message_may_be_left_as_it_is(self) -> None:
        ours, theirs = server(agreement=AGREEMENT), client(agreement=AGREEMENT)

        frames = [
            ours.send_text("Hello"),
            ours.send_text("Hello", compress=False),
            ours.send_prepared(prepare("Hello")),
            ours.send_text("Hello"),
        ]

        assert [frame[0] for frame in frames] == [0xC1, 0x81, 0x81, 0xC1]
        assert events(theirs, *frames) == [Text(b"Hello")] * 4

    def test_a_short_message_is_left_as_it_is(self) -> None:
        agreement = Agreement(
            server_window_bits=15,
            client_window_bits=15,
            server_keeps_context=True,
            client_keeps_context=True,
            compression=Compression(message_bytes_min=6),
        )
        ours = server(agreement=agreement)

        assert [ours.send_text(text)[0] for text in ("Hello", "Hello!")] == [0x81, 0xC1]

    def test_a_message_that_compression_makes_longer_is_left_as_it_is(self) -> None:
        agreement = Agreement(
            server_window_bits=15,
            client_window_bits=15,
            server_keeps_context=False,
            client_keeps_context=False,
            compression=Compression(message_bytes_min=1),
        )
        ours = server(agreement=agreement)

        assert [ours.send_binary(data)[0] for data in (b"abcdef", b"a" * 60)] == [0x82, 0xC2]

    def test_fragments_of_a_compressed_message(self) -> None:
        ours, theirs = server(agreement=AGREEMENT), client(agreement=AGREEMENT)

        frames = [
            ours.send_fragment(Opcode.TEXT, b"Hel", fin=False),
            ours.send_fragment(Opcode.TEXT, b"lo", fin=False),
            ours.send_fragment(Opcode.TEXT, b"", fin=True),
        ]

        assert [frame[0] for frame in frames] == [0x41, 0x00, 0x80]
        assert events(theirs, *frames) == [Text(b"Hello")]

    def test_the_example_of_a_fragmented_compressed_message(self) -> None:
        # RFC 7692 7.2.3.1.
        frames = bytes.fromhex("4103f248cd"), bytes.fromhex("8004c9c90700")

        assert events(client(agreement=AGREEMENT), *frames) == [Text(b"Hello")]

    def test_control_frames_between_compressed_fragments_are_plain(self) -> None:
        frames = bytes.fromhex("4103f248cd"), b"\x89\x01a", bytes.fromhex("8004c9c90700")

        assert events(client(agreement=AGREEMENT), *frames) == [Ping(b"a"), Text(b"Hello")]

    @pytest.mark.parametrize("frame", [b"\xc1\x00", b"\xc2\x00", b"\x41\x00"])
    def test_rsv1_needs_an_agreement(self, frame: bytes) -> None:
        assert failure(client(), frame).close_code == CloseCode.PROTOCOL_ERROR

    def test_rsv1_belongs_on_the_first_fragment_only(self) -> None:
        target = client(agreement=AGREEMENT)

        error = failure(target, bytes.fromhex("4103f248cd"), bytes.fromhex("c004c9c90700"))

        assert error.close_code == CloseCode.PROTOCOL_ERROR

    @pytest.mark.parametrize("opcode", [Opcode.CLOSE, Opcode.PING, Opcode.PONG])
    def test_rsv1_does_not_belong_on_a_control_frame(self, opcode: Opcode) -> None:
        frame = encode_frame(opcode, b"", rsv1=True)

        assert failure(client(agreement=AGREEMENT), frame).close_code == CloseCode.PROTOCOL_ERROR

    def test_compressed_text_is_validated_too(self) -> None:
        frame = server(agreement=AGREEMENT).send_text(b"\xff\xff\xff")

        error = failure(client(agreement=AGREEMENT), frame)

        assert error.close_code == CloseCode.INVALID_PAYLOAD


class TestTable:
    def test_every_state_has_its_row_and_can_end(self) -> None:
        assert set(TRANSITIONS) == set(State)
        assert all(row[Step.RECEIVE_EOF] is State.CLOSED for row in TRANSITIONS.values())

    def test_every_state_can_be_reached(self) -> None:
        reached = {State.OPEN}
        for _ in State:
            reached |= {then for state in reached for then in TRANSITIONS[state].values()}

        assert reached == set(State)

    def test_a_closed_connection_stays_closed(self) -> None:
        assert set(TRANSITIONS[State.CLOSED].values()) == {State.CLOSED}

    def test_no_close_is_ever_sent_twice(self) -> None:
        after_close = {
            row[Step.SEND_CLOSE] for row in TRANSITIONS.values() if Step.SEND_CLOSE in row
        }

        assert after_close == {State.CLOSE_SENT, State.CLOSED}
        assert all(Step.SEND_CLOSE not in TRANSITIONS[state] for state in after_close)

    def test_what_may_be_taken_is_what_the_row_says(self) -> None:
        target = server()
        target.send_close()

        assert {step for step in Step if target.may_take(step)} == set(
            TRANSITIONS[State.CLOSE_SENT]
        )


def test_only_a_client_has_a_source_of_keys() -> None:
    with pytest.raises(AssertionError):
        Protocol("client")
    with pytest.raises(AssertionError):
        Protocol("server", mask_key=lambda: KEY)
