from strikewire.websocket.published import Published
from strikewire.websocket.shared_deflate import SharedDeflater, SharedMessage


class Peer:
    def __init__(self, group: object = None) -> None:
        self.shared_group = group
        self.next_shared = -1


GROUP = SharedDeflater()
PLAIN = b"\x81\x05hello"


def published(sequence: int, *, is_keyframe: bool = False) -> Published:
    deflated = b"#%d" % sequence  # made up
    shared = SharedMessage(
        stream=GROUP, sequence=sequence, is_keyframe=is_keyframe, deflated=deflated
    )
    return Published(b"hello", is_text=True, shared=shared)


def squeezed(sequence: int) -> bytes:
    return b"\xc1\x02#%d" % sequence


def test_without_a_group_there_is_one_frame() -> None:
    assert Published(b"hello", is_text=True).frame_for(Peer()) == PLAIN
    assert Published(b"\xff", is_text=False).frame_for(Peer()) == b"\x82\x01\xff"


def test_who_is_in_no_group_or_another_gets_it_plain() -> None:
    message = published(0, is_keyframe=True)

    assert message.frame_for(Peer()) == PLAIN
    assert message.frame_for(Peer(object())) == PLAIN


def test_a_follower_begins_with_a_keyframe() -> None:
    peer = Peer(GROUP)

    sent = [published(3).frame_for(peer), published(4, is_keyframe=True).frame_for(peer)]

    assert sent == [PLAIN, squeezed(4)]
    assert peer.next_shared == 5


def test_a_follower_goes_on_while_it_misses_nothing() -> None:
    peer = Peer(GROUP)

    sent = [published(n, is_keyframe=n == 0).frame_for(peer) for n in (0, 1, 2)]

    assert sent == [squeezed(0), squeezed(1), squeezed(2)]


def test_who_missed_one_waits_for_a_keyframe() -> None:
    peer = Peer(GROUP)
    published(0, is_keyframe=True).frame_for(peer)

    sent = [
        published(2).frame_for(peer),
        published(3).frame_for(peer),
        published(4, is_keyframe=True).frame_for(peer),
    ]

    assert sent == [PLAIN, PLAIN, squeezed(4)]
