"""Every error the venue answers with: its number, its word, its meaning, and its exception."""

# ruff: noqa: E501 (the table reads better with one error on one line)

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from msgspec import UNSET, Struct, UnsetType

RequestId = int | float | str | None


class ErrorCode(IntEnum):
    """The number of an error as Deribit's RPC list has it.

    Source: Deribit API v2, list of RPC error codes.
    """

    API_NOT_ENABLED = 9999
    AUTHORIZATION_REQUIRED = 10000
    ERROR = 10001
    QTY_TOO_LOW = 10002
    ORDER_OVERLAP = 10003
    ORDER_NOT_FOUND = 10004
    PRICE_TOO_LOW = 10005
    PRICE_TOO_HIGH = 10007
    NOT_ENOUGH_FUNDS = 10009
    ALREADY_CLOSED = 10010
    PRICE_NOT_ALLOWED = 10011
    BOOK_CLOSED = 10012
    MAX_TOTAL_OPEN_ORDERS = 10013
    MAX_POSITION_SIZE = 10018
    LOCKED_BY_ADMIN = 10019
    INVALID_OR_UNSUPPORTED_INSTRUMENT = 10020
    INVALID_AMOUNT = 10021
    INVALID_QUANTITY = 10022
    INVALID_PRICE = 10023
    INVALID_MAX_SHOW = 10024
    INVALID_ORDER_ID = 10025
    PRICE_PRECISION_EXCEEDED = 10026
    NON_INTEGER_CONTRACT_AMOUNT = 10027
    TOO_MANY_REQUESTS = 10028
    NOT_OWNER_OF_ORDER = 10029
    MUST_BE_WEBSOCKET_REQUEST = 10030
    INVALID_ARGS_FOR_INSTRUMENT = 10031
    WHOLE_COST_TOO_LOW = 10032
    NOT_IMPLEMENTED = 10033
    TRIGGER_PRICE_TOO_HIGH = 10034
    TRIGGER_PRICE_TOO_LOW = 10035
    RETRY = 10040
    SETTLEMENT_IN_PROGRESS = 10041
    PRICE_WRONG_TICK = 10043
    TRIGGER_PRICE_WRONG_TICK = 10044
    MATCHING_ENGINE_QUEUE_FULL = 10047
    ALREADY_FILLED = 11008
    INVALID_ARGUMENTS = 11029
    OTHER_REJECT = 11030
    OTHER_ERROR = 11031
    NO_MORE_TRIGGERS = 11035
    INVALID_TRIGGER_PRICE = 11036
    PERMISSION_DENIED = 11042
    BAD_ARGUMENT = 11043
    NOT_OPEN_ORDER = 11044
    UNSUPPORTED_ARG_COMBINATION = 11047
    BAD_REQUEST = 11050
    SYSTEM_MAINTENANCE = 11051
    POST_ONLY_REJECT = 11054
    INTERNAL_SERVER_ERROR = 11094
    ACCOUNT_BLOCKED = 13002
    INVALID_CREDENTIALS = 13004
    UNAUTHORIZED = 13009
    ORDERBOOK_CLOSED = 13019
    NOT_FOUND = 13020
    FORBIDDEN = 13021
    RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED = 13778
    TIMED_OUT = 13888
    MISSING_PARAMS = -32000
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    PARSE_ERROR = -32700

    @property
    def message(self) -> str:
        """The word that travels in `error.message`, e.g. ``not_enough_funds``."""
        return _WORDS.get(self) or self.name.lower()

    @property
    def meaning(self) -> str:
        """One sentence for people, printed in the reference."""
        return MEANINGS[self]


# JSON-RPC 2.0, section 5.1, spells the messages of its reserved codes with a capital and spaces.
_WORDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        ErrorCode.MISSING_PARAMS: "Missing params",
        ErrorCode.INVALID_REQUEST: "Invalid Request",
        ErrorCode.METHOD_NOT_FOUND: "Method not found",
        ErrorCode.INVALID_PARAMS: "Invalid params",
        ErrorCode.PARSE_ERROR: "Parse error",
    }
)

