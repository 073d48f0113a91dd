"""Methods about settlements, deliveries and bankruptcies: of all accounts, and of one's own."""

from collections.abc import Iterable

from strikewire.api import settlement as api
from strikewire.exchange import BankruptcyView, Settlement, Transaction, TransactionType
from strikewire.gateway.desk import Call, Desk, Reply
from strikewire.gateway.owned import asked_account, checked_currency
from strikewire.model import (
    Instrument,
    InstrumentId,
    Lots,
    Units,
    lots_to_amount,
    ms_to_ns,
    ns_to_ms,
    price_e8_to_float,
    units_to_coins,
)

LAST_PAGE = "none"

Key = tuple[int, int]
"""When a row happened, in nanoseconds, and a number that tells it from others of that time."""

Page = (
    api.GetLastSettlementsByCurrency
    | api.GetLastSettlementsByInstrument
    | api.GetSettlementHistoryByCurrency
    | api.GetSettlementHistoryByInstrument
)


def get_last_settlements_by_currency(
    desk: Desk, call: Call, params: api.GetLastSettlementsByCurrency
) -> Reply:
    """Return what settlements, deliveries and bankruptcies of a currency came to."""
    currency = checked_currency(params.currency)
    rows = _public_rows(desk, desk.exchange.settlements(currency))
    lost = {
        (one.time_ns, 0): _bankruptcy(currency, one) for one in desk.exchange.bankruptcies(currency)
    }
    return Reply(_page(rows | lost, params))


def get_last_settlements_by_instrument(
    desk: Desk, call: Call, params: api.GetLastSettlementsByInstrument
) -> Reply:
    """Return what settlements and the delivery of an instrument came to."""
    instrument = desk.market_of(params.instrument_name).instrument
    settled = desk.exchange.settlements(instrument.settlement_currency)
    mine = [one for one in settled if one.instrument_id == instrument.instrument_id]
    return Reply(_page(_public_rows(desk, mine), params))


def get_settlement_history_by_currency(
    desk: Desk, call: Call, params: api.GetSettlementHistoryByCurrency
) -> Reply:
    """Return the account's settlements and deliveries in a currency."""
    return Reply(_page(_own_rows(desk, call, checked_currency(params.currency), None), params))


def get_settlement_history_by_instrument(
    desk: Desk, call: Call, params: api.GetSettlementHistoryByInstrument
) -> Reply:
    """Return the account's settlements and delivery of an instrument."""
    instrument = desk.market_of(params.instrument_name).instrument
    return Reply(_page(_own_rows(desk, call, instrument.settlement_currency, instrument), params))


def _public_rows(desk: Desk, settled: Iterable[Settlement]) -> dict[Key, api.SettlementRow]:
    rows = {}
    for one in settled:
        instrument = desk.exchange.instruments[one.instrument_id]
        currency = instrument.settlement_currency
        rows[one.time_ns, int(one.instrument_id)] = api.SettlementRow(
            type="delivery" if one.is_delivery else "settlement",
            timestamp=ns_to_ms(one.time_ns),
            instrument_name=instrument.name,
            position=lots_to_amount(instrument, one.open_interest),
            index_price=price_e8_to_float(one.index),
            mark_price=price_e8_to_float(one.price),
            session_profit_loss=units_to_coins(currency, one.gains),
            profit_loss=units_to_coins(currency, one.net),
            funding=units_to_coins(currency, one.funding),
        )
    return rows


def _bankruptcy(currency: str, one: BankruptcyView) -> api.SettlementRow:
    def coins(units: int) -> float:
        return units_to_coins(currency, Units(units))

    return api.SettlementRow(
        type="bankruptcy",
        timestamp=ns_to_ms(one.time_ns),
        session_profit_loss=coins(one.profits),
        funded=coins(one.funded),
        session_bankruptcy=coins(one.deficit),
        socialized=coins(one.socialised),
        session_tax=coins(one.socialised),
        session_tax_rate=one.socialised / one.profits if one.profits else 0.0,
    )


def _own_rows(
    desk: Desk, call: Call, currency: str, instrument: Instrument | None
) -> dict[Key, api.SettlementRow]:
    account = asked_account(desk, call, None)
    wanted = (TransactionType.SETTLEMENT, TransactionType.DELIVERY)
    return {
        (one.time_ns, one.transaction_id): _own_row(desk, one)
        for one in desk.exchange.transactions(account.account_id, currency)
        if one.type in wanted
        and (instrument is None or one.about.instrument_id == instrument.instrument_id)
    }


def _own_row(desk: Desk, one: Transaction) -> api.SettlementRow:
    about = one.about
    instrument = desk.exchange.instruments[InstrumentId(about.instrument_id)]
    is_delivery = one.type is TransactionType.DELIVERY
    # A delivery closes the position: its size was the other way.
    size = -about.side * about.lots if about.side is not None else about.position
    return api.SettlementRow(
        type="delivery" if is_delivery else "settlement",
        timestamp=ns_to_ms(one.time_ns),
        instrument_name=instrument.name,
        position=lots_to_amount(instrument, Lots(size)),
        index_price=price_e8_to_float(about.index),
        mark_price=price_e8_to_float(about.price),
        session_profit_loss=units_to_coins(one.currency, about.profit),
        profit_loss=units_to_coins(one.currency, Units(one.amount + one.fee)),
        funding=units_to_coins(one.currency, about.funding),
    )


def _page(rows: dict[Key, api.SettlementRow], params: Page) -> api.Settlements:
    """Return one page, newest first, and where the next one begins."""
    keys = sorted(rows, reverse=True)
    if params.search_start_timestamp is not None:
        latest_ns = ms_to_ns(params.search_start_timestamp + 1)
        keys = [key for key in keys if key[0] < latest_ns]
    if params.continuation is not None:
        keys = [key for key in keys if key <= _key(params.continuation)]
    if params.type is not None:
        keys = [key for key in keys if rows[key].type == params.type]
    more = keys[params.count :]
    return api.Settlements(
        continuation=f"{more[0][0]}.{more[0][1]}" if more else LAST_PAGE,
        settlements=[rows[key] for key in keys[: params.count]],
    )


def _key(continuation: str) -> Key:
    """Return where a page begins; what is no continuation of ours begins after the last row."""
    time_ns, _, number = continuation.partition(".")
    if not (time_ns.isdecimal() and number.isdecimal()):
        return (-1, 0)
    return (int(time_ns), int(number))
