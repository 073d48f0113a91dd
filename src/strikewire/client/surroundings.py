"""What the shell takes from the computer it runs on: time, chance and trust."""

import random  # noqa: TID251 - jitter between real clients has to differ from process to process
import secrets
import ssl as tls
import time
from collections.abc import Callable

from strikewire.api.signing import sign_client_data
from strikewire.client.outputs import Credentials


def steady_clock() -> Callable[[], int]:
    """Return a clock in nanoseconds since the Unix epoch that never jumps."""
    wall_ns = time.time_ns()  # noqa: TID251 - read once, and handed down as a clock
    start_ns = time.monotonic_ns()  # noqa: TID251 - the same
    return lambda: wall_ns - start_ns + time.monotonic_ns()  # noqa: TID251 - the clock itself


def jitter(limit: int) -> int:
    """Return a chance number from 0 to `limit`."""
    return random.randint(0, limit)


def sign(credentials: Credentials, timestamp_ms: int) -> dict[str, object]:
    """Return the parameters of `public/auth` that prove the secret without sending it."""
    nonce = secrets.token_hex(8)
    signature = sign_client_data(
        credentials.client_secret, timestamp=str(timestamp_ms), nonce=nonce, data=""
    )
    return {
        "grant_type": "client_signature",
        "client_id": credentials.client_id,
        "timestamp": timestamp_ms,
        "nonce": nonce,
        "data": "",
        "signature": signature,
    }


def trust(url: str, ca_file: str) -> tls.SSLContext | None:
    """Return whom to trust for an address: None without TLS, else the system or `ca_file`.

    Raises:
        OSError: There is no such file, or it holds no authority; the message names it.
    """
    if not url.startswith("wss://"):
        return None
    try:
        return tls.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise OSError(f"no authority to trust in {ca_file}: {error.strerror or error}") from error
