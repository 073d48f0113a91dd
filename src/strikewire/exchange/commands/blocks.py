"""The command of a block trade, which is agreed on outside of the books."""

import msgspec

from strikewire.exchange.commands.margin import Verdict
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks


class BlockLeg(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One instrument of a block trade."""

    instrument_id: InstrumentId
    side: Side
    """Of the maker."""

    amount: Lots
    price: Ticks
    """Base ticks; the coarser ticks of high prices do not bind it."""


class ExecuteBlockTrade(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="block_trade"
):
    """Carry out a trade that two accounts have agreed on outside of the books: all legs or none.

    That both agreed was made sure before the command got its number. The same two accounts, time
    and nonce are carried out once.

    Source: Deribit API v2, `private/execute_block_trade`.
    """

    maker_id: AccountId
    taker_id: AccountId
    legs: tuple[BlockLeg, ...]
    agreed_ms: int
    """When they agreed, milliseconds since the Unix epoch; it holds for `BLOCK_VALID_MS`."""

    nonce: str
    """Their own word for it; at most `BLOCK_NONCE_LENGTH_MAX` characters."""

    maker_verdict: Verdict | None = None
    """As of `PlaceOrder`, with the whole trade carried out."""

    taker_verdict: Verdict | None = None
