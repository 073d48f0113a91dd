"""Run the Autobahn testsuite against our server and our client.

    python compliance/autobahn.py [--set base|quick|limits|full] [--end server|client] [--write]

Prints one JSON line for each end. `--write` puts the base set's summary into report.json.
The suite runs on Python 2.7; `install.sh` puts it into `.dev/autobahn`, which takes a minute once.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

import strikewire

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "compliance"
SUITE: Final = ROOT / ".dev" / "autobahn"
REPORT: Final = FOLDER / "report.json"

AGENT: Final = "strikewire"
End = Literal["server", "client"]
Verdicts = dict[str, dict[str, Any]]
ENDS: Final[tuple[End, ...]] = ("server", "client")

BASE: Final = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
LIMITS: Final = ("9.*",)
_COMPRESSED: Final = tuple(
    f"{group}.{case}"
    for group in (*(f"12.{n}" for n in range(1, 6)), *(f"13.{n}" for n in range(1, 8)))
    for case in (1, 2, 3, 4, 11)
)
SETS: Final = {
    "base": BASE,
    "quick": BASE + _COMPRESSED,
    "limits": LIMITS,
    "full": ("*",),
}
# The suite leaves these to the reader: what is right is not said by RFC 6455.
PASSED: Final = frozenset({"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"})
CLEAN: Final = frozenset({"OK", "INFORMATIONAL", "UNIMPLEMENTED"})

_NO_PYTHON_27: Final = 3
_START_SECONDS_MAX: Final = 30
_RUN_SECONDS_MAX: Final = 3600


class NotInstalledError(Exception):
    """The suite cannot run here; the text says why."""


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


def run(end: End, cases: Sequence[str], out: Path) -> Verdicts:
    """Run cases against one end of ours; return the suite's verdicts by case.

    Args:
        end: Which end of ours is tested.
        cases: Patterns such as "1.*".
        out: An empty folder for the suite's reports and logs.
    """
    runner = _test_server if end == "server" else _test_client
    runner(tuple(cases), out)
    index = json.loads((out / "reports" / "index.json").read_text(encoding="utf-8"))
    verdicts = index[AGENT]
    assert isinstance(verdicts, dict)
    return verdicts


def summary(verdicts: Verdicts) -> dict[str, Any]:
    """Count verdicts, and name the cases that are not simply right."""
    behaviour = Counter(verdict["behavior"] for verdict in verdicts.values())
    closing = Counter(verdict["behaviorClose"] for verdict in verdicts.values())
    return {
        "cases": len(verdicts),
        "behaviour": dict(sorted(behaviour.items())),
        "closing": dict(sorted(closing.items())),
        "non_strict": _named(verdicts, "behavior", frozenset({"NON-STRICT"})),
        "informational": _named(verdicts, "behavior", frozenset({"INFORMATIONAL"})),
        "failed": failures(verdicts),
    }


def failures(verdicts: Verdicts) -> list[str]:
    """Return the cases that failed or were not closed cleanly, in order."""
    failed = {case for case, verdict in verdicts.items() if verdict["behavior"] not in PASSED}
    unclean = {case for case, verdict in verdicts.items() if verdict["behaviorClose"] not in CLEAN}
    return sorted(failed | unclean, key=_case_order)


def _named(verdicts: Verdicts, key: str, wanted: frozenset[str]) -> list[str]:
    return sorted((c for c, verdict in verdicts.items() if verdict[key] in wanted), key=_case_order)


def _case_order(case: str) -> list[int]:
    return [int(part) for part in case.split(".")]


def _test_server(cases: tuple[str, ...], out: Path) -> None:
    with _start(_testee("server")) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            target = {"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}
            spec = _write_spec(out, {"servers": [target], "exclude-agent-cases": {}}, cases)
            _wstest("fuzzingclient", spec, out)
        finally:
            server.terminate()


def _test_client(cases: tuple[str, ...], out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    spec = _write_spec(out, {"url": f"ws://127.0.0.1:{port}"}, cases)
    command = _command("fuzzingserver", spec)
    with (
        (out / "wstest.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as tester,
    ):
        try:
            client = subprocess.run(
                [*_testee("client"), f"ws://127.0.0.1:{port}", str(_START_SECONDS_MAX)],
                timeout=_RUN_SECONDS_MAX,
                check=False,
            )
        finally:
            tester.terminate()
    if client.returncode:
        raise RuntimeError(f"our client ended with {client.returncode}: {_tail(out)}")


def _wstest(mode: str, spec: Path, out: Path) -> None:
    with (out / "wstest.log").open("wb") as log:
        done = subprocess.run(
            _command(mode, spec), stdout=log, stderr=log, timeout=_RUN_SECONDS_MAX, check=False
        )
    if done.returncode:
        raise RuntimeError(f"wstest ended with {done.returncode}: {_tail(out)}")


def _command(mode: str, spec: Path) -> list[str]:
    python = str(SUITE / "env" / "bin" / "python")
    # -u 0 keeps the fuzzing server from opening a web page beside itself.
    extra = ["-u", "0"] if mode == "fuzzingserver" else []
    return [python, "-W", "ignore", str(SUITE / "wstest.py"), "-m", mode, *extra, "-s", str(spec)]


def _write_spec(out: Path, peer: dict[str, Any], cases: tuple[str, ...]) -> Path:
    spec = out / "spec.json"
    common = {"outdir": str(out / "reports"), "cases": list(cases), "exclude-cases": []}
    spec.write_text(json.dumps(peer | common), encoding="utf-8")
    return spec


def _testee(end: End) -> list[str]:
    return [sys.executable, str(FOLDER / f"testee_{end}.py")]


def _start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _tail(out: Path) -> str:
    return "\n".join((out / "wstest.log").read_text(errors="replace").splitlines()[-5:])


def committed_report() -> dict[str, Any]:
    """Return the report that stands in the repository."""
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert isinstance(report, dict)
    return report


def versions() -> dict[str, str]:
    """Return what a report depends on."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    return {
        "strikewire": strikewire.__version__,
        "python": python,
        "httptools": metadata.version("httptools"),
        "autobahntestsuite": "25.10.1",
    }


def main() -> int:
    """Run what the command line asks for; return 1 if a case failed."""
    parser = argparse.ArgumentParser(description="Autobahn against our server and client.")
    parser.add_argument("--set", choices=SETS, default="base")
    parser.add_argument("--end", choices=ENDS)
    parser.add_argument("--write", action="store_true", help="write the base set's report.json")
    arguments = parser.parse_args()
    try:
        install()
    except NotInstalledError as error:
        print(error, file=sys.stderr)
        return _NO_PYTHON_27
    report: dict[str, Any] = {"set": arguments.set, "versions": versions()}
    for end in ENDS if arguments.end is None else (arguments.end,):
        with tempfile.TemporaryDirectory(prefix="strikewire-autobahn-") as out:
            report[end] = summary(run(end, SETS[arguments.set], Path(out)))
        print(json.dumps({"end": end, **report[end]}), flush=True)
    if arguments.write:
        REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 1 if any(report[end]["failed"] for end in ENDS if end in report) else 0


if __name__ == "__main__":
    sys.exit(main())
