from strikewire.exchange import (
    MassQuote,
    MmpChanged,
    MmpConfig,
    MmpReset,
    Quote,
    QuoteRejected,
    QuoteSide,
    Reject,
    ResetMmp,
    SetMmp,
)
from strikewire.model import Lots, Side, Ticks
from strikewire.testing.exchange import ALICE, TradingFloor

CONFIG = MmpConfig(interval_s=10, frozen_s=5, max_quote_quantity_e8=10**12, quantity_e8=10**12)


def protected() -> TradingFloor:
    floor = TradingFloor.at(120_000, "BTC-PERPETUAL")
    floor.apply(SetMmp(ALICE, "btc_usd", "wings", CONFIG))
    return floor


def test_a_protection_tells_that_it_is_there_reset_and_gone() -> None:
    floor = protected()

    assert floor.apply(ResetMmp(ALICE, "btc_usd", "wings")) == (
        MmpReset(ALICE, "btc_usd", "wings"),
    )
    assert floor.apply(SetMmp(ALICE, "btc_usd", "wings")) == (
        MmpChanged(ALICE, "btc_usd", "wings", None),
    )


def test_a_side_that_is_refused_tells_which_it_was() -> None:
    floor = protected()
    quote = Quote(
        instrument_id=floor.id(),
        bid=QuoteSide(price=Ticks(-1), amount=Lots(1)),
        ask=QuoteSide(price=Ticks(120_100), amount=Lots(1)),
    )

    events = floor.apply(MassQuote(account_id=ALICE, mmp_group="wings", quotes=(quote,)))

    (refused,) = [event for event in events if isinstance(event, QuoteRejected)]
    assert (refused.account_id, refused.instrument_id) == (ALICE, floor.id())
    assert (refused.side, refused.code) == (Side.BUY, Reject.INVALID_PRICE)
