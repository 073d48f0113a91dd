"""The connection against h2's own client and server, and against frames made by hand."""

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from strikewire.websocket.headers import Headers
from strikewire.websocket.http2 import (
    ConnectionFailed,
    DataReceived,
    GoingAway,
    Http2Event,
    Http2Protocol,
    RequestReceived,
    ResponseReceived,
    SettingsReceived,
    StreamEnded,
    StreamReset,
)
from strikewire.websocket.http2_frames import PREFACE, ErrorCode
from strikewire.websocket.http2_limits import Http2Limits

REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")]
CONNECT: Headers = (
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "h"),
)
OK: Headers = ((":status", "200"),)
ROOM = 1 << 20


class Pair:
    """A server of ours and a client of h2, joined by function calls.

    Attributes:
        server: Ours.
        client: The other.
        told: What ours said happened, since the last look.
        heard: What h2 said happened.
        now_s: What ours is told that the clock shows.
    """

    def __init__(
        self, *, head_bytes_max: int = 1000, validate: bool = True, **limits: float
    ) -> None:
        self.server = Http2Protocol(
            "server",
            limits=Http2Limits(**limits),  # type: ignore[arg-type]  # floats and ints, by name
            head_bytes_max=head_bytes_max,
        )
        self.client = h2.connection.H2Connection(
            h2.config.H2Configuration(validate_outbound_headers=validate, header_encoding="utf-8")
        )
        self.told: list[Http2Event] = []
        self.heard: list[h2.events.Event] = []
        self.now_s = 0.0
        self.client.initiate_connection()
        self.run()
        self.told.clear()
        self.heard.clear()

    def run(self, room_bytes: int = ROOM) -> None:
        """Carry everything back and forth until both are silent."""
        while True:
            data = self.client.data_to_send()
            self.told += self.server.receive(data, self.now_s)
            answer, _ = self.server.take(room_bytes)
            self.heard += self.client.receive_data(answer)
            if not data and not answer:
                return

    def frame(self, *frames: Frame) -> None:
        """Send frames that h2 would not."""
        for frame in frames:
            self.told += self.server.receive(frame.serialize(), self.now_s)
        answer, _ = self.server.take(ROOM)
        self.heard += self.client.receive_data(answer)

    def request(self, *, end: bool = False, lines: object = REQUEST) -> int:
        """Open a stream."""
        stream_id = self.client.get_next_available_stream_id()
        self.client.send_headers(stream_id, lines, end_stream=end)  # type: ignore[arg-type]  # h2 takes many kinds
        self.run()
        return stream_id

    def heard_of(self, kind: type[h2.events.Event]) -> list[h2.events.Event]:
        return [event for event in self.heard if isinstance(event, kind)]

    def failure(self) -> int:
        """Return the code that the connection ended with, and see that the client was told it."""
        assert self.server.is_over
        ended = self.heard_of(h2.events.ConnectionTerminated)
        assert len(ended) == 1
        assert isinstance(ended[0], h2.events.ConnectionTerminated)
        failed = self.told[-1]
        assert isinstance(failed, ConnectionFailed)
        assert failed.code == ended[0].error_code
        return failed.code

    def resets(self) -> list[tuple[int | None, int | None]]:
        """Return which streams the client saw reset, with which code."""
        return [
            (event.stream_id, event.error_code)
            for event in self.heard
            if isinstance(event, h2.events.StreamReset)
        ]

    def received(self, stream_id: int) -> bytes:
        """Return what the client got on a stream."""
        return b"".join(
            event.data or b""
            for event in self.heard
            if isinstance(event, h2.events.DataReceived) and event.stream_id == stream_id
        )


class TestTheBeginning:
    def test_a_server_offers_websockets_and_names_its_limits(self) -> None:
        pair = Pair(streams_max=7, head_bytes_max=1234)

        settings = pair.client.remote_settings
        assert settings.enable_connect_protocol == 1
        assert settings.max_concurrent_streams == 7
        assert settings.max_header_list_size == 1234
        assert settings.initial_window_size == 256 << 10
        assert pair.client.outbound_flow_control_window == 1 << 20

    def test_a_client_wants_nothing_pushed_and_hears_what_the_server_offers(self) -> None:
        client = Http2Protocol("client", limits=Http2Limits(), head_bytes_max=1000)
        server = Http2Protocol("server", limits=Http2Limits(), head_bytes_max=1000)

        hello, _ = client.take(ROOM)
        events = client.receive(server.take(ROOM)[0], 0.0)

        assert hello.startswith(PREFACE)
        assert SettingsFrame(0, {SettingsFrame.ENABLE_PUSH: 0}).serialize_body() in hello
        assert events == [SettingsReceived(websockets=True)]
        assert client.websockets is True
        assert server.receive(hello, 0.0) == [SettingsReceived(websockets=False)]

    def test_a_peer_that_does_not_speak_http2_is_told_so(self) -> None:
        server = Http2Protocol("server", limits=Http2Limits(), head_bytes_max=1000)

        events = server.receive(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0.0)

        assert [type(event) for event in events] == [ConnectionFailed]
        assert server.receive(b"more", 0.0) == []


