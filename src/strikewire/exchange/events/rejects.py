"""Why a command was refused."""

from enum import IntEnum

import msgspec


class Reject(IntEnum):
    """Why a command was refused. The numbers are the codes that clients know.

    Source: Deribit API v2, RPC error codes.
    """

    ORDER_OVERLAP = 10003
    """The order would trade with one of the same owner, who wants it refused then."""

    ORDER_NOT_FOUND = 10004
    PRICE_TOO_LOW = 10005
    PRICE_TOO_HIGH = 10007
    NOT_ENOUGH_FUNDS = 10009
    BOOK_CLOSED = 10012
    """The instrument has been settled, or is not active."""

    TOO_MANY_ORDERS = 10013
    POSITION_TOO_LARGE = 10018
    LOCKED = 10019
    """The account is being liquidated, or is the insurance fund; or the venue has locked the
    instrument, its index or everything."""

    INVALID_INSTRUMENT = 10020
    INVALID_AMOUNT = 10021
    INVALID_PRICE = 10023
    INVALID_MAX_SHOW = 10024
    """Of an iceberg too little is shown, or more than there is."""

    NOT_OWNER = 10029
    TRIGGER_PRICE_TOO_HIGH = 10034
    TRIGGER_PRICE_TOO_LOW = 10035
    """It is no price, or too far out to be one."""

    RETRY = 10040
    """The instrument has no mark yet, without which margin cannot be counted."""

    SETTLEMENT_IN_PROGRESS = 10041
    """The instrument has expired and waits for its delivery price."""

    WRONG_TICK = 10043
    TRIGGER_WRONG_TICK = 10044
    INVALID_ARGUMENTS = 11029
    OTHER_REJECT = 11030
    """`reason` says more: "reduce_only", "account_exists", "max_instruments"..."""

    NO_MORE_TRIGGERS = 11035
    INVALID_TRIGGER_PRICE = 11036
    """The price has been reached already: the order would not wait."""

    NOT_OPEN_ORDER = 11044
    UNSUPPORTED_COMBINATION = 11047
    """Post-only, and yet to be filled at once."""

    POST_ONLY_REJECT = 11054
    """It would take, or no price is left inside the best opposite one."""

    UNAUTHORIZED = 13009
    """No such account."""

    TIMED_OUT = 13888
    """It came at the moment until which it was valid, or later."""


class Rejected(msgspec.Struct, frozen=True, array_like=True, tag="rejected"):
    """The command was refused and changed nothing."""

    code: Reject
    reason: str
    """One or two words in lower case, or the two values that disagree."""

    param: str = ""
    """The field of the command that is at fault, or empty."""
