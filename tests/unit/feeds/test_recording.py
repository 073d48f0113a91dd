import gzip
import io
import re
from pathlib import Path

import pytest

from strikewire.feeds import recording as recording_module
from strikewire.feeds.recording import (
    MessageKind,
    RecordedMessage,
    Recording,
    RecordingError,
    RecordingFooter,
    RecordingFormatError,
    RecordingHeader,
    RecordingTruncatedError,
    RecordingVersionError,
    RecordingWriter,
)

HEADER = RecordingHeader(
    venue="binance", symbol="BTCUSDT", index="btc_usd", start_ns=5, origin="me", licence="MIT"
)
MESSAGES = [
    RecordedMessage(0, MessageKind.STREAM, b'{"a": 1}'),
    RecordedMessage(3, MessageKind.SNAPSHOT, b'{"b": 2} x \xff'),
    RecordedMessage(3, MessageKind.STREAM, b""),
]
TEXT = (
    b'{"format":"strikewire-recording","version":1,"venue":"binance","symbol":"BTCUSDT",'
    b'"index":"btc_usd","start_ns":5,"origin":"me","licence":"MIT","note":""}\n'
    b'0 m {"a": 1}\n'
    b'3 s {"b": 2} x \xff\n'
    b"0 m \n"
    b'{"messages":3,"duration_ns":3,"crc32":%d}\n'
)
CRC32 = 1_451_511_131
WHOLE = TEXT % CRC32


def write(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text))
    return path


def test_a_recording_is_written_as_the_format_says(tmp_path: Path) -> None:
    path = tmp_path / "a.swrec.gz"

    with RecordingWriter(path, HEADER) as writer:
        for message in MESSAGES:
            writer.write(message)

    assert gzip.decompress(path.read_bytes()) == WHOLE


def test_the_same_messages_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with RecordingWriter(tmp_path / name, HEADER) as writer:
            writer.write(MESSAGES[0])

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_recording_is_read_as_often_as_wanted(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "a", WHOLE))

    assert recording.header == HEADER
    assert list(recording) == [*MESSAGES, RecordingFooter(3, 3, CRC32)]
    assert list(recording) == list(recording)


def test_the_example_in_the_documentation_is_a_recording(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "concepts" / "feeds.md"
    (example,) = re.findall(r"```\n(\{\"format\".*?)```", page.read_text(), re.DOTALL)

    message, footer = Recording(write(tmp_path / "a", example.encode()))

    assert isinstance(message, RecordedMessage)
    assert isinstance(footer, RecordingFooter)


def test_an_error_while_writing_leaves_a_file_without_footer(tmp_path: Path) -> None:
    path = tmp_path / "a"

    writer = RecordingWriter(path, HEADER)
    writer.write(MESSAGES[1])

    with pytest.raises(ValueError, match="message at 2 ns follows one at 3"), writer:
        writer.write(RecordedMessage(2, MessageKind.STREAM, b"{}"))

    with pytest.raises(RecordingTruncatedError, match="ends after line 2, without a footer"):
        list(Recording(path))


def test_a_payload_with_a_line_feed_is_refused(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a", HEADER)

    with pytest.raises(ValueError, match="payload holds a line feed"), writer:
        writer.write(RecordedMessage(0, MessageKind.STREAM, b"{\n}"))

    assert Recording(tmp_path / "a").header == HEADER


@pytest.mark.parametrize(
    ("found", "replacement", "line", "reason"),
    [
        (b'{"format":', b'{"form":', 1, "not a recording header"),
        (b"strikewire-recording", b"something-else", 1, "format is 'something-else'"),
        (b'"BTCUSDT"', b"7", 1, "not a recording header"),
        (b"0 m {", b"x m {", 2, "is not '<delta> <kind> <payload>'"),
        (b"3 s {", b"3 q {", 3, "is not '<delta> <kind> <payload>'"),
        (b"0 m \n", b"-1 m \n", 4, "is not '<delta> <kind> <payload>'"),
        (b"0 m \n", b"\n", 4, "is not '<delta> <kind> <payload>'"),
        (b'{"messages":3', b'{"messages":true', 5, "not a recording footer"),
        (b'{"messages":3', b'{"messages":4', 5, "the footer says"),
        (b'"a": 1', b'"a": 2', 5, "the footer says"),
        (b'"duration_ns":3', b'"duration_ns":4', 5, "the footer says"),
    ],
)
def test_a_bad_line_is_named_with_its_number(
    tmp_path: Path, found: bytes, replacement: bytes, line: int, reason: str
) -> None:
    assert found in WHOLE
    path = write(tmp_path / "a", WHOLE.replace(found, replacement))

    with pytest.raises(RecordingFormatError) as caught:
        list(Recording(path))

    assert caught.value.line == line
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"line {line}: ")


def test_a_recording_of_another_version_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a", WHOLE.replace(b'"version":1', b'"version":2'))

    with pytest.raises(RecordingVersionError, match="version 2, this reader knows 1") as caught:
        Recording(path)

    assert (caught.value.found, caught.value.expected) == (2, 1)


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_a_cut_text_is_told_by_the_missing_footer(tmp_path: Path, kept: int) -> None:
    with pytest.raises(RecordingTruncatedError):
        list(Recording(write(tmp_path / "a", WHOLE[:kept])))


def test_a_cut_file_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(WHOLE)[:-12])

    with pytest.raises(RecordingTruncatedError):
        list(Recording(path))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(WHOLE))
    data[30:40] = bytes(10)
    path = tmp_path / "a"
    path.write_bytes(data)

    with pytest.raises(RecordingError):
        list(Recording(path))


def test_a_file_that_is_not_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(WHOLE)

    with pytest.raises(RecordingFormatError, match="line 1: damaged"):
        Recording(path)


def test_an_endless_line_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "LINE_BYTES_MAX", 1_000)
    path = write(tmp_path / "a", WHOLE.replace(b"0 m \n", b"0 m " + b"x" * 2_000 + b"\n"))

    with pytest.raises(RecordingFormatError, match="line 3: longer than 1000 bytes"):
        list(Recording(path))


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recording(tmp_path / "none")


def test_every_file_is_closed_again(tmp_path: Path) -> None:
    opened: list[io.BufferedReader] = []

    class Watched(type(tmp_path)):  # type: ignore[misc]  # the concrete path of this platform
        def open(self, mode: str) -> io.BufferedReader:
            opened.append(io.BufferedReader(io.FileIO(str(self))))
            return opened[-1]

    recording = Recording(Watched(write(tmp_path / "a", WHOLE)))
    list(recording)

    assert len(opened) == 2
    assert all(file.closed for file in opened)
