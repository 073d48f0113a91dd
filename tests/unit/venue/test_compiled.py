from __future__ import annotations

import importlib
import sys
import warnings

import pytest

from strikewire.venue.compiled import (
    InterpretedKernelsWarning,
    interpreted_kernels,
    warn_of_interpreted_kernels,
)


def test_a_kernel_is_interpreted_where_python_loaded_its_plain_file() -> None:
    mask = importlib.import_module("strikewire.websocket.kernels.mask")

    listed = "strikewire.websocket.kernels.mask" in interpreted_kernels()

    assert listed is str(mask.__file__).endswith(".py")


def test_a_compiled_kernel_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = importlib.import_module("strikewire.websocket.kernels.mask")
    monkeypatch.setattr(mask, "__file__", "mask.cpython-311-x86_64-linux-gnu.so")

    assert "strikewire.websocket.kernels.mask" not in interpreted_kernels()


def test_interpreted_kernels_are_named_in_one_warning() -> None:
    names = ["strikewire.pricing.kernels.black76", "strikewire.websocket.kernels.mask"]

    with pytest.warns(InterpretedKernelsWarning) as caught:
        warn_of_interpreted_kernels(names)

    [warning] = caught
    assert str(warning.message).startswith(
        "not compiled, so slower: pricing.kernels.black76, websocket.kernels.mask; "
    )


def test_nothing_is_said_where_all_is_compiled() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_interpreted_kernels([])


def test_listing_kernels_loads_each_of_them() -> None:
    interpreted_kernels()

    assert "strikewire.pricing.kernels.black76" in sys.modules
