"""The kernel, interpreted and (where built) compiled, against the definition and each other."""

from pathlib import Path
from types import ModuleType

import pytest

from strikewire.websocket.kernels import mask
from tests.twins import interpreted

KEY = bytes.fromhex("37fa213d")


def compiled() -> ModuleType:
    if Path(mask.__file__).suffix == ".py":
        pytest.skip("the kernel is not compiled here")
    return mask


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    if request.param == "compiled":
        return compiled()
    (twin,) = interpreted("strikewire.websocket.kernels", "mask")
    return twin


def by_definition(data: bytes, key: bytes) -> bytes:
    # 5.3: j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j
    return bytes(octet ^ key[i % 4] for i, octet in enumerate(data))


def test_the_example_of_the_rfc(kernel: ModuleType) -> None:
    # 5.7: a single-frame masked text message, "Hello".
    assert kernel.apply(b"Hello", KEY) == bytes.fromhex("7f9f4d5158")


def test_the_same_operation_undoes_it(kernel: ModuleType) -> None:
    assert kernel.apply(bytes.fromhex("7f9f4d5158"), KEY) == b"Hello"


def test_nothing_stays_nothing(kernel: ModuleType) -> None:
    assert kernel.apply(b"", KEY) == b""


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 125, 126, 4099])
def test_every_length_is_masked_as_defined(kernel: ModuleType, size: int) -> None:
    data = bytes(i * 7 % 256 for i in range(size))

    assert kernel.apply(data, KEY) == by_definition(data, KEY)


def test_the_payload_given_is_left_as_it_was(kernel: ModuleType) -> None:
    data = bytes(range(64))

    kernel.apply(data, KEY)

    assert data == bytes(range(64))


def test_a_key_has_four_bytes(kernel: ModuleType) -> None:
    with pytest.raises(AssertionError):
        kernel.apply(b"Hello", b"abc")
