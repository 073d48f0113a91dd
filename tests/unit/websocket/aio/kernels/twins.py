"""Load a kernel twice: as it is imported, and its interpreted twin under another name."""

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

PREFIX = "strikewire.websocket.aio.kernels"
FOLDER = Path(importlib.import_module(PREFIX).__file__ or "").parent


def interpreted(*names: str) -> list[ModuleType]:
    """Return the interpreted twins of kernels, each importing the twins before it."""
    replaced: dict[str, ModuleType | None] = {}
    made = []
    try:
        for name in names:
            full = f"{PREFIX}.{name}"
            loader = importlib.machinery.SourceFileLoader(full, str(FOLDER / f"{name}.py"))
            spec = importlib.util.spec_from_loader(full, loader)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            replaced[full] = sys.modules.get(full)
            sys.modules[full] = module
            loader.exec_module(module)
            made.append(module)
    finally:
        for full, before in replaced.items():
            if before is None:
                del sys.modules[full]
            else:
                sys.modules[full] = before
    return made


def compiled(*names: str) -> list[ModuleType]:
    """Return kernels as they are imported; skip where they are not compiled."""
    modules = [importlib.import_module(f"{PREFIX}.{name}") for name in names]
    if any(Path(module.__file__ or "").suffix == ".py" for module in modules):
        pytest.skip("the kernels are not compiled here")
    return modules


def twins(which: str, *names: str) -> list[ModuleType]:
    """Return the kernels, "interpreted" or "compiled"."""
    return interpreted(*names) if which == "interpreted" else compiled(*names)
