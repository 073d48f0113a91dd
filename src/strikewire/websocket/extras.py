"""Libraries that only some users need: imported when they are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Say what to install, where an import inside of the block finds that a library is missing.

    Args:
        name: Of the extra that brings the library, such as "http2".

    Raises:
        ImportError: A library is missing; the message names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f"the library {error.name} is missing: pip install 'strikewire[{name}]'",
            name=error.name,
        ) from error
