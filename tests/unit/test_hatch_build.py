"""The build hook finds kernels, compiles what changed, and does without where it must."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path

import pytest

import hatch_build

needs_compiler = pytest.mark.skipif(
    bool(hatch_build.why_interpreted()), reason=hatch_build.why_interpreted()
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with one kernel, `strikewire.room.kernels.twice`, and a plain file beside."""
    folder = tmp_path / "src" / "strikewire" / "room" / "kernels"
    folder.mkdir(parents=True)
    for package in [folder, folder.parent, folder.parent.parent]:
        (package / "__init__.py").touch()
    (folder / "twice.py").write_text("def twice(x: float) -> float:\n    return x + x\n")
    (folder / "twice.pxd").write_text("cpdef double twice(double x)\n")
    (folder / "plain.py").write_text("")
    return tmp_path


def test_a_kernel_is_a_python_file_with_types_beside_it(tree: Path) -> None:
    folder = tree / "src" / "strikewire" / "room" / "kernels"

    assert hatch_build.kernels(tree) == [
        hatch_build.Kernel("strikewire.room.kernels.twice", folder / "twice.py")
    ]


def test_a_pyx_is_compiled_in_place_of_its_python_twin(tree: Path) -> None:
    folder = tree / "src" / "strikewire" / "room" / "kernels"
    (folder / "twice.pyx").touch()

    assert [kernel.source for kernel in hatch_build.kernels(tree)] == [folder / "twice.pyx"]


@pytest.mark.parametrize("changed", ["twice.py", "twice.pxd", "simd.h"])
def test_a_kernels_fingerprint_covers_all_it_is_made_of(tree: Path, changed: str) -> None:
    [kernel] = hatch_build.kernels(tree)
    before = kernel.fingerprint()

    with (kernel.source.parent / changed).open("a") as file:
        file.write("\n")

    assert kernel.fingerprint() != before


def test_kernels_stay_interpreted_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURE_PYTHON", "1")

    assert hatch_build.why_interpreted() == "PURE_PYTHON is set"


def test_kernels_stay_interpreted_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PURE_PYTHON", raising=False)
    monkeypatch.setenv("CC", "no-such-compiler -pthread")

    assert hatch_build.why_interpreted() == "no C compiler (no-such-compiler)"


def test_kernels_stay_interpreted_without_headers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PURE_PYTHON", raising=False)
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/cc")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))

    assert hatch_build.why_interpreted().startswith("no Python headers (Python.h")


@needs_compiler
def test_a_kernel_is_compiled_once_and_again_when_it_changes(tree: Path) -> None:
    [kernel] = hatch_build.kernels(tree)

    assert hatch_build.compile_in_place(tree) == [kernel]
    assert hatch_build.compile_in_place(tree) == []

    spec = importlib.util.spec_from_file_location(kernel.module, kernel.built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.twice(21.0) == 42.0

    kernel.source.write_text("def twice(x: float) -> float:\n    return 2 * x\n")
    assert hatch_build.compile_in_place(tree) == [kernel]


def test_a_compiled_module_whose_kernel_is_gone_is_removed(tree: Path) -> None:
    [kernel] = hatch_build.kernels(tree)
    kernel.built.touch()
    kernel.source.with_suffix(".pxd").unlink()

    hatch_build.compile_in_place(tree)

    assert not kernel.built.exists()
