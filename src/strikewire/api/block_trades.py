"""Messages about block trades: what two accounts agreed on outside of the books."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.fields import (
    Count,
    CurrencyName,
    Direction,
    InstrumentName,
    Milliseconds,
    OrderNumber,
    RequestTime,
    check_positive,
)
from strikewire.api.repeatable import Repeatable
from strikewire.api.trading import UserTrade

BLOCK_COUNT_DEFAULT: Final = 20
LEGS_MAX: Final = 20
NONCE_LENGTH_MAX: Final = 64
SIGNATURE_LENGTH: Final = 64

Role = Literal["maker", "taker"]
BlockTradeIdText = Annotated[
    str, Meta(min_length=1, max_length=64, description="Id of a block trade, such as BLOCK-12.")
]
Nonce = Annotated[
    str,
    Meta(max_length=NONCE_LENGTH_MAX, description="What tells one agreement from another."),
]
Signature = Annotated[
    str,
    Meta(max_length=2 * SIGNATURE_LENGTH, description="As `private/verify_block_trade` gave it."),
]


class BlockTradeLeg(Struct, frozen=True, kw_only=True):
    """One instrument of a block trade; `direction` is always that of the maker.

    `amount` is USD on inverse futures and coins elsewhere.
    """

    instrument_name: InstrumentName
    direction: Direction
    amount: OrderNumber
    price: OrderNumber

    def __post_init__(self) -> None:
        check_positive(self.amount, "amount")
        check_positive(self.price, "price")


Legs = Annotated[list[BlockTradeLeg], Meta(min_length=1, max_length=LEGS_MAX)]


class VerifyBlockTrade(Struct, frozen=True, kw_only=True):
    """Agree to a block trade: the answer is a signature for the other side to execute it with.

    `direction` of each leg is the maker's, whoever asks. `timestamp` and `nonce` are shared
    with the other side; the signature holds until five minutes after `timestamp`.
    """

    timestamp: RequestTime
    nonce: Nonce
    role: Role
    trades: Legs


class BlockTradeSignature(Struct, frozen=True, kw_only=True):
    """The venue's word that an account agreed."""

    signature: str
    expires_at: Milliseconds


class ExecuteBlockTrade(Repeatable, frozen=True, kw_only=True):
    """Carry out a block trade that the other side has signed: all legs or none.

    All but `role` is what the other side verified. The same two accounts, `timestamp` and
    `nonce` are carried out once.
    """

    timestamp: RequestTime
    nonce: Nonce
    role: Role
    trades: Legs
    counterparty_signature: Signature


class BlockTrade(Struct, frozen=True, kw_only=True):
    """A block trade as one of its two sides sees it: its fills, one a leg."""

    id: str
    timestamp: Milliseconds
    trades: list[UserTrade]


RequestState = Literal["initial", "approved", "rejected", "executed"]


class BlockTradeState(Struct, frozen=True, kw_only=True):
    """Where a request for a block trade stands, and since when."""

    value: RequestState
    timestamp: Milliseconds


class AgreedLeg(Struct, frozen=True, kw_only=True):
    """One instrument of a block trade that was asked for; `direction` is that of the maker."""

    instrument_name: InstrumentName
    direction: Direction
    price: float
    amount: float


class BlockTradeRequest(Struct, frozen=True, kw_only=True):
    """A block trade that a broker's key asked for in the account's name.

    `app_name` is the name of that key; `counterparty_state` is there where the other side has
    been asked as well.
    """

    nonce: str
    timestamp: Milliseconds
    trades: list[AgreedLeg]
    app_name: str
    username: str
    role: Role
    user_id: int
    state: BlockTradeState
    counterparty_state: BlockTradeState | UnsetType = UNSET


class ApproveBlockTrade(Struct, frozen=True, kw_only=True):
    """Agree to a block trade that a broker's key asked for, with any other key of the account.

    `role` is the account's own.
    """

    timestamp: RequestTime
    nonce: Nonce
    role: Role


class RejectBlockTrade(Struct, frozen=True, kw_only=True):
    """Refuse a block trade that a broker's key asked for: what it signed is worth nothing."""

    timestamp: RequestTime
    nonce: Nonce
    role: Role


class GetPendingBlockTrades(Struct, frozen=True, kw_only=True):
    """List the block trades that wait for the account's word, newest first."""


class GetBlockTradeRequests(Struct, frozen=True, kw_only=True):
    """List what broker's keys have asked for in the account's name, newest first."""


class InvalidateBlockTradeSignature(Struct, frozen=True, kw_only=True):
    """Take back the account's own signature, as long as nobody has executed with it."""

    signature: Signature


class SimulateBlockTrade(Struct, frozen=True, kw_only=True):
    """Ask whether the account could make a block trade now, as maker unless `role` says taker.

    What the other side could is not told; legs that are no block trade are an error.
    """

    role: Role | None = None
    trades: Legs


class GetBlockTrade(Struct, frozen=True, kw_only=True):
    """Read one block trade of the account."""

    id: BlockTradeIdText


class GetBlockTrades(Struct, frozen=True, kw_only=True):
    """List the account's block trades, newest first, of one currency or of all.

    `start_id` and `end_id` are the oldest and the newest wanted.
    """

    currency: CurrencyName | None = None
    count: Count = BLOCK_COUNT_DEFAULT
    start_id: BlockTradeIdText | None = None
    end_id: BlockTradeIdText | None = None
