"""Verdicts are what the scenarios say, in whole units, of the account as it is and would be."""

import math

import pytest
from msgspec import structs

from strikewire.exchange import (
    CancelOrder,
    ChangeMarginModel,
    Command,
    EditOrder,
    Event,
    ListInstrument,
    MarginModel,
    Mark,
    MassQuote,
    MmpConfig,
    PlaceOrder,
    Quote,
    QuoteRejected,
    QuoteSide,
    SetMarks,
    SetMmp,
    SetVerdicts,
    Transfer,
    Verdict,
    Withdraw,
)
from strikewire.gateway.judge import Judge
from strikewire.model import (
    AccountId,
    InstrumentId,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    instrument,
)
from strikewire.pricing import years_to_expiry
from strikewire.testing.exchange import ALICE, BOB, Deed, TradingFloor

PERPETUAL, CALL, PUT = "BTC-PERPETUAL", "BTC-25DEC26-100000-C", "BTC-25DEC26-80000-P"
LINEAR, SPOT = "BTC_USDC-PERPETUAL", "BTC_USDC"
BTC = 1_00000000


class Court(TradingFloor):
    """A trading floor whose judge hears everything."""

    def __init__(self) -> None:
        self.judge: Judge | None = None
        super().__init__(
            PERPETUAL, CALL, PUT, LINEAR, SPOT, cash={"BTC": 100 * BTC, "USDC": 10**12}
        )
        self.judge = Judge(self.exchange)
        self.mark(price=100_000.0)
        self.mark(name=CALL, price=0.2, underlying=100_000.0)
        self.mark(name=PUT, price=0.1, underlying=100_000.0)
        self.mark(name=LINEAR, price=100_000.0)

    def apply(self, command: Command) -> tuple[Event, ...]:
        events = super().apply(command)
        if self.judge is not None:
            self.judge.hear(events)
        return events

    def verdict(self, currency: str = "BTC", **more: object) -> Verdict:
        assert self.judge is not None
        return self.judge.verdict(self.now_ns, ALICE, currency, **more)  # type: ignore[arg-type]

    def judged(self, command: Command) -> Verdict | None:
        assert self.judge is not None
        found = self.judge.judged(self.now_ns, command)
        return getattr(found, "verdict", None)

    def switch(self) -> None:
        self.apply(ChangeMarginModel(ALICE, MarginModel.PORTFOLIO, (("BTC", self.verdict()),)))
        assert self.exchange.margin_model(ALICE) is MarginModel.PORTFOLIO


def place(court: Court, *, lots: int = 10_000, side: Side = Side.BUY) -> PlaceOrder:
    return PlaceOrder(
        account_id=ALICE,
        instrument_id=court.id(PERPETUAL),
        side=side,
        amount=Lots(lots),
        price=Ticks(200_000 - 2_000 * side),
    )


# A coin's worth of the perpetual, 100,000 dollars: 1 / 0.84 - 1 at -16 %, and a hundredth of a coin
# for its delta; the same short gains and loses 1 - 1 / 1.16 the other way.
LONG = 1 / 0.84 - 1 + 0.01
SHORT = 1 - 1 / 1.16 + 0.01


def test_who_holds_nothing_needs_nothing() -> None:
    assert Court().verdict() == Verdict(0, Units(0), Units(0))


def test_a_position_needs_what_its_scenarios_lose() -> None:
    court = Court()
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)

    verdict = court.verdict()

    assert court.exchange.sizes(ALICE) == {court.id(PERPETUAL): 10_000}
    assert verdict.basis == court.exchange.changes(ALICE)
    assert verdict.initial == math.ceil(LONG * BTC)
    assert verdict.maintenance == pytest.approx(0.8 * verdict.initial, abs=1)
    assert court.verdict("ETH").initial == 0


