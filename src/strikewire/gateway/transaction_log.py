"""The lines of an account's transaction log, in the shapes of the public API."""

from typing import Any

from msgspec import UNSET

from strikewire.api.wallet import LogEntry
from strikewire.exchange import Transaction, TransactionType
from strikewire.gateway.desk import Desk
from strikewire.model import (
    CURRENCIES,
    AccountId,
    Instrument,
    Lots,
    Side,
    Units,
    format_order_id,
    format_trade_id,
    lots_to_amount,
    ns_to_ms,
    price_e8_to_float,
    units_to_coins,
)


def log_entry(desk: Desk, one: Transaction) -> LogEntry:
    """Return one line of the log as its owner sees it."""
    about, currency = one.about, one.currency
    instrument = desk.exchange.instruments.get(about.instrument_id)
    is_trade = one.type is TransactionType.TRADE
    is_session = instrument is not None and instrument.is_future
    flow = about.profit if is_session else one.amount + one.fee

    def coins(units: int) -> float:
        return units_to_coins(currency, Units(units))

    entry = LogEntry(
        id=one.transaction_id,
        user_seq=one.account_seq,
        user_id=one.account_id,
        username=_name(desk, one.account_id),
        timestamp=ns_to_ms(one.time_ns),
        currency=currency,
        type=one.type.value,
        change=coins(one.amount),
        balance=coins(one.balance),
        cashflow=coins(flow),
        commission=coins(one.fee),
        info=_info(desk, one),
        profit_as_cashflow=is_trade and is_session,
    )
    return entry if instrument is None else _with_instrument(entry, one, instrument)


def matches(one: Transaction, instrument: Instrument | None, query: str) -> bool:
    """Tell whether a line is what a query asks for: a word of its own, or its instrument."""
    word = query.strip().lower()
    return word in _words(one, instrument)


def _words(one: Transaction, instrument: Instrument | None) -> set[str]:
    words = {one.type.value}
    if one.type is TransactionType.TRADE:
        words.add("maker" if one.about.is_maker else "taker")
    side = _side(one, instrument)
    if side is not None:
        words.update(side.split())
    if instrument is not None:
        words.update((instrument.name.lower(), instrument.kind.value))
    return words


def _with_instrument(entry: LogEntry, one: Transaction, instrument: Instrument) -> LogEntry:
    about = one.about
    is_trade = one.type is TransactionType.TRADE
    is_settlement = one.type is TransactionType.SETTLEMENT
    amount = lots_to_amount(instrument, about.lots)
    price = price_e8_to_float(about.price)
    role = UNSET if not is_trade else "maker" if about.is_maker else "taker"
    is_perpetual = instrument.is_perpetual and one.type is not TransactionType.LIQUIDATION
    extra: dict[str, Any] = {
        "instrument_name": instrument.name,
        "side": _side(one, instrument),
        "amount": amount,
        "contracts": amount / float(instrument.contract_size),
        "price": price,
        "price_currency": _price_currency(instrument),
        "position": lots_to_amount(instrument, Lots(about.position)),
        "interest_pl": units_to_coins(one.currency, about.funding) if is_perpetual else None,
        "index_price": price_e8_to_float(about.index) if about.index else UNSET,
        "mark_price": price if is_settlement else UNSET,
        "settlement_price": UNSET if is_trade else price,
        "user_role": role,
        "fee_role": role,
    }
    if is_trade:
        currency = instrument.settlement_currency
        extra["trade_id"] = format_trade_id(currency, about.trade_id)
        extra["order_id"] = format_order_id(currency, about.order_id)
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return LogEntry(**(fields | extra))


def _side(one: Transaction, instrument: Instrument | None) -> str | None:
    """Return which way a position went, in the API's words; None where there is none.

    Source: Deribit API v2, `private/get_transaction_log`: open or close with buy or sell in
    trades, close in deliveries, long or short in settlements.
    """
    about = one.about
    if one.type is TransactionType.SETTLEMENT:
        return "long" if about.position > 0 else "short" if about.position < 0 else None
    if about.side is None or instrument is None:
        return None
    word = "buy" if about.side is Side.BUY else "sell"
    if instrument.is_spot:
        return word
    before = about.position - about.side * about.lots
    if one.type is TransactionType.DELIVERY or before * about.side < 0:
        return f"close {word}"
    return f"open {word}"


def _price_currency(instrument: Instrument) -> str:
    if instrument.is_option and instrument.is_inverse:
        return instrument.base_currency
    quote = instrument.quote_currency
    return quote if quote in CURRENCIES else "USD"


def _info(desk: Desk, one: Transaction) -> dict[str, str | int] | None:
    if one.type is TransactionType.TRANSFER:
        other = one.about.other_account
        return {
            "transfer_type": "subaccount",
            "other_user_id": other,
            "other_user": _name(desk, other),
            "nonce": one.about.note,
        }
    return {"note": one.about.note} if one.about.note else None


def _name(desk: Desk, account_id: AccountId) -> str:
    account = desk.exchange.account(account_id)
    return account.name if account else ""
