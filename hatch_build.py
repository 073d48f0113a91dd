"""Compile the kernels: the one build step, used by wheels, editable installs and `dev.py`.

A kernel is a `.py` below `src/strikewire/` with a `.pxd` of its name beside it (or a `.pyx`, where
pure-Python mode cannot say it). The same `.py` runs interpreted when it is not compiled, so
a machine without C compiler or Python headers gets a complete, slower Strikewire and one warning.
A kernel that a compiler refuses is an error: it must not become silently slow.

`python hatch_build.py` compiles what changed, in place. `PURE_PYTHON=1` asks for no compilation.
"""

import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
# No -march=native: a wheel, and a journal's replay, must run on the machine next door.
# Nobody reads errno or floating-point traps; without them loops over square roots and comparisons
# are vectorised. Neither flag changes a result, which -ffast-math would.
COMPILE_FLAGS = ["-O3", "-g0", "-fno-math-errno", "-fno-trapping-math"]


class KernelBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: kernels in place for an editable install, in the wheel for a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the kernels and tell hatchling about the files."""
        root = Path(self.root)
        if reason := why_interpreted():
            self.app.display_warning(warning(reason))
            return
        if version == "editable":
            compile_in_place(root)
            return
        self._scratch = tempfile.mkdtemp(prefix="strikewire-kernels-")
        built = compile_kernels(root, kernels(root), Path(self._scratch))
        if not built:
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for path in built:
            inside = path.relative_to(self._scratch).as_posix()
            build_data["force_include"][str(path)] = inside

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the scratch folder once the wheel holds its files."""
        scratch = getattr(self, "_scratch", None)
        if scratch is not None:
            shutil.rmtree(scratch)


class Kernel(NamedTuple):
    """One kernel: its dotted module name and the file that Cython compiles."""

    module: str
    source: Path

    @property
    def built(self) -> Path:
        """Where its compiled module stands in place, for the running interpreter."""
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        return self.source.with_name(self.source.stem + suffix)

    @property
    def room(self) -> Path:
        """The folder of its room, within which kernels share declarations."""
        below = len(self.module.split(".")) - 3
        return self.source.parents[below]

    @property
    def headers(self) -> list[str]:
        """The folders of its room that have C headers, its own first."""
        folders = {path.parent for path in self.room.rglob("*.h")} - {self.source.parent}
        return [str(self.source.parent), *sorted(map(str, folders))]

    def fingerprint(self) -> str:
        """Hash all that its compiled module is made of."""
        shared = [path for end in ("pxd", "h", "c", "pxi") for path in self.room.rglob(f"*.{end}")]
        inputs = [self.source, *shared]
        digest = hashlib.sha256(" ".join(COMPILE_FLAGS).encode())
        for path in sorted(inputs):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()


def kernels(root: Path) -> list[Kernel]:
    """Find the kernels of a source tree, in order of their names."""
    source = root / "src"
    paths = [
        path
        for path in source.glob("strikewire/**/*.py*")
        if path.suffix == ".pyx" or (path.suffix == ".py" and path.with_suffix(".pxd").exists())
    ]
    found = {".".join(path.relative_to(source).with_suffix("").parts): path for path in paths}
    # A .pyx wins over its .py twin, which then only stands in where there is no compiler.
    found |= {
        module: path.with_suffix(".pyx")
        for module, path in found.items()
        if path.with_suffix(".pyx").exists()
    }
    return [Kernel(module, found[module]) for module in sorted(found)]


def why_interpreted() -> str:
    """Say why kernels cannot be compiled here; empty where they can."""
    if os.environ.get("PURE_PYTHON"):
        return "PURE_PYTHON is set"
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if shutil.which(command.split()[0]) is None:
        return f"no C compiler ({command.split()[0]})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "no Python headers (Python.h; on Debian: python3-dev)"
    return ""


def warning(reason: str) -> str:
    """Put the consequence of uncompiled kernels into one sentence."""
    return f"kernels stay interpreted: {reason}; everything works, but more slowly"


def compile_in_place(root: Path) -> list[Kernel]:
    """Compile the kernels that changed since they were last compiled here; return those."""
    record = root / ".dev" / f"kernels-{sys.implementation.cache_tag}.json"
    known: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    found = kernels(root)
    fingerprints = {kernel.module: kernel.fingerprint() for kernel in found}
    changed = [
        kernel
        for kernel in found
        if known.get(kernel.module) != fingerprints[kernel.module] or not kernel.built.exists()
    ]
    remove_compiled(root, keep=[kernel for kernel in found if kernel not in changed])
    compile_kernels(root, changed, root / "src")
    record.parent.mkdir(exist_ok=True)
    record.write_text(json.dumps(fingerprints, indent=2) + "\n")
    return changed


def remove_compiled(root: Path, *, keep: list[Kernel]) -> None:
    """Remove this interpreter's compiled modules that no kept kernel owns: they are stale."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    kept = {kernel.built for kernel in keep}
    for path in (root / "src").glob(f"strikewire/**/*{suffix}"):
        if path not in kept:
            path.unlink()


def compile_kernels(root: Path, wanted: list[Kernel], out: Path) -> list[Path]:
    """Compile kernels below `out`, as `strikewire/<room>/kernels/<name>.<suffix>`.

    Returns:
        The compiled files.

    Raises:
        CompileError: Cython or the C compiler refused a kernel.
    """
    if not wanted:
        return []
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    with tempfile.TemporaryDirectory(prefix="strikewire-cython-") as scratch:
        before = Path.cwd()
        os.chdir(root)  # Cython lays its C files out by paths relative to here
        try:
            modules = cythonize(  # type: ignore[no-untyped-call]  # it has no annotations
                [
                    Extension(
                        kernel.module,
                        [str(kernel.source.relative_to(root))],
                        include_dirs=kernel.headers,
                        extra_compile_args=COMPILE_FLAGS,
                    )
                    for kernel in wanted
                ],
                build_dir=scratch,
                include_path=["src"],
                # A header that knows objects comes behind what they are.
                compiler_directives={
                    "language_level": "3",
                    "preliminary_late_includes_cy28": True,
                },
                force=True,
                quiet=True,
            )
            command = build_ext(Distribution({"ext_modules": modules}))
            command.build_lib = str(out)
            command.build_temp = scratch
            command.parallel = os.cpu_count()
            command.ensure_finalized()
            command.run()
        finally:
            os.chdir(before)
    return [Path(path).resolve() for path in command.get_outputs()]


def main() -> int:
    """Bring the compiled kernels of this source tree up to date; return the exit status."""
    if reason := why_interpreted():
        remove_compiled(ROOT, keep=[])
        print(f"warning: {warning(reason)}", file=sys.stderr)
        return 0
    for kernel in compile_in_place(ROOT):
        print(f"compiled {kernel.module}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
