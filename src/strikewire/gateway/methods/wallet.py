"""Methods about cash: deposits, withdrawals, transfers, subaccounts and the transaction log."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import UNSET

from strikewire.api import ApiError, ErrorCode
from strikewire.api import account as account_api
from strikewire.api import wallet as api
from strikewire.exchange import (
    AccountOpened,
    CashTransferred,
    CashWithdrawn,
    CreateSubaccount,
    Event,
    Rejected,
    Transaction,
    TransactionType,
    Transfer,
    Withdraw,
)
from strikewire.gateway.desk import Call, Desk, Plan, Reply
from strikewire.gateway.owned import asked_account, checked_currency
from strikewire.gateway.rejects import rejection
from strikewire.gateway.transaction_log import log_entry, matches
from strikewire.model import (
    AccountId,
    CurrencyPrecisionError,
    Units,
    coins_to_units,
    ms_to_ns,
    ns_to_ms,
    units_to_coins,
)


def get_transaction_log(desk: Desk, call: Call, params: api.GetTransactionLog) -> Reply:
    """Return a page of what changed an account's cash."""
    account = asked_account(desk, call, params.subaccount_id)
    currency, instruments = checked_currency(params.currency), desk.exchange.instruments
    start_ns, end_ns = ms_to_ns(params.start_timestamp), ms_to_ns(params.end_timestamp + 1)
    found = [
        one
        for one in desk.exchange.transactions(account.account_id, currency)
        if start_ns <= one.time_ns < end_ns
        and (params.continuation is None or one.transaction_id <= params.continuation)
        and (
            params.query is None
            or matches(one, instruments.get(one.about.instrument_id), params.query)
        )
    ]
    # Newest first; the page after this one begins with the first that had no room.
    found.reverse()
    more = found[params.count :]
    return Reply(
        api.TransactionLog(
            continuation=more[0].transaction_id if more else None,
            logs=[log_entry(desk, one) for one in found[: params.count]],
        )
    )


def get_deposits(desk: Desk, call: Call, params: api.GetDeposits) -> Reply:
    """Return a page of deposits."""
    found = _of_type(desk, call, params.currency, TransactionType.DEPOSIT)
    page = found[params.offset : params.offset + params.count]
    return Reply(
        api.Deposits(
            count=len(found),
            data=[
                api.Deposit(
                    currency=one.currency,
                    amount=units_to_coins(one.currency, one.amount),
                    address="",
                    state="completed",
                    transaction_id=None,
                    received_timestamp=ns_to_ms(one.time_ns),
                    updated_timestamp=ns_to_ms(one.time_ns),
                )
                for one in page
            ],
        )
    )


def get_withdrawals(desk: Desk, call: Call, params: api.GetWithdrawals) -> Reply:
    """Return a page of withdrawals."""
    found = _of_type(desk, call, params.currency, TransactionType.WITHDRAWAL)
    page = found[params.offset : params.offset + params.count]
    return Reply(
        api.Withdrawals(
            count=len(found),
            data=[_withdrawal(one) for one in page],
        )
    )


def withdraw(desk: Desk, call: Call, params: api.Withdraw) -> Plan:
    """Take cash out of the account."""
    currency = checked_currency(params.currency)
    command = Withdraw(call.account_id, currency, _units(currency, params.amount), params.address)

    def answer(events: Sequence[Sequence[Event]]) -> api.Withdrawal:
        event = events[0][0]
        if isinstance(event, Rejected):
            raise rejection(event, None)
        assert isinstance(event, CashWithdrawn)
        paid = desk.exchange.transactions(event.account_id, event.currency)
        return _withdrawal(
            next(one for one in reversed(paid) if one.transaction_id == event.withdrawal_id)
        )

    return Plan([command], answer)


def get_transfers(desk: Desk, call: Call, params: api.GetTransfers) -> Reply:
    """Return a page of transfers."""
    found = _of_type(desk, call, params.currency, TransactionType.TRANSFER)
    page = found[params.offset : params.offset + params.count]
    return Reply(api.Transfers(count=len(found), data=[_transfer(desk, one) for one in page]))


