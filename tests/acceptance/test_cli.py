"""The commands as people and scripts use them, against a venue in a process of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SECONDS_MAX = 60
NO_VARIABLES: Mapping[str, str] = {}


def strikewire(*arguments: str, ok: bool = True, env: Mapping[str, str] = NO_VARIABLES) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "strikewire.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        # Nobody's home, and nothing may be made there: not by root either.
        env={"PATH": "/usr/bin:/bin", "HOME": "/dev/null", **env},
    )
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done


class Served:
    """A venue started by `strikewire serve`."""

    def __init__(self, folder: Path) -> None:
        config = folder / "venue.toml"
        config.write_text(
            "[server]\nport = 0\ntls_port = 0\n"
            "[instruments]\nfamilies = ['BTC']\noption_expiries = 2\noption_strikes = 5\n"
            "[makers]\nenabled = true\n"
            "[[accounts]]\nname = 'desk'\ndeposits = { BTC = 5 }\n"
        )
        self.data_dir = folder / "data"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "strikewire.cli", "serve", "--json"),
                *("--config", str(config), "--data-dir", str(self.data_dir)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = json.loads(self.process.stdout.readline())

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=SECONDS_MAX)
        assert self.process.returncode == 0, errors
        return errors


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("venue"))
    yield served
    served.stop()


@pytest.fixture
def url(venue: Served) -> dict[str, str]:
    return {"STRIKEWIRE_URL": venue.address["ws"]}


def test_watch_prints_notes_as_lines_for_people_and_for_programs(url: dict[str, str]) -> None:
    channels = ("ticker.BTC-PERPETUAL.100ms", "book.BTC-PERPETUAL.100ms")

    words = strikewire("watch", *channels, "--count", "4", env=url).stdout
    lines = strikewire("watch", *channels, "--count", "4", "--json", env=url).stdout.splitlines()

    assert len(words.splitlines()) == 4
    assert "  bid " in words
    assert {json.loads(line)["channel"] for line in lines} == set(channels)


def test_watch_over_tls_with_a_key_sees_private_channels(venue: Served) -> None:
    key = json.loads(
        strikewire(
            "keys", "list", "--secrets", "--json", "--data-dir", str(venue.data_dir)
        ).stdout.splitlines()[0]
    )

    done = strikewire(
        *("watch", "user.portfolio.BTC", "--count", "1", "--json"),
        *("--url", venue.address["wss"], "--ca-file", venue.address["ca_file"]),
        env={
            "STRIKEWIRE_CLIENT_ID": key["client_id"],
            "STRIKEWIRE_CLIENT_SECRET": key["client_secret"],
        },
    )

    assert json.loads(done.stdout)["data"]["balance"] == 5.0


def test_book_shows_the_ladder_once_or_as_json(url: dict[str, str]) -> None:
    table = strikewire("book", "BTC-PERPETUAL", "--depth", "3", env=url).stdout
    view = json.loads(strikewire("book", "BTC-PERPETUAL", "--json", env=url).stdout)

    assert "spread" in table
    assert view["instrument_name"] == "BTC-PERPETUAL"
    assert view["bids"][0][0] < view["asks"][0][0]


def test_chain_shows_calls_strikes_and_puts(url: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / "chain.svg"

    table = strikewire("chain", "btc", "--svg", str(picture), env=url).stdout
    chain = json.loads(strikewire("chain", "BTC", "--json", env=url).stdout)
    first = json.loads(
        strikewire("chain", "BTC", "--json", "--expiry", chain["expiries"][0], env=url).stdout
    )

    assert "strike" in table
    assert "▶" in table
    assert picture.read_text().startswith("<svg")
    assert len(chain["rows"]) >= 5
    for row in chain["rows"]:
        assert 0 <= row["call"]["delta"] <= 1
        assert -1 <= row["put"]["delta"] <= 0
        assert row["call"]["iv"] > 0
    assert first["expiry"] == chain["expiries"][0]


def test_surface_shows_volatilities_by_delta_and_draws_pictures(
    url: dict[str, str], tmp_path: Path
) -> None:
    table = strikewire("surface", "btc", "--png", str(tmp_path / "drawn"), env=url)
    surface = json.loads(strikewire("surface", "BTC", "--json", env=url).stdout)

    assert "25Δ P" in table.stdout
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {
        "smiles.png",
        "surface.png",
        "term.png",
    }
    assert surface["rows"]
    for row in surface["rows"]:
        # The market makers quote around the venue's marks.
        assert 20 < row["at_the_money"] < 120
        assert row["residual"] <= 0.5
    assert 20 < surface["volatility_index"] < 120


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("surface", "DOGE"), 1, "there are no options of DOGE"),
        (("book", "NOPE"), 4, "13020"),
        (("watch", "nonsense"), 4, "nonsense: not subscribed"),
        (("chain", "BTC", "--expiry", "1JAN99"), 1, "no expiry 1JAN99; there are "),
        (("chain", "DOGE"), 1, "there are no options of DOGE"),
        (("watch", "user.portfolio.BTC"), 4, "not subscribed"),
        (("book", "BTC-PERPETUAL", "--url", "ws://127.0.0.1:1/"), 4, "cannot connect"),
        (("book", "BTC-PERPETUAL", "--url", "http://127.0.0.1:1/"), 4, "cannot connect"),
        (
            ("book", "BTC-PERPETUAL", "--client-id", "x", "--client-secret", "y"),
            4,
            "13004 invalid_credentials",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_a_code(
    url: dict[str, str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = strikewire(*arguments, ok=False, env=url)

    assert done.returncode == code
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_new_key_works_after_a_hangup_and_a_revoked_one_no_more(
    venue: Served, url: dict[str, str]
) -> None:
    folder = ("--data-dir", str(venue.data_dir))
    made = json.loads(strikewire("keys", "create", "desk", "--json", *folder).stdout)
    key = {
        "STRIKEWIRE_CLIENT_ID": made["client_id"],
        "STRIKEWIRE_CLIENT_SECRET": made["client_secret"],
    }
    show = ("watch", "user.portfolio.BTC", "--count", "1")

    before = strikewire(*show, ok=False, env=key | url)
    venue.process.send_signal(signal.SIGHUP)
    strikewire(*show, env=key | url)
    strikewire("keys", "revoke", made["client_id"], *folder)
    venue.process.send_signal(signal.SIGHUP)
    after = strikewire(*show, ok=False, env=key | url)

    assert "13004" in before.stderr
    assert "13004" in after.stderr


def test_a_running_venues_journal_is_in_use_and_a_stopped_ones_is_proved(tmp_path: Path) -> None:
    venue = Served(tmp_path)

    running = strikewire("journal", "verify", str(venue.data_dir), ok=False)
    errors = venue.stop()
    proof = json.loads(strikewire("journal", "verify", str(venue.data_dir), "--json").stdout)

    assert running.returncode == 5
    assert "is in use" in running.stderr
    assert "recovered: last entry 0" in errors
    assert proof["is_sound"] is True
    assert proof["snapshots"] == [proof["last_seq"]]
