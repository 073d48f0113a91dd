from strikewire.websocket.extensions import Agreement, Compression
from strikewire.websocket.frames import Opcode, encode_frame
from strikewire.websocket.prepared import prepare
from strikewire.websocket.protocol import Protocol

TICKER = b'{"best_bid_price":61800.0,"best_ask_price":61800.5,"mark_price":61800.25}'


def agreement(*, server_keeps_context: bool, window_bits: int = 12) -> Agreement:
    return Agreement(
        server_window_bits=window_bits,
        client_window_bits=15,
        server_keeps_context=server_keeps_context,
        client_keeps_context=True,
        compression=Compression(),
    )


def test_str_is_text_and_bytes_are_binary_unless_said_otherwise() -> None:
    assert prepare("a").frame(None) == encode_frame(Opcode.TEXT, b"a")
    assert prepare(b"a").frame(None) == encode_frame(Opcode.BINARY, b"a")
    assert prepare(b"a", text=True).frame(None) == encode_frame(Opcode.TEXT, b"a")
    assert prepare("a", text=False).frame(None) == encode_frame(Opcode.BINARY, b"a")


def test_one_frame_serves_all_connections() -> None:
    message = prepare(TICKER, text=True)

    assert message.frame(None) is message.frame(None)


def test_where_contexts_are_kept_it_is_sent_as_it_is() -> None:
    message = prepare(TICKER, text=True)

    assert message.frame(agreement(server_keeps_context=True)) is message.frame(None)


def test_where_no_context_is_kept_it_is_compressed_once_for_each_window() -> None:
    message = prepare(TICKER, text=True)
    wide, narrow = (agreement(server_keeps_context=False, window_bits=bits) for bits in (15, 9))

    frame = message.frame(wide)

    assert frame[0] == 0xC1
    assert len(frame) < len(TICKER)
    assert message.frame(wide) is frame
    assert message.frame(narrow) is not frame
    client = Protocol("client", agreement=wide, mask_key=lambda: b"abcd")
    client.receive_data(frame)
    event = client.next_event()
    assert event is not None
    assert getattr(event, "payload", None) == TICKER


def test_a_message_that_compression_makes_longer_is_sent_as_it_is() -> None:
    message = prepare(bytes(range(100)))

    assert message.frame(agreement(server_keeps_context=False)) == message.frame(None)


def test_a_short_message_is_not_worth_compressing() -> None:
    message = prepare(b"short", text=True)

    assert message.frame(agreement(server_keeps_context=False)) is message.frame(None)
