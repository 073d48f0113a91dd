"""Compile the benchmarks' own C programs, in `benchmarks/native/`, when one is wanted."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from benchmarks.harness import ROOT, UnavailableError

NATIVE = ROOT / "benchmarks" / "native"
BUILT = ROOT / ".dev" / "benchmarks"
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]


def compiled(name: str) -> Path:
    """Return the program of `native/NAME.c`, compiled unless it is there already.

    Raises:
        UnavailableError: There is no Linux, no C compiler, or one that does not like the program.
    """
    if sys.platform != "linux":
        raise UnavailableError("the load and the bare server in C need Linux")
    command = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    if shutil.which(command[0]) is None:
        raise UnavailableError(f"no C compiler ({command[0]})")
    program = BUILT / f"{name}-{_fingerprint([*command, *FLAGS])}"
    if not program.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        # Under another name until it is whole: two runs may want it at once.
        unfinished = program.with_suffix(f".{os.getpid()}")
        arguments = [*FLAGS, str(NATIVE / f"{name}.c"), "-o", str(unfinished), "-ldl"]
        result = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if result.returncode:
            said = result.stderr.strip().splitlines() or ["no reason given"]
            raise UnavailableError(f"{command[0]} cannot compile {name}.c: {said[-1]}")
        unfinished.rename(program)
    return program


def _fingerprint(command: list[str]) -> str:
    """Hash all that the programs are made of."""
    digest = hashlib.sha256("\0".join(command).encode())
    for path in sorted(NATIVE.glob("*.[ch]")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
