"""Run the Autobahn testsuite against our server and our client, on every engine.

    python -m compliance.autobahn [--set base|quick|limits|full] [--end server|client]
                                  [--engine native|asyncio] [--loop asyncio|uvloop]
                                  [--shards N] [--write]

Prints one JSON line for each end on each engine. `--write` puts them into report.json.
The suite runs on Python 2.7; `install.sh` puts it into `.dev/autobahn`, which takes a minute once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

import strikewire
from compliance import testee
from strikewire.websocket import connect, deflate, serve
from strikewire.websocket.aio.kernels.engine import COMPILED

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "compliance"
SUITE: Final = ROOT / ".dev" / "autobahn"
REPORT: Final = FOLDER / "report.json"

End = Literal["server", "client"]
Engine = Literal["native", "asyncio"]
Loop = Literal["asyncio", "uvloop"]
Verdicts = dict[str, dict[str, Any]]
"""What the suite says of each case, by the case's name."""

SHARDS: Final = 4
"""Testers at once: two a core, for a tester and its testee mostly wait for each other."""

SETS: Final = {
    "base": r"([1-7]|10)\..*",
    # And the limits, and of the compressed cases short messages, and one length in many fragments.
    "quick": r"([1-79]|10)\..*|1[23]\.\d+\.([1-4]|11)",
    "limits": r"9\..*",
    "full": r".*",
}
"""Patterns of the cases in a set."""

# INFORMATIONAL: RFC 6455 leaves open what is right. UNIMPLEMENTED is not among them: the suite says
# it where compression was not agreed on, and ours always agrees.
PASSED: Final = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
CLEAN: Final = frozenset({"OK", "INFORMATIONAL"})

_AGENT: Final = "strikewire"
_NO_PYTHON_27: Final = 3
_START_SECONDS_MAX: Final = 120
_CASE_SECONDS_MAX: Final = 60  # on average


class Testee(NamedTuple):
    """What is tested.

    Attributes:
        end: Which end of the wire.
        engine: Whose sockets it uses.
        loop: The event loop it runs on.
    """

    end: End
    engine: Engine
    loop: Loop = "asyncio"

    def command(self) -> list[str]:
        """Return what starts it."""
        module = f"compliance.testee_{self.end}"
        options = [f"--engine={self.engine}", f"--loop={self.loop}"]
        return [sys.executable, "-m", module, *options]


class Judgement(NamedTuple):
    """What came out.

    Attributes:
        verdicts: Of every case; of one that was run again: the second.
        repeated: The cases that were run again, in order.
    """

    verdicts: Verdicts
    repeated: list[str]


class NotInstalledError(Exception):
    """The suite cannot run here; the text says why."""


def testees() -> list[Testee]:
    """Return everything there is to test: both ends, each on every engine it knows."""
    engines: dict[End, tuple[Engine, ...]] = {
        "server": get_args(Engine) if testee.takes_engine(serve) else ("asyncio",),
        "client": get_args(Engine) if testee.takes_engine(connect) else ("asyncio",),
    }
    return [Testee(end, engine) for end in engines for engine in engines[end]]


