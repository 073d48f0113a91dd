"""Errors of three kinds; the third, an assertion, stands in `depth.py`."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct


class Reject(IntEnum):
    """Why an order was refused; the numbers are public."""

    ORDER_NOT_FOUND = 10004
    NOT_ENOUGH_FUNDS = 10009


class Rejected(Struct, frozen=True, tag=True):
    """1. An outcome: data, journalled, sent to the client."""

    request_id: int
    reason: Reject  # an IntEnum whose numbers are the public codes


class GapError(Exception):
    """2. The world misbehaved: typed, carries the facts, and the caller knows the cure."""

    def __init__(self, *, expected: int, received: int) -> None:
        super().__init__(f"expected change {expected}, received {received}")
        self.expected = expected
        self.received = received
