"""Know which kernels run interpreted, and say so once, where a venue starts."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable
from pathlib import Path

import strikewire


class InterpretedKernelsWarning(RuntimeWarning):
    """Some kernels are not compiled: results are the same, speed is not."""


def interpreted_kernels() -> tuple[str, ...]:
    """Return the dotted names of the kernels that run as plain Python, in order."""
    package = Path(strikewire.__file__).parent
    names = [
        ".".join(("strikewire", *path.relative_to(package).with_suffix("").parts))
        for path in sorted(package.glob("**/*.py"))
        if path.with_suffix(".pxd").exists() or path.with_suffix(".pyx").exists()
    ]
    return tuple(name for name in names if _is_interpreted(name))


def warn_of_interpreted_kernels(names: Iterable[str]) -> None:
    """Issue one `InterpretedKernelsWarning` that names them; nothing where there are none."""
    slow = ", ".join(name.removeprefix("strikewire.") for name in names)
    if slow:
        warnings.warn(
            f"not compiled, so slower: {slow}; a wheel for this platform, or a C compiler where "
            "it is built, cures it",
            InterpretedKernelsWarning,
            stacklevel=2,
        )


def _is_interpreted(name: str) -> bool:
    return str(importlib.import_module(name).__file__).endswith(".py")
