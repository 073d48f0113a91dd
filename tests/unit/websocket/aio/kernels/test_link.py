"""The link, compiled and interpreted, with an owner that notes what it is asked for."""

import asyncio
from types import ModuleType
from typing import Any

import pytest

from tests.unit.websocket.aio.kernels.twins import twins

KEY = bytes.fromhex("37fa213d")


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    return twins(request.param, "engine", "link")[1]


class Pipe:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(bytes(data))

    def writelines(self, pieces: Any) -> None:
        self.written.append(b"".join(pieces))


def owner(kernel: ModuleType, role: str = "server", **limits: int) -> Any:
    """Return a link with an owner's methods, which note their calls in `calls`."""

    class Owner(kernel.Link):  # type: ignore[misc,name-defined]  # a class found at run time
        def __init__(self) -> None:
            super().__init__(
                kernel.Turn(asyncio.get_running_loop()),
                role,
                **{"frame_bytes_max": 1000, "message_bytes_max": 1000, "inbox_max": 4, **limits},
            )
            self.calls: list[tuple[Any, ...]] = []

        def _on_frame(self, data: bytes) -> None:
            self.calls.append(("frame", data))

        def _on_head(self, first: int, second: int) -> None:
            self.calls.append(("head", first, second))

        def _on_bad_text(self) -> None:
            self.calls.append(("bad text",))
            self.discards = True

        def _on_pong(self, payload: bytes) -> None:
            self.calls.append(("pong", payload))

        def _inflated(self, opcode: int, payload: bytes) -> bytes | None:
            return payload * 2 if payload != b"bomb" else None

        def _deflated(self, payload: bytes, is_text: bool) -> bytes:
            return b"<" + payload + b">"

        def _callback_failed(self, error: Exception) -> None:
            self.calls.append(("failed", str(error)))

        def _inbox_full(self) -> None:
            self.paused = True

        def _inbox_low(self) -> None:
            self.paused = False
            self.go_on_delivering()

        def _keep(self, frame: bytes, messages: int) -> None:
            self.calls.append(("keep", frame, messages))

        def _on_drained(self) -> None:
            self.calls.append(("drained",))

        def _no_message(self, iterates: bool) -> None:
            if self.discards:
                raise StopAsyncIteration if iterates else EOFError

        def _cannot_send(self) -> None:
            raise EOFError

        async def _give_way(self) -> None:
            self.calls.append(("gave way",))
            await asyncio.sleep(0)

        def _lone_surrogate(self) -> None:
            raise ValueError("lone surrogate")

    made = Owner()
    made.attach(Pipe())
    made.begin()
    return made


def masked(first: int, payload: bytes, *, length: int | None = None) -> bytes:
    """Return a client's frame; its header announces `length`, where that differs."""
    size = len(payload) if length is None else length
    if size < 126:
        head = bytes([first, 0x80 | size])
    else:
        head = bytes([first, 0x80 | 126]) + size.to_bytes(2, "big")
    return head + KEY + bytes(octet ^ KEY[i % 4] for i, octet in enumerate(payload))


def collecting(link: Any, *, decode: bool = False) -> list[Any]:
    """Return the list that messages are put into as they are delivered."""
    got: list[Any] = []
    if decode:
        link.set_reader(got.append, True)
    else:
        link.set_reader(lambda payload, is_text: got.append((payload, is_text)), False)
    return got