def install() -> None:
    """Install the suite, unless it is here.

    Raises:
        NotInstalledError: There is no Python 2.7, or its packages cannot be fetched.
    """
    done = subprocess.run(
        [str(FOLDER / "install.sh"), str(SUITE)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        why = lines[-1] if done.returncode == _NO_PYTHON_27 else f"not installed: {lines[-1]}"
        raise NotInstalledError(f"autobahn: {why}")


def cases_of(name: str) -> list[str]:
    """Return the cases of a set, in order; the suite must be installed."""
    every = (SUITE / "cases.txt").read_text(encoding="utf-8").split()
    return within(name, every)


def within(name: str, cases: Iterable[str]) -> list[str]:
    """Return those of the cases that are in a set, in order."""
    return in_order(case for case in cases if re.fullmatch(SETS[name], case))


# --------------------------------------------------------------------------------------- judging


def judge(tested: Testee, cases: Sequence[str], out: Path, *, shards: int = SHARDS) -> Judgement:
    """Run cases; what is not as it should be is run again, by itself.

    The suite gives a peer half a second for most things, and a machine that does other work as well
    may take that long to let a process run. What is wrong is wrong the second time too.

    Args:
        tested: Which end, on which engine.
        cases: Names such as "1.1.1".
        out: An empty folder for the suite's reports and logs.
        shards: How many testers share the cases, each with a testee of its own.
    """
    verdicts = run(tested, cases, out / "first", shards=shards)
    repeated = blemishes(verdicts)
    if repeated:
        verdicts |= run(tested, repeated, out / "again", shards=1)
    return Judgement(verdicts, repeated)


def run(tested: Testee, cases: Sequence[str], out: Path, *, shards: int) -> Verdicts:
    """Run cases once; see `judge`."""
    hands = list(deal(cases, shards))
    folders = [out / str(number) for number in range(len(hands))]
    runner = _test_server if tested.end == "server" else _test_client
    for folder in folders:
        folder.mkdir(parents=True)
    verdicts: Verdicts = {}
    with ThreadPoolExecutor(len(hands)) as pool:
        for part in pool.map(runner, [tested] * len(hands), hands, folders):
            verdicts |= part
    missing = set(cases) - set(verdicts)
    if missing:
        raise RuntimeError(f"the suite says nothing of {', '.join(in_order(missing))}")
    return {case: verdicts[case] for case in in_order(verdicts)}


def deal(cases: Iterable[str], shards: int) -> Iterator[list[str]]:
    """Yield hands of cases that take about as long as each other."""
    # Cases with the same last number do about the same: of the compressed ones, send messages of
    # the same length.
    alike = sorted(cases, key=lambda case: (_numbers(case)[-1], _numbers(case)))
    hands = [alike[number::shards] for number in range(shards)]
    return (in_order(hand) for hand in hands if hand)


def in_order(cases: Iterable[str]) -> list[str]:
    """Return cases in the suite's order."""
    return sorted(cases, key=_numbers)


def failures(verdicts: Verdicts) -> list[str]:
    """Return the cases that failed, in order."""
    return [case for case in in_order(verdicts) if verdicts[case]["behavior"] not in PASSED]


def unclean(verdicts: Verdicts) -> list[str]:
    """Return the cases after which the connection was not closed as RFC 6455 wants it, in order."""
    return [case for case in in_order(verdicts) if verdicts[case]["behaviorClose"] not in CLEAN]


def non_strict(verdicts: Verdicts) -> list[str]:
    """Return the cases that passed, but not in the best way, in order."""
    return [case for case in in_order(verdicts) if verdicts[case]["behavior"] == "NON-STRICT"]


def blemishes(verdicts: Verdicts) -> list[str]:
    """Return the cases that must not be in a report, in order.

    Those that failed or were not closed cleanly; and in the base set, those that are NON-STRICT.
    """
    lax = within("base", non_strict(verdicts))
    return in_order({*failures(verdicts), *unclean(verdicts), *lax})


def summary(judgement: Judgement) -> dict[str, Any]:
    """Count verdicts, and name the cases that are not simply right."""
    verdicts = judgement.verdicts
    behaviour = Counter(verdict["behavior"] for verdict in verdicts.values())
    closing = Counter(verdict["behaviorClose"] for verdict in verdicts.values())
    informational = [case for case in verdicts if verdicts[case]["behavior"] == "INFORMATIONAL"]
    return {
        "cases": len(verdicts),
        "behaviour": dict(sorted(behaviour.items())),
        "closing": dict(sorted(closing.items())),
        "failed": failures(verdicts),
        "unclean": unclean(verdicts),
        "non_strict": non_strict(verdicts),
        "informational": in_order(informational),
        "repeated": judgement.repeated,
    }


def _numbers(case: str) -> list[int]:
    return [int(part) for part in case.split(".")]


# ------------------------------------------------------------------------------------- processes


def _test_server(tested: Testee, cases: Sequence[str], out: Path) -> Verdicts:
    with _server(tested) as port:
        target = {"agent": _AGENT, "url": f"ws://127.0.0.1:{port}"}
        spec = _write_spec(out, {"servers": [target], "exclude-agent-cases": {}}, cases)
        with (out / "wstest.log").open("wb") as log:
            done = subprocess.run(
                _wstest("fuzzingclient", spec),
                stdout=log,
                stderr=log,
                timeout=_seconds_max(cases),
                check=False,
            )
    if done.returncode:
        raise RuntimeError(f"wstest ended with {done.returncode}: {_tail(out)}")
    return _verdicts(out)


@contextmanager
def _server(tested: Testee) -> Iterator[int]:
    """Run our server until the block ends; its exit must be clean."""
    with subprocess.Popen(tested.command(), cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                raise RuntimeError(f"our server did not start: {tested.command()}")
            yield int(line)
        finally:
            server.terminate()
    if server.returncode:
        raise RuntimeError(f"our server ended with {server.returncode}")


def _test_client(tested: Testee, cases: Sequence[str], out: Path) -> Verdicts:
    with socket.create_server(("127.0.0.1", 0)) as listener, (out / "wstest.log").open("wb") as log:
        listener.setblocking(False)
        uri = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        with subprocess.Popen(
            _wstest("fuzzingserver", _write_spec(out, {"url": uri}, cases)),
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            env={**os.environ, "WSTEST_SOCKET": str(listener.fileno())},
        ) as tester:
            try:
                client = subprocess.run(
                    [*tested.command(), uri, _AGENT],
                    cwd=ROOT,
                    timeout=_seconds_max(cases),
                    check=False,
                )
            finally:
                tester.terminate()
    if client.returncode:
        raise RuntimeError(f"our client ended with {client.returncode}: {_tail(out)}")
    return _verdicts(out)


def _wstest(mode: str, spec: Path) -> list[str]:
    python = str(SUITE / "env" / "bin" / "python")
    # -u 0 keeps the fuzzing server from opening a web page beside itself.
    extra = ["-u", "0"] if mode == "fuzzingserver" else []
    return [python, "-W", "ignore", str(SUITE / "wstest.py"), "-m", mode, *extra, "-s", str(spec)]


def _write_spec(out: Path, peer: dict[str, Any], cases: Sequence[str]) -> Path:
    spec = out / "spec.json"
    common = {"outdir": str(out / "reports"), "cases": list(cases), "exclude-cases": []}
    spec.write_text(json.dumps(peer | common), encoding="utf-8")
    return spec


def _seconds_max(cases: Sequence[str]) -> float:
    return _START_SECONDS_MAX + _CASE_SECONDS_MAX * len(cases)


def _verdicts(out: Path) -> Verdicts:
    index = json.loads((out / "reports" / "index.json").read_text(encoding="utf-8"))
    verdicts = index[_AGENT]
    assert isinstance(verdicts, dict)
    return verdicts


def _tail(out: Path) -> str:
    return "\n".join((out / "wstest.log").read_text(errors="replace").splitlines()[-5:])


# ---------------------------------------------------------------------------------- the report


def committed_report() -> dict[str, Any]:
    """Return the report that stands in the repository."""
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert isinstance(report, dict)
    return report


def versions() -> dict[str, str]:
    """Return what a report depends on; the suite must be installed."""
    found = {
        "strikewire": strikewire.__version__,
        "python": platform.python_version(),
        "kernels": "compiled" if COMPILED else "interpreted",
        "deflate": _deflate_version(),
        "httptools": metadata.version("httptools"),
        "autobahntestsuite": suite_version(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
    try:
        return found | {"uvloop": metadata.version("uvloop")}
    except metadata.PackageNotFoundError:
        return found


def _deflate_version() -> str:
    if deflate.ZLIB is zlib:
        return f"zlib {zlib.ZLIB_RUNTIME_VERSION}"
    return f"zlib-ng {metadata.version('zlib-ng')}"


def suite_version() -> str:
    """Return the version of the suite that `install.sh` installs."""
    pin = re.search(r"autobahntestsuite==([\d.]+)", (FOLDER / "install.sh").read_text())
    assert pin is not None
    return pin[1]


def main() -> int:
    """Run what the command line asks for; return 1 if a case is not as it should be."""
    parser = argparse.ArgumentParser(description="Autobahn against our server and client.")
    parser.add_argument("--set", choices=SETS, default="base")
    parser.add_argument("--end", choices=get_args(End))
    parser.add_argument("--engine", choices=get_args(Engine))
    parser.add_argument("--loop", choices=get_args(Loop), default="asyncio")
    parser.add_argument("--shards", type=int, default=SHARDS, help="testers at once")
    parser.add_argument("--write", action="store_true", help="write report.json")
    arguments = parser.parse_args()
    if arguments.write and (arguments.end or arguments.engine):
        parser.error("a report is of both ends on every engine")
    try:
        install()
    except NotInstalledError as error:
        print(error, file=sys.stderr)
        return _NO_PYTHON_27
    wanted = [
        Testee(end, engine, arguments.loop)
        for end, engine, _ in testees()
        if arguments.end in (None, end) and arguments.engine in (None, engine)
    ]
    runs = []
    is_good = True
    for tested in wanted:
        with tempfile.TemporaryDirectory(prefix="strikewire-autobahn-") as out:
            judgement = judge(tested, cases_of(arguments.set), Path(out), shards=arguments.shards)
        runs.append(tested._asdict() | summary(judgement))
        is_good = is_good and not blemishes(judgement.verdicts)
        print(json.dumps(runs[-1]), flush=True)
    if arguments.write:
        report = {"set": arguments.set, "versions": versions(), "runs": runs}
        REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