# fmt: off
MEANINGS: Final[Mapping[ErrorCode, str]] = MappingProxyType(
    {
        ErrorCode.API_NOT_ENABLED: "The account may not use the API.",
        ErrorCode.AUTHORIZATION_REQUIRED: "The method is private and the request carries no valid authorization.",
        ErrorCode.ERROR: "A general failure about which nothing more can be said.",
        ErrorCode.QTY_TOO_LOW: "The amount is below the instrument's minimum.",
        ErrorCode.ORDER_OVERLAP: "The order would trade with another order of the same account.",
        ErrorCode.ORDER_NOT_FOUND: "No order has this id.",
        ErrorCode.PRICE_TOO_LOW: "The price is below the lowest price allowed now.",
        ErrorCode.PRICE_TOO_HIGH: "The price is above the highest price allowed now.",
        ErrorCode.NOT_ENOUGH_FUNDS: "The available funds do not cover the initial margin or the premium.",
        ErrorCode.ALREADY_CLOSED: "The order is no longer open.",
        ErrorCode.PRICE_NOT_ALLOWED: "This price is not allowed for the order.",
        ErrorCode.BOOK_CLOSED: "The instrument's book has been closed.",
        ErrorCode.MAX_TOTAL_OPEN_ORDERS: "The account has as many open orders as it may have.",
        ErrorCode.MAX_POSITION_SIZE: "The position would become larger than allowed.",
        ErrorCode.LOCKED_BY_ADMIN: "Trading is locked for now.",
        ErrorCode.INVALID_OR_UNSUPPORTED_INSTRUMENT: "The instrument name is not valid here.",
        ErrorCode.INVALID_AMOUNT: "The amount is not a positive multiple of the instrument's step.",
        ErrorCode.INVALID_QUANTITY: "The number of contracts is not valid.",
        ErrorCode.INVALID_PRICE: "The price is not a positive number.",
        ErrorCode.INVALID_MAX_SHOW: "The display amount is not valid.",
        ErrorCode.INVALID_ORDER_ID: "The order id is missing or has the wrong form.",
        ErrorCode.PRICE_PRECISION_EXCEEDED: "The price has more digits than the venue keeps.",
        ErrorCode.NON_INTEGER_CONTRACT_AMOUNT: "The amount is not a whole number of contracts.",
        ErrorCode.TOO_MANY_REQUESTS: "The credits for requests of this kind are used up; wait and retry.",
        ErrorCode.NOT_OWNER_OF_ORDER: "The order belongs to another account.",
        ErrorCode.MUST_BE_WEBSOCKET_REQUEST: "The method works over WebSocket only.",
        ErrorCode.INVALID_ARGS_FOR_INSTRUMENT: "Some arguments do not fit the instrument.",
        ErrorCode.WHOLE_COST_TOO_LOW: "The whole order costs too little.",
        ErrorCode.NOT_IMPLEMENTED: "The method or parameter is known but not offered by this venue.",
        ErrorCode.TRIGGER_PRICE_TOO_HIGH: "The trigger price is too high to be meant.",
        ErrorCode.TRIGGER_PRICE_TOO_LOW: "The trigger price is not above zero.",
        ErrorCode.RETRY: "The venue cannot take the request at this moment; send it again.",
        ErrorCode.SETTLEMENT_IN_PROGRESS: "The instrument is being settled; trading resumes in a moment.",
        ErrorCode.PRICE_WRONG_TICK: "The price is not on the instrument's tick.",
        ErrorCode.TRIGGER_PRICE_WRONG_TICK: "The trigger price is not on the instrument's tick.",
        ErrorCode.MATCHING_ENGINE_QUEUE_FULL: "Too many orders are waiting for the engine.",
        ErrorCode.ALREADY_FILLED: "The order has been filled.",
        ErrorCode.INVALID_ARGUMENTS: "Some argument is not valid.",
        ErrorCode.OTHER_REJECT: "The order was refused for the reason given in the data.",
        ErrorCode.OTHER_ERROR: "The outcome is not known, for the reason given in the data: find out before trying again.",
        ErrorCode.NO_MORE_TRIGGERS: "The account has as many trigger orders as it may have.",
        ErrorCode.INVALID_TRIGGER_PRICE: "The trigger price has been reached already, or cannot be reached.",
        ErrorCode.PERMISSION_DENIED: "The account may not do this.",
        ErrorCode.BAD_ARGUMENT: "An argument has a wrong value.",
        ErrorCode.NOT_OPEN_ORDER: "The operation needs an open order and this one is not.",
        ErrorCode.UNSUPPORTED_ARG_COMBINATION: "These arguments cannot be used together.",
        ErrorCode.BAD_REQUEST: "The request could not be understood.",
        ErrorCode.SYSTEM_MAINTENANCE: "The venue is under maintenance.",
        ErrorCode.POST_ONLY_REJECT: "The post-only order would have traded at once.",
        ErrorCode.INTERNAL_SERVER_ERROR: "The venue failed; nothing was changed by this request.",
        ErrorCode.ACCOUNT_BLOCKED: "The account is blocked.",
        ErrorCode.INVALID_CREDENTIALS: "Client id, secret or signature is wrong.",
        ErrorCode.UNAUTHORIZED: "The token is wrong or expired, or belongs to another connection.",
        ErrorCode.ORDERBOOK_CLOSED: "The instrument has expired and its book is closed.",
        ErrorCode.NOT_FOUND: "No instrument has this name.",
        ErrorCode.FORBIDDEN: "The token's scope does not cover the method.",
        ErrorCode.RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED: (
            "The raw interval needs an authenticated connection."
        ),
        ErrorCode.TIMED_OUT: "The request was valid until a time that had come when it was processed.",
        ErrorCode.MISSING_PARAMS: "Parameters are missing.",
        ErrorCode.INVALID_REQUEST: "The text is JSON but not a JSON-RPC request, or it is too large.",
        ErrorCode.METHOD_NOT_FOUND: "There is no such method.",
        ErrorCode.INVALID_PARAMS: "A parameter is missing or has a wrong type or value; the data names it.",
        ErrorCode.PARSE_ERROR: "The text is not JSON.",
    }
)