class TestRequests:
    def test_a_request_with_a_body_is_taken_in_and_answered(self) -> None:
        pair = Pair()
        stream_id = pair.request()
        pair.client.send_data(stream_id, b"body", end_stream=True)
        pair.run()

        assert isinstance(pair.told[0], RequestReceived)
        assert pair.told[0].head.method == "POST"
        assert not pair.told[0].ended
        assert pair.told[1:] == [DataReceived(1, b"body"), StreamEnded(1)]

        pair.server.send_head(1, OK)
        pair.server.send(1, b"answer")
        pair.server.end(1)
        pair.run()

        assert pair.received(1) == b"answer"
        assert pair.heard_of(h2.events.StreamEnded)
        assert pair.server.open_streams == 0

    def test_a_request_without_a_body_has_ended(self) -> None:
        pair = Pair()
        pair.request(end=True)

        assert isinstance(pair.told[0], RequestReceived)
        assert pair.told[0].ended

    def test_a_body_that_is_not_wanted_is_stopped_after_the_answer(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.end(1, stop=True)
        pair.run()

        assert pair.heard_of(h2.events.StreamEnded)
        assert pair.resets() == [(1, ErrorCode.NO_ERROR)]
        assert pair.server.open_streams == 0

    @pytest.mark.parametrize(
        "lines",
        [
            [*REQUEST, ("connection", "close")],
            [*REQUEST, ("x", "a\nb")],
            REQUEST[1:],
            [*REQUEST, (":protocol", "websocket")],
        ],
    )
    def test_a_malformed_head_costs_its_stream_and_no_other(
        self, lines: list[tuple[str, str]]
    ) -> None:
        pair = Pair(validate=False)
        pair.request()
        pair.client.config.normalize_outbound_headers = False
        pair.request(lines=lines)

        assert pair.resets() == [(3, ErrorCode.PROTOCOL_ERROR)]
        assert len(pair.told) == 1
        assert not pair.server.is_over

        pair.client.send_data(1, b"still here")
        pair.run()
        assert pair.told[1] == DataReceived(1, b"still here")

    def test_a_head_that_is_too_long_can_still_be_answered(self) -> None:
        pair = Pair(head_bytes_max=1000)
        pair.request(lines=[*REQUEST, ("x", "y" * 2000)])

        assert isinstance(pair.told[0], RequestReceived)
        assert pair.told[0].head_bytes > 2000

    def test_one_that_is_far_too_long_ends_the_connection(self) -> None:
        pair = Pair(head_bytes_max=1000)
        pair.request(lines=[*REQUEST, ("x", "y" * 4000)])

        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_a_small_head_that_unpacks_to_a_large_one_does_too(self) -> None:
        pair = Pair(head_bytes_max=1000)
        # The first line enters the table of the compression, the others cost a byte each.
        pair.request(lines=[*REQUEST, *([("x", "y" * 500)] * 20)])

        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM


class TestStreams:
    def test_a_stream_is_a_way_in_both_directions(self) -> None:
        pair = Pair()
        pair.request(lines=CONNECT)
        pair.server.send_head(1, OK)
        pair.server.send(1, b"down")
        pair.client.send_data(1, b"up")
        pair.run()

        assert pair.told[1] == DataReceived(1, b"up")
        assert pair.received(1) == b"down"

        pair.server.end(1)
        pair.run()
        pair.client.end_stream(1)
        pair.run()
        assert pair.told[2] == StreamEnded(1)
        assert pair.server.is_over_stream(1)

    def test_a_reset_is_told_and_forgets_what_was_queued(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x" * 100_000)  # more than the client's window
        pair.run()
        pair.client.reset_stream(1, ErrorCode.CANCEL)
        pair.run()

        assert pair.told[-1] == StreamReset(1, ErrorCode.CANCEL)
        assert pair.server.queued_bytes(1) == 0
        assert pair.server.has_sent_all(1)

    def test_after_our_reset_the_stream_is_gone_and_nothing_hurts(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.reset(1, ErrorCode.CANCEL)
        pair.client.send_data(1, b"on its way already")
        pair.run()

        assert pair.resets()[0] == (1, ErrorCode.CANCEL)
        assert len(pair.told) == 1
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x")
        pair.server.end(1)
        pair.server.reset(1, ErrorCode.CANCEL)
        pair.server.taken(1, 5)
        pair.server.discard(1)
        pair.run()
        assert not pair.server.is_over

    def test_what_comes_on_a_discarded_stream_is_thrown_away_and_paid_back(self) -> None:
        pair = Pair(stream_window_bytes=65_535)
        pair.request()
        pair.server.discard(1)
        for _ in range(20):
            pair.client.send_data(1, b"x" * 16_384)
            pair.run()
        pair.client.end_stream(1)
        pair.run()

        assert len(pair.told) == 1
        assert pair.client.local_flow_control_window(pair.request()) > 0

    def test_a_stream_too_many_is_refused(self) -> None:
        pair = Pair(streams_max=2)
        pair.client.remote_settings.max_concurrent_streams = 100  # it did not hear our limit yet
        pair.client.remote_settings.acknowledge()
        for _ in range(3):
            pair.request()

        assert pair.resets() == [(5, ErrorCode.REFUSED_STREAM)]
        assert len(pair.told) == 2
        assert not pair.server.is_over

    def test_a_stream_that_somebody_works_on_counts_though_it_was_reset(self) -> None:
        pair = Pair(streams_max=1)
        # Both in one read, so that nobody could have looked at the first before the second came.
        pair.client.send_headers(1, REQUEST)
        pair.client.reset_stream(1)
        pair.client.send_headers(3, REQUEST)
        pair.run()
        assert pair.resets() == [(3, ErrorCode.REFUSED_STREAM)]

        pair.server.release(1)
        pair.request()
        assert isinstance(pair.told[-1], RequestReceived)
        assert pair.told[-1].stream_id == 5


class TestWindows:
    def test_a_stream_that_nobody_reads_stops_its_sender_and_no_other(self) -> None:
        pair = Pair(stream_window_bytes=65_535, connection_window_bytes=65_535)
        pair.request()
        pair.request()
        for _ in range(3):  # all that the window takes, three quarters of which nobody reads
            pair.client.send_data(1, b"x" * 16_384)
            pair.run()
        pair.client.send_data(1, b"x" * (65_535 - 3 * 16_384))
        pair.run()
        assert pair.client.local_flow_control_window(1) == 0

        for _ in range(10):
            pair.client.send_data(3, b"y" * 16_000)
            pair.run()
            pair.server.taken(3, 16_000)
            pair.run()
        assert pair.client.local_flow_control_window(1) == 0

        pair.server.taken(1, 65_535)
        pair.run()
        assert pair.client.local_flow_control_window(1) > 16_384

    def test_more_than_the_window_ends_the_connection(self) -> None:
        pair = Pair(stream_window_bytes=65_535)
        pair.request()
        for _ in range(5):
            pair.frame(DataFrame(1, b"x" * 16_384))
            if pair.server.is_over:
                break

        assert pair.failure() == 3  # FLOW_CONTROL_ERROR

    def test_data_waits_for_the_peers_window(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x" * 100_000)
        pair.run()
        assert len(pair.received(1)) == 65_535
        assert pair.server.queued_bytes(1) == 100_000 - 65_535
        assert not pair.server.has_sent_all(1)

        pair.server.end(1)
        pair.client.increment_flow_control_window(100_000)
        pair.client.increment_flow_control_window(100_000, 1)
        pair.run()
        assert len(pair.received(1)) == 100_000
        assert pair.heard_of(h2.events.StreamEnded)

    def test_a_stream_without_window_does_not_stop_the_others(self) -> None:
        pair = Pair()
        pair.client.increment_flow_control_window(1 << 20)  # of the connection; 65535 each stream
        for stream_id in (pair.request(), pair.request()):
            pair.server.send_head(stream_id, OK)
            pair.server.send(stream_id, b"x" * 100_000)
        pair.run()
        pair.client.increment_flow_control_window(100_000, 3)
        pair.run()

        assert (len(pair.received(1)), len(pair.received(3))) == (65_535, 100_000)

    def test_streams_take_turns_of_one_frame(self) -> None:
        pair = Pair()
        pair.client.increment_flow_control_window(1 << 20)
        for stream_id in (pair.request(), pair.request()):
            pair.server.send_head(stream_id, OK)
            pair.server.send(stream_id, b"x" * 40_000)
        pair.run()

        order = [
            event.stream_id for event in pair.heard if isinstance(event, h2.events.DataReceived)
        ]
        assert order == [1, 3, 1, 3, 1, 3]

    def test_a_larger_initial_window_reaches_streams_that_wait(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x" * 100_000)
        pair.client.increment_flow_control_window(1 << 20)
        pair.run()
        pair.client.update_settings({SettingsFrame.INITIAL_WINDOW_SIZE: 200_000})
        pair.run()

        assert len(pair.received(1)) == 100_000

    def test_a_window_that_overflows_costs_its_stream(self) -> None:
        pair = Pair()
        pair.request()
        update = WindowUpdateFrame(1)
        update.window_increment = (1 << 31) - 1
        pair.frame(update)

        assert pair.told[-1] == StreamReset(1, 3)
        assert pair.resets() == [(1, 3)]
        assert not pair.server.is_over


class TestRoom:
    def test_without_room_only_what_is_not_queued_leaves(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x" * 10)
        pair.run(room_bytes=0)
        assert pair.heard_of(h2.events.ResponseReceived)
        assert pair.received(1) == b""

        data, moved = pair.server.take(1)
        assert moved == [1]
        assert data.endswith(b"x" * 10)

    def test_about_as_much_leaves_as_there_is_room_for(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"x" * 60_000)

        data, _ = pair.server.take(20_000)

        assert 20_000 <= len(data) <= 2 * 16_384 + 100


class TestFloods:
    @pytest.mark.parametrize(
        "frame",
        [
            PingFrame(0, b"12345678"),
            SettingsFrame(0),
            DataFrame(1),
        ],
        ids=["ping", "settings", "empty data"],
    )
    def test_frames_that_carry_nothing_are_borne_so_often(self, frame: Frame) -> None:
        pair = Pair(control_frames_max=20, flood_window_s=10)
        pair.request()
        pair.now_s = 100.0
        pair.frame(*[frame] * 20)
        assert not pair.server.is_over

        pair.now_s = 105.0
        pair.frame(*[frame] * 10)
        assert not pair.server.is_over

        pair.frame(frame)
        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_streams_that_are_reset_as_soon_as_they_are_open(self) -> None:
        pair = Pair(resets_max=10, flood_window_s=10)
        for _ in range(10):
            pair.client.reset_stream(pair.request(end=True))
        pair.run()
        assert not pair.server.is_over

        pair.client.reset_stream(pair.request(end=True))
        pair.run()
        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_streams_that_we_are_made_to_reset_count_as_well(self) -> None:
        pair = Pair(resets_max=10, flood_window_s=10)
        for _ in range(11):
            stream_id = pair.request()
            update = WindowUpdateFrame(stream_id)
            update.window_increment = (1 << 31) - 1
            pair.frame(update)
            if pair.server.is_over:
                break

        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_so_do_malformed_requests(self) -> None:
        pair = Pair(resets_max=3, validate=False)
        for _ in range(4):
            pair.request(lines=REQUEST[1:])

        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_a_head_in_endless_pieces_ends_the_connection(self) -> None:
        pair = Pair(head_bytes_max=1000)
        pair.frame(HeadersFrame(1, b"\x00"))
        for _ in range(10):
            if not pair.server.is_over:
                pair.frame(ContinuationFrame(1, b"x" * 1000))

        assert pair.failure() == ErrorCode.ENHANCE_YOUR_CALM

    def test_settings_that_nobody_knows_are_forgotten(self) -> None:
        pair = Pair()
        for code in range(0x100, 0x200):
            pair.frame(SettingsFrame(0, {code: 1}))

        assert len(pair.server._h2.remote_settings) < 10

    def test_the_table_of_our_compression_does_not_grow_with_the_peers_wishes(self) -> None:
        pair = Pair()
        for size in (1 << 20, 0, 1 << 30, 100, 1 << 20):
            pair.frame(SettingsFrame(0, {SettingsFrame.HEADER_TABLE_SIZE: size}))

        encoder = pair.server._h2.encoder
        assert encoder.header_table_size == 4096
        assert encoder.table_size_changes == [0, 4096]


class TestGoingAway:
    def test_open_streams_go_on_after_our_goaway_and_new_ones_are_refused(self) -> None:
        pair = Pair()
        pair.request()
        pair.server.go_away()
        pair.server.go_away()
        data, _ = pair.server.take(ROOM)
        assert data == bytes.fromhex("000008 07 00 00000000 00000001 00000000")

        late = pair.request()
        pair.server.send_head(1, OK)
        pair.server.send(1, b"goodbye")
        pair.run()

        assert pair.received(1) == b"goodbye"
        assert pair.resets() == [(late, ErrorCode.REFUSED_STREAM)]

    def test_open_streams_go_on_after_the_peers_goaway(self) -> None:
        pair = Pair()
        pair.request()
        pair.frame(GoAwayFrame(0, 0))
        pair.server.send_head(1, OK)
        pair.server.send(1, b"goodbye")
        pair.run()

        assert pair.told[-1] == GoingAway(0, 0)
        assert pair.received(1) == b"goodbye"

    def test_a_goaway_within_a_head_is_an_error(self) -> None:
        pair = Pair()
        pair.frame(HeadersFrame(1, b"\x00"), GoAwayFrame(0, 0))

        assert pair.failure() == ErrorCode.PROTOCOL_ERROR

    def test_one_that_is_too_short_is_an_error(self) -> None:
        pair = Pair()
        pair.told += pair.server.receive(bytes.fromhex("000004 07 00 00000000 00000000"), 0.0)
        pair.run()

        assert pair.failure() == ErrorCode.FRAME_SIZE_ERROR


class TestTheClient:
    def pair(self, **limits: int) -> tuple[Http2Protocol, h2.connection.H2Connection]:
        client = Http2Protocol("client", limits=Http2Limits(), head_bytes_max=1000)
        server = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        server.local_settings.enable_connect_protocol = 1
        server.local_settings.acknowledge()
        for name, value in limits.items():
            setattr(server.local_settings, name, value)
            server.local_settings.acknowledge()
        server.initiate_connection()
        carry(client, server)
        return client, server

    def test_it_opens_a_stream_and_hears_the_answer(self) -> None:
        client, server = self.pair()
        stream_id = client.open_stream(CONNECT)
        client.send(stream_id, b"up")
        assert carry(client, server) == []

        server.send_headers(stream_id, [(":status", "103"), ("link", "x")])
        server.send_headers(stream_id, [(":status", "200"), ("a", "b")])
        server.send_data(stream_id, b"down", end_stream=True)

        assert carry(client, server) == [
            ResponseReceived(stream_id, 200, (("a", "b"),), ended=False),
            DataReceived(stream_id, b"down"),
            StreamEnded(stream_id),
        ]

    def test_it_opens_no_more_than_the_server_bears(self) -> None:
        client, _ = self.pair(max_concurrent_streams=1)
        assert client.may_open
        client.open_stream(CONNECT)

        assert not client.may_open

    def test_streams_that_the_server_did_not_look_at_are_gone_after_its_goaway(self) -> None:
        client, server = self.pair()
        first, second = client.open_stream(CONNECT), client.open_stream(CONNECT)
        carry(client, server)

        events = client.receive(GoAwayFrame(0, first).serialize(), 0.0)

        assert events == [GoingAway(first, 0)]
        assert (client.is_over_stream(first), client.is_over_stream(second)) == (False, True)
        assert not client.may_open

    def test_an_answer_that_is_malformed_costs_its_stream(self) -> None:
        client, server = self.pair()
        server.config.validate_outbound_headers = False
        server.config.normalize_outbound_headers = False
        stream_id = client.open_stream(CONNECT)
        carry(client, server)
        server.send_headers(stream_id, [(":status", "200"), ("connection", "close")])

        assert carry(client, server) == [StreamReset(stream_id, ErrorCode.PROTOCOL_ERROR)]

    def test_a_push_is_an_error(self) -> None:
        client, server = self.pair()
        stream_id = client.open_stream(CONNECT)
        carry(client, server)
        push = bytes.fromhex("000005 05 04") + stream_id.to_bytes(4, "big") + b"\0\0\0\2\x82"

        assert isinstance(client.receive(push, 0.0)[-1], ConnectionFailed)

    def test_a_reset_stream_is_told(self) -> None:
        client, server = self.pair()
        stream_id = client.open_stream(CONNECT)
        carry(client, server)
        reset = RstStreamFrame(stream_id, ErrorCode.REFUSED_STREAM)

        assert client.receive(reset.serialize(), 0.0) == [StreamReset(stream_id, 7)]


def carry(client: Http2Protocol, server: h2.connection.H2Connection) -> list[Http2Event]:
    """Carry everything back and forth; return what the client said happened, but for settings."""
    told: list[Http2Event] = []
    while True:
        data, _ = client.take(ROOM)
        server.receive_data(data)
        answer = server.data_to_send()
        told += client.receive(answer, 0.0)
        if not data and not answer:
            return [event for event in told if not isinstance(event, SettingsReceived)]
