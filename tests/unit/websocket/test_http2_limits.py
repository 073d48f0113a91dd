import pytest

from strikewire.websocket.http2_limits import Http2Limits


def test_the_windows_are_at_least_what_a_peer_may_fill_before_it_is_told() -> None:
    assert Http2Limits(stream_window_bytes=65_535, connection_window_bytes=65_535)

    with pytest.raises(ValueError, match="a window is 65535 to 2147483647 bytes"):
        Http2Limits(stream_window_bytes=65_534)
    with pytest.raises(ValueError, match="a window is"):
        Http2Limits(connection_window_bytes=1 << 31)


@pytest.mark.parametrize("name", ["streams_max", "resets_max", "control_frames_max"])
def test_every_count_leaves_room_for_one(name: str) -> None:
    with pytest.raises(ValueError, match="limited to one at least"):
        Http2Limits(**{name: 0})


def test_the_flood_window_is_longer_than_nothing() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        Http2Limits(flood_window_s=0)
