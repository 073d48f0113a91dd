"""The kernel, interpreted and (where built) compiled, against Python's decoder and each other."""

from pathlib import Path
from types import ModuleType

import pytest

from strikewire.websocket.kernels import utf8
from tests.twins import interpreted


def compiled() -> ModuleType:
    if Path(utf8.__file__).suffix == ".py":
        pytest.skip("the kernel is not compiled here")
    return utf8


@pytest.fixture(params=["interpreted", "compiled"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    if request.param == "compiled":
        return compiled()
    (twin,) = interpreted("strikewire.websocket.kernels", "utf8")
    return twin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "κόσμε",
        "\x7f\x80\u07ff",  # the edges of one and two bytes
        "\u0800\ud7ff\ue000\uffff",  # of three, with the surrogates left out
        "\U00010000\U0010ffff",  # of four
    ],
)
def test_well_formed_text_is_complete(kernel: ModuleType, text: str) -> None:
    assert kernel.advance(utf8.COMPLETE, text.encode()) == utf8.COMPLETE


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("80", "a tail without a head"),
        ("bf", "a tail without a head"),
        ("c0", "can only begin an overlong form"),
        ("c1", "can only begin an overlong form"),
        ("c328", "a head without its tail"),
        ("e080", "overlong: below U+0800"),
        ("e09f", "overlong: below U+0800"),
        ("eda0", "a surrogate"),
        ("edbf", "a surrogate"),
        ("f080", "overlong: below U+10000"),
        ("f08f", "overlong: below U+10000"),
        ("f490", "beyond U+10FFFF"),
        ("f5", "beyond U+10FFFF"),
        ("ff", "never in UTF-8"),
        ("e282c0", "a third byte that is no tail"),
        ("f09f9841", "a fourth byte that is no tail"),
        ("6162ff6364", "in the middle of good text"),
    ],
)
def test_ill_formed_text_is_rejected(kernel: ModuleType, data: str, why: str) -> None:
    assert kernel.advance(utf8.COMPLETE, bytes.fromhex(data)) == utf8.REJECT, why


@pytest.mark.parametrize(
    "data", ["c3", "e2", "e282", "f0", "f09f", "f09f98", "e0a0", "ed9f", "f48f"]
)
def test_an_unfinished_character_is_neither_complete_nor_rejected(
    kernel: ModuleType, data: str
) -> None:
    state = kernel.advance(utf8.COMPLETE, bytes.fromhex(data))

    assert state not in (utf8.COMPLETE, utf8.REJECT)


def by_python(data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return "unfinished" if "unexpected end" in error.reason else "rejected"
    return "complete"


def test_every_two_bytes_are_judged_as_python_judges_them(kernel: ModuleType) -> None:
    words = {utf8.COMPLETE: "complete", utf8.REJECT: "rejected"}
    for first in range(0x7F, 0x100):
        for second in range(0x100):
            data = bytes([first, second])

            state = kernel.advance(utf8.COMPLETE, data)

            assert words.get(state, "unfinished") == by_python(data), data


def test_text_may_be_cut_anywhere(kernel: ModuleType) -> None:
    data = "aé€😀z".encode()
    for cut in range(len(data) + 1):
        state = kernel.advance(utf8.COMPLETE, data[:cut])

        assert kernel.advance(state, data[cut:]) == utf8.COMPLETE


def test_every_state_takes_exactly_its_row_of_the_table(kernel: ModuleType) -> None:
    rows = {
        utf8.TAIL_1: (0x80, 0xBF, utf8.COMPLETE),
        utf8.TAIL_2: (0x80, 0xBF, utf8.TAIL_1),
        utf8.TAIL_3: (0x80, 0xBF, utf8.TAIL_2),
        utf8.AFTER_E0: (0xA0, 0xBF, utf8.TAIL_1),
        utf8.AFTER_ED: (0x80, 0x9F, utf8.TAIL_1),
        utf8.AFTER_F0: (0x90, 0xBF, utf8.TAIL_2),
        utf8.AFTER_F4: (0x80, 0x8F, utf8.TAIL_2),
    }

    for state, (lowest, highest, then) in rows.items():
        for byte in range(256):
            expected = then if lowest <= byte <= highest else utf8.REJECT
            assert kernel.advance(state, bytes([byte])) == expected
