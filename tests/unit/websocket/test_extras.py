import sys

import pytest

from strikewire.websocket.extras import extra


def test_a_missing_library_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)

    with pytest.raises(ImportError, match=r"h2 is missing: pip install 'strikewire\[http2\]'"):  # noqa: SIM117 - the pair is the point
        with extra("http2"):
            import h2  # noqa: F401 - that it cannot be imported is the point


def test_a_library_that_is_there_is_imported() -> None:
    with extra("http2"):
        import h2

    assert h2.__version__
