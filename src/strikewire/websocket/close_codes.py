"""Close codes: which there are, and which may travel in a Close frame."""

from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """Why a connection was closed.

    Source: RFC 6455 section 7.4.1; IANA "WebSocket Close Code Number Registry".
    """

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_CODE = 1005  # never sent: the Close frame had no body
    ABNORMAL = 1006  # never sent: there was no Close frame
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MISSING_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_FAILED = 1015  # never sent: the TLS handshake failed

    def __str__(self) -> str:
        return str(self.value)


REGISTERED: Final = frozenset(
    {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014}
)


def may_travel(code: int) -> bool:
    """Return whether a Close frame may carry `code`.

    Source: RFC 6455 section 7.4.2: 3000-3999 belong to libraries and frameworks, 4000-4999 to
    applications; below that only registered codes, and of those not 1005, 1006 and 1015.
    """
    return code in REGISTERED or 3000 <= code <= 4999
