#!/usr/bin/env python3
"""Build, run and check Strikewire. Needs Python 3.11 or later, a C compiler and nothing else.

python3 dev.py demo [ARGS]                  run a whole venue with market makers; Ctrl-C ends it
python3 dev.py test [--full] [PYTEST ARGS]  every check, then every test; --full adds the long ones
python3 dev.py check                        the fast part: format, lint, types, imports, unit tests
python3 dev.py bench ROOM [--quick] [--check]   measure a room; write benchmarks/results/ROOM.json
python3 dev.py bench ROOM --accuracy        print how exact a room is (pricing)
python3 dev.py build                        wheel and source distribution into dist/
python3 dev.py generate [--check]           remake the generated files, or say which are stale
python3 dev.py docs                         remake the generated reference, check every link
python3 dev.py lock [--upgrade]             remake requirements/*.txt from pyproject.toml

Each command first makes .venv, or brings it up to date: dependencies as pinned, with hashes, in
requirements/, the project itself editable, its kernels compiled. When nothing changed, that takes a
fraction of a second. Progress goes to stderr; stdout belongs to the command.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "strikewire.json"
OLDEST = (3, 11)
NEWEST = (3, 13)  # newer ones may work, but are not tested
LOCKS = ("dev", "run", "build")  # dev holds all there is, so its pins bind the other two
FULLY_COVERED = ("model", "journal")  # rooms whose every branch a test takes


class Stop(Exception):
    """End with this message; the exit status is 1."""


def main(argv: list[str]) -> int:
    """Run one command; return the exit status."""
    commands = {
        "demo": demo,
        "test": test,
        "check": check,
        "bench": bench,
        "build": build,
        "generate": generate,
        "docs": docs,
        "lock": lock,
    }
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(__doc__.strip())
        return 0
    if argv[0] not in commands:
        print(f"no command {argv[0]!r}; there are: {', '.join(commands)}", file=sys.stderr)
        return 2
    try:
        need_supported_python(argv)
        return commands[argv[0]](argv[1:])
    except Stop as stop:
        print(f"dev.py: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# ------------------------------------------------------------------------------------ commands


def demo(arguments: list[str]) -> int:
    """Become `strikewire demo`, so that signals reach it directly."""
    prepare(["run", "build"])
    become([str(VENV / "bin" / "strikewire"), "demo", *arguments])


def test(arguments: list[str]) -> int:
    """Check and test everything; arguments for pytest choose tests and skip the other checks."""
    prepare(["run", "build", "dev"])
    pytest = [str(PYTHON), "-m", "pytest"]
    if "--full" in arguments:
        arguments = [argument for argument in arguments if argument != "--full"]
        pytest += ["-m", "", "--hypothesis-profile=full"]
    if arguments:
        become([*pytest, *arguments])
    # A file is one worker's, because tests of one file share what takes long to set up.
    pytest += ["--numprocesses=auto", "--maxprocesses=4", "--dist=loadfile"]
    status = static_checks() or call("tests", [*pytest, "--cov", "--cov-report=term"])
    return status or coverage_floor()


def check(arguments: list[str]) -> int:
    """Run what is fast enough for every save: format, lint, types, imports, unit tests."""
    prepare(["run", "build", "dev"])
    no_more(arguments)
    return static_checks() or call("unit tests", [str(PYTHON), "-m", "pytest", "-q", "tests/unit"])


def bench(arguments: list[str]) -> int:
    """Measure a room."""
    prepare(["run", "build", "dev"])
    become([str(PYTHON), "-m", "benchmarks", *arguments])


def build(arguments: list[str]) -> int:
    """Build what is published, into dist/."""
    prepare(["run", "build"])
    no_more(arguments)
    return call("distributions", [str(PYTHON), "-m", "hatchling", "build", "-d", "dist"])


def generate(arguments: list[str]) -> int:
    """Run every generator; with --check, let each say whether its files are fresh."""
    prepare(["run", "build"])
    check_only = ["--check"] if "--check" in arguments else []
    no_more([argument for argument in arguments if argument != "--check"])
    generators = sorted((ROOT / "tools").glob("generate_*.py"))
    results = [call(path.stem, [str(PYTHON), str(path), *check_only]) for path in generators]
    return max(results, default=0)


def docs(arguments: list[str]) -> int:
    """Remake the generated reference; check that every link of the documentation is live."""
    no_more(arguments)
    prepare(["run", "build", "dev"])
    links = [str(PYTHON), "-m", "pytest", "-q", "tests/unit/test_docs.py"]
    return generate([]) or call("links", links)


def lock(arguments: list[str]) -> int:
    """Pin what pyproject.toml asks for: all platforms, all supported versions, no addresses."""
    prepare(["run", "build"])
    upgrade = ["--upgrade"] if "--upgrade" in arguments else []
    no_more([argument for argument in arguments if argument != "--upgrade"])
    if not (VENV / "bin" / "uv").exists():
        pip(["uv"])
    for name in LOCKS:
        if status := call(f"requirements/{name}.txt", [*lock_command(name), *upgrade]):
            return status
    return 0


def lock_command(name: str) -> list[str]:
    """Return the command that pins one of LOCKS."""
    groups = {"run": [], "build": ["build"], "dev": ["build", "dev"]}[name]
    command = [str(VENV / "bin" / "uv"), "pip", "compile", "--quiet", "--universal"]
    command += [f"--python-version={OLDEST[0]}.{OLDEST[1]}", "--generate-hashes"]
    command += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
    command += ["--custom-compile-command=python3 dev.py lock"]
    command += [f"--group=pyproject.toml:{group}" for group in groups]
    command += [] if name == "build" else ["pyproject.toml"]
    command += [] if name == LOCKS[0] else [f"--constraints=requirements/{LOCKS[0]}.txt"]
    return [*command, f"--output-file=requirements/{name}.txt"]


def static_checks() -> int:
    """Check format, lint and types; stop at the first that fails."""
    python = [str(PYTHON), "-m"]
    return (
        call("format", [*python, "ruff", "format", "--check", "--quiet", "."])
        or call("lint", [*python, "ruff", "check", "--quiet", "."])
        or call("types", [*python, "mypy", "--no-error-summary"])
    )


def coverage_floor() -> int:
    """Fail where a branch of a fully covered room is not tested; stay silent otherwise."""
    rooms = ",".join(f"src/strikewire/{room}/*" for room in FULLY_COVERED)
    command = [str(PYTHON), "-m", "coverage", "report", f"--include={rooms}", "--show-missing"]
    command.append("--fail-under=100")
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if finished.returncode:
        sys.stderr.buffer.write(finished.stdout + finished.stderr)
        print(f"not every branch of {' and '.join(FULLY_COVERED)} is tested", file=sys.stderr)
    return finished.returncode


# --------------------------------------------------------------------------------- environment


def prepare(locks: list[str]) -> None:
    """Make `.venv` fit for a command: pinned requirements, the project itself, compiled kernels.

    Raises:
        Stop: It cannot be made here; the message says what is missing.
    """
    with only_one():
        stamp = read_stamp()
        if not PYTHON.exists() or stamp.get("python", version()) != version():
            make_venv()
            stamp = {}
        wanted = wanted_stamp(locks)
        stale = [name for name in locks if stamp.get(name) != wanted[name]]
        if stale:
            say(f"installing the pinned requirements ({', '.join(stale)}) into .venv ...")
            # A lock holds all there is. Left to resolve, pip would ask for the newest version of
            # what another package wants with an extra, which has no hash here.
            locked = [f"-rrequirements/{name}.txt" for name in stale]
            pip(["--no-deps", "--require-hashes", *locked])
        if stale or stamp.get("project") != wanted["project"]:
            say("installing strikewire itself, editable ...")
            pip(["--no-deps", "--no-index", "--no-build-isolation", "--editable", "."])
        if subprocess.call([str(PYTHON), "hatch_build.py"], cwd=ROOT, stdout=sys.stderr):
            raise Stop("a kernel does not compile; the message above says which and why")
        if stamp != {**stamp, **wanted}:
            STAMP.write_text(json.dumps({**stamp, **wanted}, indent=2) + "\n")


def wanted_stamp(locks: list[str]) -> dict[str, str]:
    """Return what the stamp holds once `.venv` is up to date for these locks."""
    files = {name: [ROOT / "requirements" / f"{name}.txt"] for name in locks}
    files["project"] = [ROOT / "pyproject.toml", ROOT / "hatch_build.py"]
    stamp = {name: fingerprint(paths) for name, paths in files.items()}
    return {"python": version(), **stamp}


def read_stamp() -> dict[str, str]:
    """Read what `.venv` was last brought up to; empty where that is not known."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def fingerprint(paths: list[Path]) -> str:
    """Hash the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def make_venv() -> None:
    """Make `.venv` anew for this interpreter."""
    say(f"making .venv for Python {version()} ...")
    made = subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=sys.stderr)
    if made:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Stop("could not make .venv; on Debian and Ubuntu: apt-get install python3-venv")


def pip(arguments: list[str]) -> None:
    """Install into `.venv`."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call([*command, *arguments], cwd=ROOT, stdout=sys.stderr):
        raise Stop(
            "pip could not install (its message is above); the first run needs to reach a package "
            "index, and a package without a wheel for this machine needs a C compiler"
        )


