"""Load the interpreted twins of kernels, whether or not these are compiled."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def interpreted(package: str, *names: str) -> list[ModuleType]:
    """Return the interpreted twins of kernels, each importing the twins before it.

    Args:
        package: Where they stand, "strikewire.exchange.state".
        names: Of the modules there.
    """
    folder = Path(importlib.import_module(package).__file__ or "").parent
    replaced: dict[str, ModuleType | None] = {}
    made = []
    try:
        for name in names:
            full = f"{package}.{name}"
            loader = importlib.machinery.SourceFileLoader(full, str(folder / f"{name}.py"))
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
