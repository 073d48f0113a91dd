"""Which errors of a client pass by themselves, and where its chance comes from."""

import os
import ssl

from strikewire.websocket.errors import (
    HandshakeLostError,
    HandshakeStatusError,
    HandshakeTimeoutError,
    ProxyError,
)


def may_pass(error: Exception) -> bool:
    """Return whether an attempt that failed so may do better later; the default of `connect`.

    It may when the network, a proxy or the server was in trouble: `OSError` (nobody listens, no
    route, no such name, reset), timeouts, a connection lost before the answer, statuses 408, 425,
    429 and 500 to 599. It will not when the server understood and refused (any other status, such
    as 400, 401, 403 or 404), broke the rules of the handshake, showed a certificate that we do not
    trust, or redirected us where we do not go; nor when what we asked for is wrong in itself.
    """
    match error:
        case ssl.SSLCertVerificationError():
            return False
        case HandshakeStatusError(status=status):
            return status >= 500 or status in (408, 425, 429)
        case ProxyError(is_final=is_final):
            return not is_final
        case OSError() | HandshakeTimeoutError() | HandshakeLostError():
            return True
        case _:
            return False


def chance() -> float:
    """Return a number from 0 to below 1, of the operating system's generator."""
    return (int.from_bytes(os.urandom(7), "big") >> 3) / (1 << 53)