def need_supported_python(argv: list[str]) -> None:
    """Go on with a supported interpreter: this one, or else one found on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python{NEWEST[0]}.{minor}")
        if found and runs(found):
            os.execv(found, [found, str(ROOT / "dev.py"), *argv])
    if sys.version_info[:2] < OLDEST:
        raise Stop(f"Python {OLDEST[0]}.{OLDEST[1]} or later is needed; this is {version()}")
    say(f"Python {version()} is newer than the newest one tested, {NEWEST[0]}.{NEWEST[1]}")


def runs(interpreter: str) -> bool:
    """Say whether an interpreter answers: version managers leave shims for absent versions."""
    asked = subprocess.run([interpreter, "--version"], capture_output=True, check=False)
    return asked.returncode == 0


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Let one dev.py at a time prepare the environment; the others wait."""
    folder = ROOT / ".dev"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


# --------------------------------------------------------------------------------- small change


def call(name: str, command: list[str]) -> int:
    """Run a step of a command under a heading; return its exit status."""
    say(f"{name} ...")
    status = subprocess.call(command, cwd=ROOT)
    if status:
        say(f"{name}: failed")
    return status


def become(command: list[str]) -> NoReturn:
    """Replace this process by the command, in the project's folder."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(command[0], command)


def no_more(arguments: list[str]) -> None:
    """Refuse arguments that a command does not know."""
    if arguments:
        raise Stop(f"unknown argument {arguments[0]!r}; python3 dev.py --help")


def version() -> str:
    """Return the running interpreter's version, such as 3.11.7."""
    return ".".join(str(part) for part in sys.version_info[:3])


def say(text: str) -> None:
    """Tell progress on stderr: stdout belongs to the command."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
