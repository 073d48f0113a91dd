import msgspec
import pytest

from strikewire.exchange import BlockLeg, ExecuteBlockTrade, decode
from strikewire.model import AccountId, InstrumentId, Lots, Side, Ticks


def test_a_block_trade_needs_no_verdicts() -> None:
    entry = ["block_trade", 1, 2, [[3, 1, 250, 501]], 1_767_225_600_000, "tea"]

    command = decode(msgspec.msgpack.encode(entry))

    assert command == ExecuteBlockTrade(
        maker_id=AccountId(1),
        taker_id=AccountId(2),
        legs=(
            BlockLeg(
                instrument_id=InstrumentId(3), side=Side.BUY, amount=Lots(250), price=Ticks(501)
            ),
        ),
        agreed_ms=1_767_225_600_000,
        nonce="tea",
        maker_verdict=None,
        taker_verdict=None,
    )


def test_a_leg_without_a_price_is_none() -> None:
    entry = ["block_trade", 1, 2, [[3, 1, 250]], 1_767_225_600_000, "tea"]

    with pytest.raises(msgspec.DecodeError):
        decode(msgspec.msgpack.encode(entry))
