"""What is published: a wheel with compiled kernels, one without, and the source distribution."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import hatch_build

ROOT = Path(__file__).resolve().parents[2]


def build(target: str, folder: Path, **environment: str) -> tuple[Path, str]:
    """Build a distribution; return its file and what the build said."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [made] = folder.iterdir()
    return made, done.stdout + done.stderr


def test_a_wheel_made_without_a_compiler_says_so_and_works(tmp_path: Path) -> None:
    wheel, said = build("wheel", tmp_path / "dist", PURE_PYTHON="1")

    assert "kernels stay interpreted: PURE_PYTHON is set" in said
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.endswith(".so")] == []
        archive.extractall(tmp_path / "site")
    program = (
        "from strikewire.venue.compiled import interpreted_kernels;"
        "print(len(interpreted_kernels()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(ran.stdout) == len(hatch_build.kernels(ROOT))


@pytest.mark.full
@pytest.mark.skipif(
    bool(hatch_build.why_interpreted()), reason=hatch_build.why_interpreted() or "-"
)
def test_a_wheel_made_with_a_compiler_holds_every_kernel_compiled(tmp_path: Path) -> None:
    wheel, _ = build("wheel", tmp_path)

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for kernel in hatch_build.kernels(ROOT):
        assert kernel.built.relative_to(ROOT / "src").as_posix() in names
        assert kernel.source.relative_to(ROOT / "src").as_posix() in names


def test_the_source_distribution_holds_what_a_build_needs(tmp_path: Path) -> None:
    archive, _ = build("sdist", tmp_path)

    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md"} <= names
    for kernel in hatch_build.kernels(ROOT):
        assert kernel.source.relative_to(ROOT).as_posix() in names
        for declared in (*kernel.source.parent.glob("*.pxd"), *kernel.source.parent.glob("*.h")):
            assert declared.relative_to(ROOT).as_posix() in names
    assert [name for name in names if name.endswith(".so")] == []