def submit_transfer_between_subaccounts(
    desk: Desk, call: Call, params: api.SubmitTransferBetweenSubaccounts
) -> Plan:
    """Move cash between two accounts of one owner."""
    source = AccountId(call.account_id if params.source is None else params.source)
    return _submit(
        desk,
        Transfer(
            account_id=call.account_id,
            source=source,
            destination=AccountId(params.destination),
            currency=checked_currency(params.currency),
            amount=_units(checked_currency(params.currency), params.amount),
            nonce=params.nonce or "",
        ),
    )


def submit_transfer_to_subaccount(
    desk: Desk, call: Call, params: api.SubmitTransferToSubaccount
) -> Plan:
    """Move cash from the account that asks to another of its owner."""
    return _submit(
        desk,
        Transfer(
            account_id=call.account_id,
            source=call.account_id,
            destination=AccountId(params.destination),
            currency=checked_currency(params.currency),
            amount=_units(checked_currency(params.currency), params.amount),
        ),
    )


def create_subaccount(desk: Desk, call: Call, params: account_api.CreateSubaccount) -> Plan:
    """Open a subaccount of the account that asks."""

    def answer(events: Sequence[Sequence[Event]]) -> account_api.NewSubaccount:
        (event,) = events[0]
        if isinstance(event, Rejected):
            raise rejection(event, None)
        assert isinstance(event, AccountOpened)
        name = event.account.name
        return account_api.NewSubaccount(
            id=event.account.account_id, username=name, system_name=name
        )

    return Plan([CreateSubaccount(call.account_id)], answer)


def _submit(desk: Desk, command: Transfer) -> Plan:
    def answer(events: Sequence[Sequence[Event]]) -> api.Transfer:
        event = events[0][0]
        if isinstance(event, Rejected):
            raise rejection(event, None)
        assert isinstance(event, CashTransferred)
        paid = desk.exchange.transactions(event.source, event.currency)
        return _transfer(
            desk, next(one for one in reversed(paid) if one.transaction_id == event.transfer_id)
        )

    return Plan([command], answer)


def _withdrawal(one: Transaction) -> api.Withdrawal:
    return api.Withdrawal(
        id=one.transaction_id,
        currency=one.currency,
        amount=units_to_coins(one.currency, Units(-one.amount)),
        address=one.about.note,
        state="completed",
        transaction_id=None,
        created_timestamp=ns_to_ms(one.time_ns),
        confirmed_timestamp=ns_to_ms(one.time_ns),
        updated_timestamp=ns_to_ms(one.time_ns),
    )


def _transfer(desk: Desk, one: Transaction) -> api.Transfer:
    other = desk.exchange.account(one.about.other_account)
    return api.Transfer(
        id=one.transaction_id,
        type="subaccount",
        currency=one.currency,
        amount=units_to_coins(one.currency, Units(abs(one.amount))),
        direction="payment" if one.amount < 0 else "income",
        other_side=other.name if other else "",
        state="confirmed",
        created_timestamp=ns_to_ms(one.time_ns),
        updated_timestamp=ns_to_ms(one.time_ns),
        nonce=one.about.note or UNSET,
        source=one.account_id if one.amount < 0 else one.about.other_account,
    )


def _of_type(desk: Desk, call: Call, currency: str, wanted: TransactionType) -> list[Transaction]:
    """Return the transactions of one type that are remembered, newest first."""
    account = asked_account(desk, call, None)
    logged = desk.exchange.transactions(account.account_id, checked_currency(currency))
    return [one for one in reversed(logged) if one.type is wanted]


def _units(currency: str, amount: Decimal) -> Units:
    """Return an amount in settlement units.

    Raises:
        ApiError: 10021, it is finer than a unit.
    """
    try:
        return coins_to_units(currency, amount)
    except CurrencyPrecisionError as error:
        raise ApiError(ErrorCode.INVALID_AMOUNT, param="amount", reason=str(error)) from None