def test_linear_positions_are_judged_in_their_own_currency() -> None:
    court = Court()
    one = court.exchange.instruments[court.id(LINEAR)]
    ticks = int(100_000 / one.tick_size)
    court.sell(BOB, 1_000, at=ticks, name=LINEAR)
    court.buy(ALICE, 1_000, at=ticks, name=LINEAR)

    needed = court.verdict("USDC").initial / 10**6
    amount = 1_000 * float(one.lot_size)

    # 16 % of 100,000 dollars a coin, and 1 % for its delta.
    assert needed == pytest.approx(amount * 17_000, rel=1e-6)
    assert court.verdict("BTC").initial == 0


def test_of_open_orders_the_worst_side_counts() -> None:
    court = Court()
    court.buy(ALICE, 10_000, at=199_000)
    court.sell(ALICE, 20_000, at=201_000)

    # Two coins short if the sellers fill alone; one if all do; one long if the buyers do.
    assert court.verdict().initial == pytest.approx(2 * SHORT * BTC, abs=2)


def test_an_order_is_judged_with_what_it_would_add() -> None:
    court = Court()
    court.switch()

    told = court.judged(place(court))

    assert told is not None
    assert told.initial == math.ceil(LONG * BTC)
    assert told.basis == court.exchange.changes(ALICE)
    court.apply(structs.replace(place(court), verdict=told))
    assert court.summary(ALICE, "BTC").initial_margin == told.initial
    short = court.judged(place(court, side=Side.SELL))
    assert short is not None
    assert short.initial == max(told.initial, math.ceil(SHORT * BTC))


def test_an_edited_order_is_judged_in_the_place_of_itself() -> None:
    court = Court()
    court.buy(ALICE, 10_000, at=199_000)
    court.switch()

    told = court.judged(EditOrder(account_id=ALICE, order_id=OrderId(1), amount=Lots(20_000)))

    assert told is not None
    assert told.initial == pytest.approx(2 * LONG * BTC, abs=2)


def test_a_hedged_pair_needs_less_than_its_parts() -> None:
    court = Court()
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    alone = court.verdict().initial
    court.sell(BOB, 10, at=1_000, name=PUT)
    court.buy(ALICE, 10, at=1_000, name=PUT)

    assert court.verdict().initial < alone


def test_what_needs_no_verdict_is_left_as_it_is() -> None:
    court = Court()
    assert court.judged(place(court)) is None  # with standard margin
    court.switch()

    unknown = PlaceOrder(
        account_id=ALICE, instrument_id=InstrumentId(99), side=Side.SELL, amount=Lots(1)
    )
    for command in (
        unknown,
        EditOrder(account_id=ALICE, order_id=OrderId(99), amount=Lots(1)),
        CancelOrder(ALICE, OrderId(1)),
    ):
        assert court.judged(command) is None


def test_requirements_are_told_anew_when_marks_have_moved() -> None:
    court = Court()
    assert court.judge is not None
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    assert court.judge.verdicts(court.now_ns) is None  # nobody has portfolio margin
    court.switch()
    assert court.judge.verdicts(court.now_ns) is None  # no mark has moved

    court.mark(price=50_000.0)
    told = court.judge.verdicts(court.now_ns)

    assert isinstance(told, SetVerdicts)
    of_btc = {currency: one for _, currency, one in told.verdicts}["BTC"]
    # 100,000 dollars are two coins now, and lose twice as many.
    assert of_btc.initial == pytest.approx(2 * LONG * BTC, rel=1e-4)
    court.apply(told)
    assert court.summary(ALICE, "BTC").initial_margin == of_btc.initial
    assert court.judge.verdicts(court.now_ns) is None


