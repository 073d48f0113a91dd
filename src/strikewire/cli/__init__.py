"""`strikewire ...`: what people at a shell can do; every flow begins or ends here for them."""

from strikewire.cli.main import main

__all__ = ["main"]
