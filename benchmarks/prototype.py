"""The prototype of the matching kernel, built beside it: prices and times alone, nobody's money."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType

from benchmarks.compiler import BUILT, NATIVE
from benchmarks.harness import UnavailableError

SOURCE = NATIVE / "book_levels.pyx"


def prototype() -> ModuleType:
    """Return the prototype's module, compiled unless it is there already.

    Raises:
        UnavailableError: It cannot be compiled here.
    """
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    built = BUILT / f"book_levels-{digest}{suffix}"
    if not built.exists():
        _build(built)
    loader = importlib.machinery.ExtensionFileLoader("book_levels", str(built))
    spec = importlib.util.spec_from_loader("book_levels", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _build(built: Path) -> None:
    try:
        from Cython.Build import cythonize
    except ImportError:
        raise UnavailableError("needs Cython") from None
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        before = Path.cwd()
        os.chdir(SOURCE.parent)
        try:
            extension = Extension(
                "book_levels", [SOURCE.name], language="c++", extra_compile_args=["-O3"]
            )
            modules = cythonize([extension], build_dir=scratch, quiet=True)  # type: ignore[no-untyped-call]  # it has no annotations
            command = build_ext(Distribution({"ext_modules": modules}))
            command.build_lib = command.build_temp = scratch
            command.ensure_finalized()
            command.run()
            Path(command.get_outputs()[0]).replace(built)
        except Exception as error:
            raise UnavailableError(f"the prototype cannot be compiled: {error}") from error
        finally:
            os.chdir(before)
