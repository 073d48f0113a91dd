"""Which accounts a caller may ask about: its own, and a main account those of its subaccounts."""

from strikewire.api import ApiError, ErrorCode, invalid_params
from strikewire.exchange import AccountView
from strikewire.gateway.desk import Call, Desk
from strikewire.model import CURRENCIES, AccountId


def asked_account(desk: Desk, call: Call, subaccount_id: int | None) -> AccountView:
    """Return the account that a request is about.

    Raises:
        ApiError: 11042 for an account of somebody else; 13009 when the key's account has not been
            opened.
    """
    own = desk.exchange.account(call.account_id)
    if own is None:
        raise no_account()
    if subaccount_id is None or subaccount_id == own.account_id:
        return own
    other = desk.exchange.account(AccountId(subaccount_id))
    if other is None or other.owner != own.account_id:
        raise ApiError(ErrorCode.PERMISSION_DENIED, param="subaccount_id")
    return other


def family(desk: Desk, call: Call) -> list[AccountView]:
    """Return the account that asks and its subaccounts, by id."""
    own = asked_account(desk, call, None)
    return [own, *(one for one in desk.exchange.accounts if one.owner == own.account_id)]


def checked_currency(currency: str) -> str:
    """Return the name of a currency of the venue.

    Raises:
        ApiError: -32602 for any other.
    """
    name = currency.upper()
    if name not in CURRENCIES:
        raise invalid_params("currency", f"is not one of {', '.join(CURRENCIES)}")
    return name


def no_account() -> ApiError:
    """Return the error for a key whose account has not been opened."""
    return ApiError(ErrorCode.UNAUTHORIZED, reason="the account of this key has not been opened")