def test_who_has_traded_is_told_anew_though_no_mark_has_moved() -> None:
    court = Court()
    assert court.judge is not None
    court.switch()
    told = court.judged(place(court))
    court.sell(BOB, 10_000, at=200_000)
    court.apply(structs.replace(place(court), price=Ticks(200_000), verdict=told))
    # The exchange only knows what was needed before the fill; whoever asks is told more.
    assert court.summary(ALICE, "BTC").maintenance_margin == 0
    asked = court.judge.summary(court.now_ns, ALICE, "BTC")
    assert asked is not None
    assert asked.maintenance_margin == pytest.approx(0.8 * LONG * BTC, abs=2)
    assert asked.available_funds == asked.equity - asked.initial_margin

    command = court.judge.verdicts(court.now_ns, of_all=False)

    assert isinstance(command, SetVerdicts)
    assert {account_id for account_id, _, _ in command.verdicts} == {ALICE}
    court.apply(command)
    assert court.summary(ALICE, "BTC") == asked
    assert court.judge.summary(court.now_ns, ALICE, "BTC") == asked
    assert court.judge.verdicts(court.now_ns, of_all=False) is None


def test_a_round_of_liquidation_brings_fresh_verdicts_for_who_is_in_it() -> None:
    court = Court()
    assert court.judge is not None
    court.leave(ALICE, "BTC", 3 * BTC // 10)
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    court.switch()
    assert court.judge.round(court.now_ns, court.exchange.in_liquidation) is None

    court.mark(price=88_000.0)
    told = court.judge.verdicts(court.now_ns)
    assert told is not None
    court.apply(told)
    command = court.judge.round(court.now_ns, court.exchange.in_liquidation)

    assert command is not None
    (of_btc,) = [one for who, name, one in command.verdicts if (who, name) == (ALICE, "BTC")]
    assert of_btc.basis == court.exchange.changes(ALICE)
    assert of_btc.maintenance > court.summary(ALICE, "BTC").equity
    court.apply(command)
    assert court.exchange.is_locked(ALICE)
    # Nobody bids, so the next round brings the same.
    assert court.judge.round(court.now_ns, [ALICE]) == command
    assert command.account_ids == (ALICE,)


def test_instruments_that_are_listed_later_are_judged_too() -> None:
    court = Court()
    court.verdict()
    later = instrument("BTC-25DEC26", instrument_id=77, creation_ns=court.now_ns)
    court.apply(ListInstrument(later))
    price = PriceE8(100_000 * 10**8)
    court.apply(SetMarks((), (Mark(InstrumentId(77), price, 0, price),)))

    verdict = court.verdict(more=[(InstrumentId(77), Side.BUY, Lots(10_000))])

    assert later.expiry_ns is not None
    roll = math.expm1(0.075 * years_to_expiry(court.now_ns, later.expiry_ns))
    assert verdict.initial == pytest.approx((1 / 0.84 - 1 + roll) * BTC, abs=2)


def test_an_instrument_that_comes_as_a_combo_goes_is_judged_too() -> None:
    court = Court()
    near, far = "BTC-27NOV26", "BTC-25DEC26"
    court.list(near)
    court.mark(name=near, price=100_000.0)
    court.combine((near, 1), (PERPETUAL, -1))
    court.verdict()
    court.expire(near)
    before = len(court.exchange.instruments)

    court.settle(near, 100_000.0)
    court.list(far)
    court.mark(name=far, price=100_000.0)

    assert len(court.exchange.instruments) == before
    assert court.verdict(more=[(court.id(far), Side.BUY, Lots(10_000))]).initial > 0


def test_without_an_index_nothing_can_be_judged_and_nothing_is_said_to_be_needed() -> None:
    floor = TradingFloor(PERPETUAL)
    judge = Judge(floor.exchange)
    floor.buy(ALICE, 10, at=1_000)

    assert judge.verdict(floor.now_ns, ALICE, "BTC").initial == 0


def test_positions_that_somebody_thinks_of_come_to_those_held() -> None:
    court = Court()
    assert court.judge is not None
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    thought = {court.id(PERPETUAL): -100_000.0, InstrumentId(99): 1.0}

    added = court.judge.simulate(court.now_ns, ALICE, "BTC", thought, add_positions=True)
    alone = court.judge.simulate(court.now_ns, ALICE, "BTC", thought, add_positions=False)

    assert added.initial == pytest.approx(0.0, abs=1e-9)
    assert alone.initial == pytest.approx(SHORT)
    assert (
        court.judge.simulate(court.now_ns, AccountId(99), "BTC", {}, add_positions=True).initial
        == 0.0
    )


def test_a_mass_quote_is_judged_as_a_whole_and_in_the_place_of_what_it_changes() -> None:
    court = Court()
    court.switch()
    config = MmpConfig(
        interval_s=1, frozen_s=1, max_quote_quantity_e8=10 * BTC, quantity_e8=10 * BTC
    )
    court.apply(SetMmp(ALICE, "btc_usd", "wings", config))
    bid, ask = (QuoteSide(price=Ticks(price), amount=Lots(10_000)) for price in (199_000, 201_000))
    quote = Quote(instrument_id=court.id(PERPETUAL), bid=bid, ask=ask)
    command = MassQuote(account_id=ALICE, mmp_group="wings", quotes=(quote,))
    assert court.judge is not None

    for _ in range(2):
        judged = court.judge.judged(court.now_ns, command)

        assert isinstance(judged, MassQuote)
        ((currency, told),) = judged.verdicts
        # One coin long if the bid fills alone; short it is less, and none if both do.
        assert (currency, told.initial) == ("BTC", math.ceil(LONG * BTC))
        events = court.apply(judged)
        assert not any(isinstance(event, QuoteRejected) for event in events)
        assert court.summary(ALICE, "BTC").initial_margin == told.initial


def test_a_withdrawal_counts_what_is_needed_at_the_marks_of_its_own_time() -> None:
    court = Court()
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    court.switch()
    told = court.summary(ALICE, "BTC")

    # Nothing of this has been told to the exchange, which counts with what was needed before.
    court.mark(price=50_000.0)
    free = court.summary(ALICE, "BTC").available_withdrawal_funds
    command = Withdraw(ALICE, "BTC", free)
    assert court.judge is not None
    judged = court.judge.judged(court.now_ns, command)

    # At half the price 100,000 dollars are two coins, and need twice as much.
    assert court.judged(command) == court.verdict()
    assert court.verdict().initial == pytest.approx(2 * told.initial_margin, rel=1e-6)
    assert Deed(court.apply(judged)).rejected.reason == (
        f"{free} of {free - (court.verdict().initial - told.initial_margin)} units"
    )
    less = structs.replace(judged, amount=Units(free - court.verdict().initial // 2))
    assert not Deed(court.apply(less)).is_rejected


def test_of_a_transfer_the_payer_is_judged() -> None:
    court = Court()
    court.switch()

    def transfer(source: AccountId, destination: AccountId, currency: str = "BTC") -> Transfer:
        return Transfer(
            account_id=source,
            source=source,
            destination=destination,
            currency=currency,
            amount=Units(1),
        )

    assert court.judged(transfer(ALICE, BOB)) == court.verdict()
    assert court.judged(transfer(BOB, ALICE)) is None  # with standard margin
    assert court.judged(Withdraw(BOB, "BTC", Units(1))) is None
    assert court.judged(transfer(ALICE, BOB, "DOGE")) is None


def test_an_order_on_spot_is_judged_in_the_currency_that_it_pays_in() -> None:
    court = Court()
    court.sell(BOB, 10_000, at=200_000)
    court.buy(ALICE, 10_000, at=200_000)
    court.switch()

    def spot(side: Side) -> PlaceOrder:
        price = Ticks(2_000_000 - 1_000 * side)
        return PlaceOrder(
            account_id=ALICE,
            instrument_id=court.id(SPOT),
            side=side,
            amount=Lots(1),
            price=price,
        )

    assert court.verdict("BTC").initial > court.verdict("USDC").initial == 0
    assert court.judged(spot(Side.SELL)) == court.verdict("BTC")
    assert court.judged(spot(Side.BUY)) == court.verdict("USDC")
