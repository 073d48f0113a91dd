"""Requests that may be sent again when their answer was lost."""

from hashlib import blake2b
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 64
DIGEST_BYTES: Final = 16

IdempotencyKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=IDEMPOTENCY_KEY_LENGTH_MAX,
        description="The client's own word for this request: sent again under the same word it is "
        "not carried out again, and gets the answer it got before.",
    ),
]


class Repeatable(Struct, frozen=True, kw_only=True):
    """What all requests have in common that change the account's orders, cash or settings."""

    idempotency_key: IdempotencyKey | None = None


def digest(method: str, params: Repeatable) -> bytes:
    """Return a hash of what is asked for, 16 bytes: equal for equal requests, whatever their key.

    Args:
        method: Name of the method.
        params: Its parameters.
    """
    asked = msgspec.structs.replace(params, idempotency_key=None)
    content = msgspec.msgpack.encode((method, asked))
    return blake2b(content, digest_size=DIGEST_BYTES).digest()
