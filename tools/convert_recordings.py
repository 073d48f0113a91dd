"""Make the shipped recordings, and the tests' sample of tickers, from published raw captures.

    python tools/convert_recordings.py CAPTURES

CAPTURES is a folder with these files:

| file                                | from                                        | licence   |
|-------------------------------------|---------------------------------------------|-----------|
| binance/usdm_btcusdt_20240808.gz    | nkaz001/hftbacktest, examples               | MIT       |
| other/BYBIT.ws.25.0.zst             | bmoscon/cryptofeed, sample_data             | X11-style |
| deribit/2021-{04-17,07-22}.ws.zst   | bmoscon/cryptofeed, sample_data             | X11-style |

Payloads are kept byte for byte. What is left out, and why, is said in each header's `note` and in
`src/strikewire/feeds/recordings/ORIGIN.md`. The same captures always give the same files.
"""

import argparse
import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import zstandard

from strikewire.feeds import MessageKind, RecordedMessage, RecordingHeader, RecordingWriter
from strikewire.feeds.player import SHIPPED

ROOT = Path(__file__).parent.parent
RECORDINGS = ROOT / "src/strikewire/feeds/recordings"
TICKERS = ROOT / "tests/data/deribit_tickers.jsonl"

HFTBACKTEST = "Recorded by nkaz001, published in github.com/nkaz001/hftbacktest (examples)"
CRYPTOFEED = "Recorded by bmoscon, published in github.com/bmoscon/cryptofeed (sample_data)"

TICKER_FIELDS = (
    "instrument_name",
    "timestamp",
    "underlying_price",
    "index_price",
    "mark_price",
    "mark_iv",
    "best_bid_price",
    "best_ask_price",
    "bid_iv",
    "ask_iv",
    "greeks",
)


def main() -> None:
    """Convert everything and print what was made."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("captures", type=Path, help="folder with the raw captures")
    captures: Path = parser.parse_args().captures
    RECORDINGS.mkdir(exist_ok=True)
    convert_binance(captures / "binance/usdm_btcusdt_20240808.gz")
    convert_bybit(captures / "other/BYBIT.ws.25.0.zst")
    convert_tickers(sorted((captures / "deribit").glob("*.ws.zst")))
    for path in (*(RECORDINGS / name for name in SHIPPED.values()), TICKERS):
        print(f"{path.stat().st_size:>9} bytes  {path.relative_to(ROOT)}")


def convert_binance(capture: Path) -> None:
    """Keep every depth message and snapshot, and the book tickers that move a price."""
    with gzip.open(capture) as lines:
        messages = [(int(time_ns), payload) for time_ns, payload in map(_halves, lines)]
    header = RecordingHeader(
        venue="binance",
        symbol="BTCUSDT",
        index="btc_usd",
        start_ns=messages[0][0],
        origin=HFTBACKTEST,
        licence="MIT",
        note="Trades are left out, and book tickers that change neither price.",
    )
    with RecordingWriter(RECORDINGS / SHIPPED["btc_usd"], header) as writer:
        touch = None
        for time_ns, payload in messages:
            kind = MessageKind.STREAM
            if payload.startswith(b'{"lastUpdateId"'):
                kind = MessageKind.SNAPSHOT
            elif b"@bookTicker" in payload:
                data = json.loads(payload)["data"]
                if touch == (touch := (data["b"], data["a"])):
                    continue
            elif b"@depth" not in payload:
                continue
            writer.write(RecordedMessage(time_ns - header.start_ns, kind, payload))


def convert_bybit(capture: Path) -> None:
    """Keep the order book messages of ETHUSDT."""
    messages = [
        (int(Decimal(time_s) * 1_000_000_000), payload)
        for time_s, payload in _cryptofeed_lines(capture)
        if payload.startswith('{"topic":"orderBookL2_25.ETHUSDT"')
    ]
    header = RecordingHeader(
        venue="bybit",
        symbol="ETHUSDT",
        index="eth_usd",
        start_ns=messages[0][0],
        origin=CRYPTOFEED,
        licence="XFree86-1.1",
        note="Other symbols and trades are left out.",
    )
    with RecordingWriter(RECORDINGS / SHIPPED["eth_usd"], header) as writer:
        for time_ns, payload in messages:
            offset_ns = time_ns - header.start_ns
            writer.write(RecordedMessage(offset_ns, MessageKind.STREAM, payload.encode()))


def convert_tickers(captures: list[Path]) -> None:
    """Keep of each option ticker the numbers that belong to pricing, one JSON object a line."""
    with TICKERS.open("w") as out:
        for capture in captures:
            for _, payload in _cryptofeed_lines(capture):
                params = json.loads(payload).get("params", {})
                if str(params.get("channel", "")).startswith("ticker."):
                    ticker = {name: params["data"][name] for name in TICKER_FIELDS}
                    out.write(json.dumps(ticker) + "\n")


def _halves(line: bytes) -> tuple[bytes, bytes]:
    time_ns, _, payload = line.rstrip(b"\n").partition(b" ")
    return time_ns, payload


def _cryptofeed_lines(capture: Path) -> Iterator[tuple[str, str]]:
    """Yield receive time in seconds and payload; lines about the connection are left out."""
    text = zstandard.ZstdDecompressor().stream_reader(capture.read_bytes()).read().decode()
    for line in text.splitlines():
        time_s, separator, payload = line.partition(": ")
        if separator and "<-" not in time_s and "->" not in time_s:
            yield time_s, payload


if __name__ == "__main__":
    main()