class TestReceiving:
    async def test_bytes_are_counted_however_a_text_is_taken(self, kernel: ModuleType) -> None:
        for decode in (True, False):
            link = owner(kernel)
            link.inflates = True
            collecting(link, decode=decode)
            words = "é€".encode()

            link.data_received(masked(0x81, words) + masked(0xC1, words) + masked(0x82, b"\xff"))
            link.data_received(masked(0x81, words)[:-1])
            link.data_received(masked(0x81, words)[-1:])
            link.deliver_message(words, True)
            link.can_send = False
            link.data_received(masked(0x81, words))

            assert link.messages_received == 6
            assert link.bytes_received == 6 * len(words) + 1

    async def test_whole_messages_are_delivered(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)

        link.data_received(masked(0x81, "é".encode()) + masked(0x82, b"\xff") + masked(0x82, b""))

        assert got == [("é".encode(), True), (b"\xff", False), (b"", False)]

    async def test_or_decoded(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link, decode=True)

        link.data_received(masked(0x81, "é".encode()) + masked(0x82, b"\xff"))

        assert got == ["é", b"\xff"]

    @pytest.mark.parametrize("decode", [True, False])
    async def test_cut_anywhere_they_are_the_same(self, kernel: ModuleType, decode: bool) -> None:
        stream = masked(0x81, b"a" * 200) + masked(0x89, b"hi") + masked(0x82, b"\xff" * 9)

        for cut in range(len(stream) + 1):
            link = owner(kernel)
            got = collecting(link, decode=decode)
            link.data_received(stream[:cut])
            link.data_received(stream[cut:])

            if decode:
                assert got == ["a" * 200, b"\xff" * 9]
            else:
                assert got == [(b"a" * 200, True), (b"\xff" * 9, False)]
            frames = b"".join(call[1] for call in link.calls if call[0] == "frame")
            # A ping that is cut is the protocol's to answer; whole, it was answered here.
            assert frames == masked(0x89, b"hi") or link.transport.written == [b"\x8a\x02hi"]

    async def test_byte_by_byte_they_are_the_same(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)

        for octet in masked(0x81, b"a" * 200) + masked(0x82, b"b"):
            link.data_received(bytes([octet]))

        assert got == [(b"a" * 200, True), (b"b", False)]

    async def test_a_client_takes_what_is_not_masked(self, kernel: ModuleType) -> None:
        link = owner(kernel, "client")
        got = collecting(link, decode=True)

        link.data_received(b"\x81\x02hi\x82\x01")
        link.data_received(b"x")

        assert got == ["hi", b"x"]

    async def test_text_is_refused_at_its_first_wrong_byte(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)

        link.data_received(masked(0x81, b"ok\xff", length=100))

        assert link.calls == [("bad text",)]
        assert got == []

    @pytest.mark.parametrize("decode", [True, False])
    @pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80"])
    async def test_text_that_is_no_utf_8_is_refused(
        self, kernel: ModuleType, decode: bool, text: bytes
    ) -> None:
        link = owner(kernel)
        got = collecting(link, decode=decode)

        link.data_received(masked(0x81, text) + masked(0x81, b"never seen"))

        assert link.calls == [("bad text",)]
        assert got == []

    async def test_text_may_be_cut_inside_a_character(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)
        frame = masked(0x81, "€".encode())

        link.data_received(frame[:-2])
        link.data_received(frame[-2:])

        assert got == [("€".encode(), True)]

    async def test_a_long_message_is_put_together(self, kernel: ModuleType) -> None:
        link = owner(kernel, frame_bytes_max=9 << 20, message_bytes_max=9 << 20)
        got = collecting(link)
        payload = bytes(range(256)) * (12 << 10)  # 3 MiB, more than is held for a mere promise
        head = bytes([0x82, 0xFF]) + len(payload).to_bytes(8, "big") + bytes(4)

        link.data_received(head)
        for at in range(0, len(payload), 100_000):
            link.data_received(payload[at : at + 100_000])

        assert got == [(payload, False)]

    async def test_every_other_frame_is_handed_over_whole(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)
        others = [
            masked(0x01, b"first fragment"),
            masked(0x88, b"\x03\xe8"),
            masked(0xC1, b"compressed, unasked"),
            masked(0x83, b"reserved"),
            b"\x81\x02hi",  # not masked
            masked(0x82, bytes(1001)),  # beyond the limits
        ]

        for frame in others:
            link.data_received(frame + masked(0x82, b"then"))

        assert [call[1] for call in link.calls] == others
        assert got == [(b"then", False)] * 6

    async def test_while_a_message_is_open_all_data_is_handed_over(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)
        got = collecting(link)
        link.message_open = True

        link.data_received(masked(0x82, b"inside"))

        assert link.calls == [("frame", masked(0x82, b"inside"))]
        assert got == []

    async def test_a_header_that_shows_what_is_coming_is_reported(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        link.data_received(b"\x83")
        link.data_received(b"\x85")

        assert link.calls == [("head", 0x83, 0x85)]

    async def test_compressed_messages_are_inflated(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)
        link.inflates = True

        link.data_received(masked(0xC1, b"ab") + masked(0xC2, b"bomb") + masked(0xC2, b"c"))

        assert got == [(b"abab", True), (b"cc", False)]

    async def test_pings_are_answered_and_pongs_reported(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        link.data_received(masked(0x89, b"?") + masked(0x8A, b"!"))

        assert link.transport.written == [b"\x8a\x01?"]
        assert link.calls == [("pong", b"!")]

    async def test_what_is_discarded_is_not_looked_at(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)
        link.discards = True

        link.data_received(masked(0x82, b"x"))

        assert (got, link.calls) == ([], [])

    async def test_while_closing_messages_are_dropped_but_seen(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got = collecting(link)
        link.can_send = False

        link.data_received(masked(0x82, b"x") + masked(0x88, b"") + masked(0x89, b""))

        assert got == []
        assert link.calls == [("frame", masked(0x88, b""))]
        assert link.transport.written == []

    async def test_a_callback_that_raises_is_reported(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        def fail(payload: bytes, is_text: bool) -> None:
            raise KeyError(payload.decode())

        link.set_reader(fail, False)
        link.data_received(masked(0x82, b"a") + masked(0x82, b"b"))

        assert link.calls == [("failed", "'a'"), ("failed", "'b'")]

    async def test_a_callback_may_pause_and_go_on(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        got: list[bytes] = []

        def pause(payload: bytes, is_text: bool) -> None:
            got.append(payload)
            link.paused = True

        link.set_reader(pause, False)
        link.data_received(masked(0x82, b"a") + masked(0x82, b"b") + masked(0x82, b"c"))
        link.data_received(masked(0x82, b"d"))

        for expected in ([b"a"], [b"a", b"b"], [b"a", b"b", b"c"], [b"a", b"b", b"c", b"d"]):
            assert got == expected
            link.paused = False
            link.go_on_delivering()

    async def test_nothing_is_looked_at_before_it_begins(self, kernel: ModuleType) -> None:
        link = type(owner(kernel))()
        link.attach(Pipe())
        got = collecting(link)

        link.data_received(masked(0x82, b"early"))
        assert got == []
        link.begin()

        assert got == [(b"early", False)]


class TestTaking:
    async def test_messages_wait_for_who_takes_them(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"a") + masked(0x82, b"b"))

        assert link.waiting_messages == 2
        assert await link.next_message() == "a"
        assert await link.next_message(decode=False) == b"b"

    async def test_a_text_may_be_taken_either_way_whenever_it_came(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"a") + masked(0x81, b"b"))
        assert await link.next_message(decode=False) == b"a"

        link.data_received(masked(0x81, b"c"))

        assert await link.next_message(decode=True) == "b"
        assert await link.next_message(decode=True) == "c"

    async def test_who_waits_is_woken(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        async with asyncio.TaskGroup() as tasks:

            async def take() -> str:
                taken: str = await link.next_message()
                return taken

            waiting = tasks.create_task(take())
            await asyncio.sleep(0)
            assert link.has_reader
            link.data_received(masked(0x81, b"late"))

        assert waiting.result() == "late"
        assert not link.has_reader

    async def test_one_that_is_cancelled_at_the_last_moment_loses_nothing(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)

        async def take() -> None:
            await link.next_message()

        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(take())
            await asyncio.sleep(0)
            link.data_received(masked(0x81, b"kept"))
            waiting.cancel()

        assert not link.has_reader
        assert await link.next_message() == "kept"

    async def test_a_batch_is_all_that_is_here(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"a") + masked(0x82, b"b"))

        assert await link.next_batch() == ["a", b"b"]

    async def test_a_full_inbox_pauses_and_an_empty_one_goes_on(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.data_received(b"".join(masked(0x82, b"%d" % number) for number in range(10)))

        assert link.waiting_messages == 4
        taken = [await link.next_message() for _ in range(10)]

        assert taken == [b"%d" % number for number in range(10)]

    async def test_iteration_ends_where_the_owner_says_so(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"last"))
        link.discards = True

        assert [message async for message in link] == ["last"]
        with pytest.raises(EOFError):
            await link.next_message()

    async def test_what_waits_goes_to_a_callback_that_comes_later(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"a") + masked(0x82, b"b"))

        got = collecting(link)
        link.go_on_delivering()

        assert got == [(b"a", True), (b"b", False)]
        assert link.messages_received == 2


class TestSending:
    async def test_the_first_leaves_at_once_and_the_others_at_the_end_of_the_turn(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)

        link.send_nowait("a")
        link.send_nowait(b"b")
        link.send_nowait(b"c", text=True)
        assert link.transport.written == [b"\x81\x01a"]
        assert link.collected_bytes == 6
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert link.transport.written == [b"\x81\x01a", b"\x82\x01b\x81\x01c"]

    async def test_replies_of_a_callback_leave_together(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.set_reader(lambda payload, is_text: link.send_nowait(payload, text=is_text), False)

        link.data_received(masked(0x81, b"a") + masked(0x82, b"b") + masked(0x89, b"p"))

        assert link.transport.written == [b"\x81\x01a\x82\x01b\x8a\x01p"]

    async def test_replies_of_a_reader_that_has_more_to_take_leave_with_the_last(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)
        link.data_received(masked(0x81, b"a") + masked(0x81, b"b") + masked(0x81, b"c"))

        while link.waiting_messages:
            link.send_nowait(await link.next_message())

        assert link.transport.written == [b"\x81\x01a\x81\x01b\x81\x01c"]

    @pytest.mark.parametrize("size", [0, 125, 126, 5000, 16384, 65535, 65536, 200_000])
    async def test_every_size_is_framed(self, kernel: ModuleType, size: int) -> None:
        link = owner(kernel)
        link.send_nowait(b"before")

        link.send_nowait(bytes(size))
        link.flush()

        sent = b"".join(link.transport.written)[8:]
        assert sent[:1] == b"\x82"
        assert sent.endswith(bytes(size))
        assert len(sent) - size == (2 if size < 126 else 4 if size < 65536 else 10)

    @pytest.mark.parametrize("size", [0, 125, 126, 5000, 70_000])
    async def test_a_client_masks_with_keys_of_its_own(self, kernel: ModuleType, size: int) -> None:
        link = owner(kernel, "client")
        payload = bytes(number % 251 for number in range(size))

        link.send_nowait(payload)
        link.send_nowait(payload)
        link.flush()

        sent = b"".join(link.transport.written)
        one, other = sent[: len(sent) // 2], sent[len(sent) // 2 :]
        head = len(one) - size
        assert one[: head - 4] == other[: head - 4]
        assert one[head - 4 : head] != other[head - 4 : head]
        key = one[head - 4 : head]
        assert bytes(octet ^ key[i % 4] for i, octet in enumerate(one[head:])) == payload

    async def test_what_is_compressed_goes_to_the_owner(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.deflates = True

        link.send_nowait("a")
        link.send_nowait("b", compress=False)
        link.flush()

        assert link.transport.written == [b"<a>", b"\x81\x01b"]

    async def test_while_full_frames_go_to_the_owner(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.pause_writing()

        link.send_nowait("a")
        link.data_received(masked(0x89, b"p"))
        link.send_frame_bytes(b"framed", 3)
        link.resume_writing()

        assert link.calls == [
            ("keep", b"\x81\x01a", 1),
            ("keep", b"\x8a\x01p", 0),
            ("keep", b"framed", 3),
            ("drained",),
        ]
        assert link.transport.written == []

    async def test_what_was_collected_before_it_was_full_is_kept_in_order(
        self, kernel: ModuleType
    ) -> None:
        link = owner(kernel)
        link.send_nowait("a")
        link.send_nowait("b")

        link.pause_writing()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        assert link.transport.written == [b"\x81\x01a"]
        assert link.calls == [("keep", b"\x81\x01b", 1)]

    async def test_what_cannot_be_sent_raises(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        with pytest.raises(ValueError, match="lone surrogate"):
            link.send_nowait("\ud800")
        with pytest.raises(TypeError):
            link.send_nowait(5)

        link.can_send = False

        with pytest.raises(EOFError):
            link.send_nowait("a")
        assert link.transport.written == []

    async def test_who_only_sends_gives_way_now_and_then(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        for _ in range(127):
            await link.send("a")
        assert link.calls == []
        await link.send("b")
        assert link.calls == [("gave way",)]
        await link.send(bytes(1 << 20))  # worth as many again

        assert link.calls == [("gave way",)] * 2

    async def test_waiting_for_a_message_is_giving_way(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        for _ in range(300):
            asyncio.get_running_loop().call_soon(link.data_received, masked(0x81, b"a"))
            await link.send(await link.next_message())

        assert link.calls == []

    async def test_buffers_are_bytes(self, kernel: ModuleType) -> None:
        link = owner(kernel)

        link.send_nowait(bytearray(b"a"))
        link.send_nowait(memoryview(b"bc")[1:])
        link.flush()

        assert b"".join(link.transport.written) == b"\x82\x01a\x82\x01c"

    async def test_after_the_end_nothing_is_sent(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        link.send_nowait("a")
        link.send_nowait("b")

        link.abandon()
        await asyncio.sleep(0)
        link.put_bytes(b"x")
        link.send_frame_bytes(b"y", 1)

        assert link.transport.written == [b"\x81\x01a"]

    async def test_everything_is_counted(self, kernel: ModuleType) -> None:
        link = owner(kernel)
        collecting(link)

        link.data_received(masked(0x81, b"abc") + masked(0x89, b""))
        link.send_nowait("12345")

        assert (link.messages_received, link.bytes_received, link.wire_bytes_received) == (1, 3, 15)
        assert (link.messages_sent, link.bytes_sent) == (1, 5)
        assert (link.sends, link.wire_bytes_sent) == (2, 2 + 7)