# fmt: on


class ErrorData(Struct, frozen=True, omit_defaults=True):
    """What was wrong, in words, and with which parameter."""

    reason: str | UnsetType = UNSET
    param: str | UnsetType = UNSET


class ErrorObject(Struct, frozen=True):
    """The `error` member of an answer.

    Source: JSON-RPC 2.0, section 5.1; Deribit adds `data.reason` and `data.param`.
    """

    code: int
    message: str
    data: ErrorData | UnsetType = UNSET


class ApiError(Exception):
    """A request that is answered with an error and has changed nothing.

    Attributes:
        code: The number; `code.message` is the word sent with it unless `message` overrides it.
        message: The word sent to the client.
        reason: What was wrong, lower case, no secrets; empty when the code says it all.
        param: The offending parameter; empty when it is not about one parameter.
        id: The request's id; UNSET when it could not be read, then the answer has no id.
    """

    def __init__(
        self,
        code: ErrorCode,
        *,
        reason: str = "",
        param: str = "",
        message: str = "",
        id: RequestId | UnsetType = UNSET,  # noqa: A002 (JSON-RPC's own name for it)
    ) -> None:
        self.code = code
        self.message = message or code.message
        self.reason = reason
        self.param = param
        self.id = id
        details = " ".join(part for part in (param and f"{param}:", reason) if part)
        super().__init__(f"{code.value} {self.message}" + (f" ({details})" if details else ""))

    def error_object(self) -> ErrorObject:
        """Return the `error` member; `data` is left out when there is nothing to say."""
        data: ErrorData | UnsetType = UNSET
        if self.reason or self.param:
            data = ErrorData(reason=self.reason or UNSET, param=self.param or UNSET)
        return ErrorObject(code=int(self.code), message=self.message, data=data)


def invalid_params(param: str, reason: str) -> ApiError:
    """Return the error for one bad parameter: -32602 with its name and the reason."""
    return ApiError(ErrorCode.INVALID_PARAMS, param=param, reason=reason)
