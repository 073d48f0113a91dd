"""The daily settlement: what the session brought becomes cash, and a new session begins.

Every future, perpetuals included, is valued at its mark. What it brought since the last settlement
(profit realised, funding, and the change of what is open) is paid into or out of the balance, and
what is open enters the new session at that mark. Options pay their premium when they trade, so
nothing of theirs is paid; only their session's figures begin anew. Instruments that have expired
are not touched: their delivery pays them.

All positions of a perpetual pay their funding up to the same moment here, so what the roundings
left over is known, and goes to the venue.

Source: Deribit, "Settlement": daily at 08:00 UTC, session profit and loss to the cash balance.
"""

from strikewire.exchange.commands import SettleSession
from strikewire.exchange.events import Reject, Rejected, SessionSettled, Settlement
from strikewire.exchange.orders.paying import pay
from strikewire.exchange.orders.positions import accrue_funding
from strikewire.exchange.orders.turn import Turn
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.state import Account
from strikewire.exchange.state.transactions import About, TransactionType
from strikewire.model import CURRENCIES, InstrumentId, Lots, PriceE8, Units


class Tally:
    """What the positions in one instrument were paid, added up for the public."""

    __slots__ = ("funding", "gains", "net")

    def __init__(self) -> None:
        self.gains = 0
        self.net = 0
        self.funding = 0

    def add(self, profit: int, funding: int) -> None:
        """Count one position."""
        self.net += profit
        self.gains += max(profit, 0)
        self.funding += max(funding, 0)


def settle_session(turn: Turn, command: SettleSession) -> Rejected | None:
    """Settle the session of everything that is settled in a currency."""
    currency = command.currency
    if currency not in CURRENCIES:
        return Rejected(Reject.INVALID_ARGUMENTS, "unknown_currency", "currency")

    tallies = {
        instrument_id: Tally()
        for instrument_id, market in sorted(turn.state.markets.items())
        if market.contract.currency == currency and _is_settled_daily(market, turn.time_ns)
    }
    for account_id in sorted(turn.state.accounts):
        _settle_account(turn, turn.state.accounts[account_id], currency, tallies)
    treasury = turn.state.treasury(currency)
    assert treasury.funding >= 0
    treasury.rounding += treasury.funding
    treasury.funding = 0
    settlements = []
    for instrument_id, tally in tallies.items():
        market = turn.state.markets[instrument_id]
        assert market.mark is not None
        market.settlement_price = market.mark.price
        if not market.contract.is_option:
            settlements.append(settlement(turn, market, market.mark.price, tally))
    turn.state.archive_settlements(currency, settlements)
    turn.state.sessions[currency] = turn.time_ns
    turn.last = SessionSettled(currency, tuple(settlements))
    return None


def settlement(turn: Turn, market: Market, price: PriceE8, tally: Tally) -> Settlement:
    """Return what the public may know of a settlement or a delivery that was just carried out."""
    expiry_ns = market.instrument.expiry_ns
    return Settlement(
        instrument_id=market.instrument_id,
        is_delivery=expiry_ns is not None and turn.time_ns >= expiry_ns,
        time_ns=turn.time_ns,
        price=price,
        index=turn.state.indices.get(market.instrument.price_index, PriceE8(0)),
        open_interest=Lots(market.open_interest),
        gains=Units(tally.gains),
        net=Units(tally.net),
        funding=Units(tally.funding),
    )


def _is_settled_daily(market: Market, time_ns: int) -> bool:
    """Say whether an instrument has sessions, and this one does not end with its delivery."""
    expiry_ns = market.instrument.expiry_ns
    return (
        market.is_open
        and market.mark is not None
        and not market.contract.is_spot
        and (expiry_ns is None or time_ns < expiry_ns)
    )


def _settle_account(
    turn: Turn, account: Account, currency: str, tallies: dict[InstrumentId, Tally]
) -> None:
    ledger = account.ledgers.get(currency)
    if ledger is None:
        return
    kept = 0
    for instrument_id in sorted(ledger.holdings):
        holding = ledger.holdings[instrument_id]
        tally = tallies.get(instrument_id)
        if tally is not None:
            _settle_holding(turn, account, holding, tally)
        elif holding.market.instrument.is_future:
            kept += holding.position.realized
    # What no instrument brought is a share of a loss.
    shared = ledger.session_rpl - kept
    if shared:
        ledger.session_rpl -= shared
        pay(turn, account, currency, shared, TransactionType.SOCIALIZED)
    ledger.options_session_rpl = ledger.session_funding = 0


def _settle_holding(turn: Turn, account: Account, holding: Holding, tally: Tally) -> None:
    market, position = holding.market, holding.position
    if not position.size and not position.realized:
        return
    assert market.mark is not None
    accrue_funding(turn, account, market)
    realized, funding = position.realized, position.funding
    profit = position.settle(market.contract, market.mark.price)
    turn.touched.add_position(account, market)
    if market.contract.is_option:
        return
    holding.forget_funding()
    tally.add(profit, funding)
    account.ledger(market.contract.currency).session_rpl -= realized
    about = About(
        instrument_id=market.instrument_id,
        price=market.mark.price,
        position=position.size,
        profit=Units(profit),
        funding=Units(funding),
        index=turn.state.indices.get(market.instrument.price_index, PriceE8(0)),
    )
    pay(turn, account, market.contract.currency, profit, TransactionType.SETTLEMENT, about=about)
