import msgspec
import pytest

from strikewire.websocket.limits import Limits


def test_every_limit_is_positive_or_switched_off() -> None:
    switched_off = [name for name, value in msgspec.structs.asdict(Limits()).items() if not value]

    assert switched_off == [
        "kernel_send_bytes",
        "kernel_unsent_bytes",
        "connections_per_address_max",
        "requests_per_address_per_s",
    ]


def test_one_limit_is_changed_by_name() -> None:
    limits = Limits(message_bytes_max=32_768)

    assert (limits.message_bytes_max, limits.frame_bytes_max) == (32_768, 1_048_576)


def test_limits_are_not_given_by_position() -> None:
    with pytest.raises(TypeError):
        Limits(1)  # type: ignore[call-arg] # that is the point
