"""Load a kernel twice: as it is imported, and its interpreted twin under another name."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from tests.twins import interpreted

PREFIX = "strikewire.websocket.aio.kernels"


def compiled(*names: str) -> list[ModuleType]:
    """Return kernels as they are imported; skip where they are not compiled."""
    modules = [importlib.import_module(f"{PREFIX}.{name}") for name in names]
    if any(Path(module.__file__ or "").suffix == ".py" for module in modules):
        pytest.skip("the kernels are not compiled here")
    return modules


def twins(which: str, *names: str) -> list[ModuleType]:
    """Return the kernels, "interpreted" or "compiled"."""
    return interpreted(PREFIX, *names) if which == "interpreted" else compiled(*names)
