"""Messages about an account: its money, its margin, its positions."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from strikewire.api.errors import ApiError, ErrorCode
from strikewire.api.fields import CurrencyName, InstrumentName, Kind, KindFilter, Milliseconds
from strikewire.api.repeatable import Repeatable
from strikewire.api.trading import Order, UserTrade


class GetAccountSummary(Struct, frozen=True, kw_only=True):
    """Read the account's money in one currency; `extended=true` adds who the account is."""

    currency: CurrencyName
    subaccount_id: int | None = None
    extended: bool | None = None


class GetAccountSummaries(Struct, frozen=True, kw_only=True):
    """Read the account's money in every currency."""

    subaccount_id: int | None = None
    extended: bool | None = None


class Portfolio(Struct, frozen=True, kw_only=True):
    """The account's money and margin in one currency, all amounts in that currency.

    `equity` = `balance` + `session_rpl` + `session_upl` + `options_value`;
    `margin_balance` = the same without the options; `available_funds` = `margin_balance` -
    `initial_margin`. With cross collateral, margins, margin balance and available funds are those
    of all currencies, counted in this one, and the totals are in dollars. Greeks are sums over the
    option positions; the maps hold them per index.
    """

    currency: str
    balance: float
    equity: float
    margin_balance: float
    available_funds: float
    available_withdrawal_funds: float
    initial_margin: float
    maintenance_margin: float
    projected_initial_margin: float
    projected_maintenance_margin: float
    total_pl: float
    session_rpl: float
    session_upl: float
    session_funding: float = 0.0
    futures_pl: float
    futures_session_rpl: float
    futures_session_upl: float
    options_pl: float
    options_session_rpl: float
    options_session_upl: float
    options_value: float
    options_delta: float
    options_gamma: float
    options_theta: float
    options_vega: float
    options_gamma_map: dict[str, float] = {}
    options_theta_map: dict[str, float] = {}
    options_vega_map: dict[str, float] = {}
    delta_total: float
    delta_total_map: dict[str, float] = {}
    projected_delta_total: float
    spot_reserve: float = 0.0
    additional_reserve: float = 0.0
    fee_balance: float = 0.0
    locked_balance: float = 0.0
    estimated_liquidation_ratio: float | UnsetType = UNSET
    margin_model: str = "segregated_sm"
    portfolio_margining_enabled: bool = False
    cross_collateral_enabled: bool = False
    total_equity_usd: float | UnsetType = UNSET
    total_margin_balance_usd: float | UnsetType = UNSET
    total_initial_margin_usd: float | UnsetType = UNSET
    total_maintenance_margin_usd: float | UnsetType = UNSET


class AccountFee(Struct, frozen=True, kw_only=True):
    """What the account pays for fills of one kind, where it is not what the instruments say.

    Fractions of the value, of an option's underlying; a negative one is paid to the account.
    """

    currency: str
    instrument_type: Literal["future", "perpetual", "option", "spot"]
    maker_fee: float
    taker_fee: float
    fee_type: Literal["relative"] = "relative"


class AccountSummary(Portfolio, frozen=True, kw_only=True):
    """A portfolio; with `extended=true` also who the account is."""

    id: int | UnsetType = UNSET
    username: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    type: Literal["main", "subaccount"] | UnsetType = UNSET
    system_name: str | UnsetType = UNSET
    security_keys_enabled: bool | UnsetType = UNSET
    mmp_enabled: bool | UnsetType = UNSET
    interuser_transfers_enabled: bool | UnsetType = UNSET
    login_enabled: bool | UnsetType = UNSET
    creation_timestamp: Milliseconds | UnsetType = UNSET
    fees: list[AccountFee] | UnsetType = UNSET
    self_trading_reject_mode: str | UnsetType = UNSET
    self_trading_extended_to_subaccounts: bool | UnsetType = UNSET


class AccountSummaries(Struct, frozen=True, kw_only=True):
    """The account and one portfolio for each currency.

    `self_trading_reject_mode` is there once it was chosen: until then, two orders of one account
    trade with each other.
    """

    id: int
    username: str
    email: str
    type: Literal["main", "subaccount"]
    system_name: str
    creation_timestamp: Milliseconds
    security_keys_enabled: bool = False
    mmp_enabled: bool = False
    login_enabled: bool = False
    interuser_transfers_enabled: bool = False
    self_trading_reject_mode: str | UnsetType = UNSET
    self_trading_extended_to_subaccounts: bool | UnsetType = UNSET
    summaries: list[AccountSummary]


class SetSelfTradingConfig(Repeatable, frozen=True, kw_only=True):
    """Choose what happens where an order would trade with another one of the same owner.

    `reject_taker` refuses the order that comes in with 10003, `cancel_maker` cancels the one
    that waits. With `extended_to_subaccounts=true` the accounts of one owner that all say so
    count as one, and subaccounts that never chose follow their main account; otherwise only
    orders of the account itself are kept apart.
    """

    mode: Literal["reject_taker", "cancel_maker"]
    extended_to_subaccounts: bool
    block_rfq_self_match_prevention: bool | None = None

    def __post_init__(self) -> None:
        if self.block_rfq_self_match_prevention:
            raise ApiError(
                ErrorCode.NOT_IMPLEMENTED,
                param="block_rfq_self_match_prevention",
                reason="is not offered by this venue",
            )


class ChangeMarginModel(Repeatable, frozen=True, kw_only=True):
    """Count the account's margin another way: `segregated_sm`, `segregated_pm` or `cross_sm`.

    With portfolio margin (`segregated_pm`) all positions of a currency are priced together in
    27 and 8 scenarios, and options count at their worth. With cross collateral (`cross_sm`) all
    currencies stand in for each other, in dollars. With `dry_run=true` nothing is changed, and
    the answer says what it would be.
    """

    margin_model: Literal["cross_pm", "cross_sm", "segregated_pm", "segregated_sm"]
    user_id: int | None = None
    dry_run: bool | None = None


class MarginState(Struct, frozen=True, kw_only=True):
    """Margins as a part of the equity, and what is available, in the currency."""

    maintenance_margin_rate: float
    initial_margin_rate: float
    available_balance: float


class MarginModelChange(Struct, frozen=True, kw_only=True):
    """What a change of the margin model means in one currency."""

    currency: str
    old_state: MarginState
    new_state: MarginState


class SimulatePortfolio(Struct, frozen=True, kw_only=True):
    """Read what the account would need with other positions, by portfolio margin.

    `simulated_positions` holds sizes by instrument: dollars of inverse futures, coins
    elsewhere, negative for short ones; over REST it is the JSON text of that. They come to
    those held, unless `add_positions=false`.
    """

    currency: CurrencyName
    add_positions: bool | None = None
    simulated_positions: dict[str, float] | str | None = None


class GetPosition(Struct, frozen=True, kw_only=True):
    """Read the account's position in one instrument.

    Without one the answer has size 0 and direction `zero`.
    """

    instrument_name: InstrumentName


class GetPositions(Struct, frozen=True, kw_only=True):
    """List the account's positions; without a currency, or with `any`, in all currencies."""

    currency: CurrencyName | None = None
    kind: KindFilter | None = None
    subaccount_id: int | None = None


class Position(Struct, frozen=True, kw_only=True):
    """A position. `size` is signed: USD on inverse futures, coins elsewhere.

    Profits and margins are in the settlement currency; `average_price` of an inverse option is
    in its coin. `size_currency` is the size of a future in its base currency. `delta` of an
    option position is the sum over its contracts.
    """

    instrument_name: str
    kind: Kind
    direction: Literal["buy", "sell", "zero"]
    size: float
    size_currency: float | UnsetType = UNSET
    average_price: float
    average_price_usd: float | UnsetType = UNSET
    mark_price: float
    index_price: float
    settlement_price: float
    floating_profit_loss: float
    floating_profit_loss_usd: float | UnsetType = UNSET
    realized_profit_loss: float
    realized_funding: float | UnsetType = UNSET
    interest_value: float | UnsetType = UNSET
    total_profit_loss: float
    initial_margin: float
    maintenance_margin: float
    open_orders_margin: float | UnsetType = UNSET
    leverage: Annotated[int, Meta(description="Highest leverage allowed.")] | UnsetType = UNSET
    estimated_liquidation_price: float | UnsetType | None = UNSET
    delta: float
    gamma: float | UnsetType = UNSET
    vega: float | UnsetType = UNSET
    theta: float | UnsetType = UNSET


class CreateSubaccount(Repeatable, frozen=True, kw_only=True):
    """Open a subaccount of the account; the venue chooses its id and name."""


class NewSubaccount(Struct, frozen=True, kw_only=True):
    """A subaccount that was just opened: without keys, and with nothing in it."""

    id: int
    username: str
    system_name: str
    email: str = ""
    type: Literal["subaccount"] = "subaccount"
    login_enabled: bool = False
    is_password: bool = False
    receive_notifications: bool = False
    security_keys_enabled: bool = False
    security_keys_assignments: list[str] = []
    margin_model: str = "segregated_sm"
    disabled_trading_products: list[str] = []
    trading_products_details: list[str] = []
    proof_id: str = ""
    proof_id_signature: str = ""
    referrals_count: int = 0


class GetSubaccounts(Struct, frozen=True, kw_only=True):
    """List the account that asks and its subaccounts."""

    with_portfolio: bool | None = None


class SubaccountPortfolio(Struct, frozen=True, kw_only=True):
    """One currency of a subaccount's money."""

    currency: str
    balance: float
    equity: float
    margin_balance: float
    available_funds: float
    available_withdrawal_funds: float
    initial_margin: float
    maintenance_margin: float
    spot_reserve: float = 0.0
    additional_reserve: float = 0.0


class Subaccount(Struct, frozen=True, kw_only=True):
    """An account; `portfolio` maps lower-case currencies to money, when it was asked for."""

    id: int
    username: str
    email: str
    type: Literal["main", "subaccount"]
    system_name: str
    receive_notifications: bool = False
    is_password: bool = True
    security_keys_enabled: bool = False
    login_enabled: bool = True
    margin_model: str = "segregated_sm"
    portfolio: dict[str, SubaccountPortfolio] | UnsetType = UNSET


class GetSubaccountsDetails(Struct, frozen=True, kw_only=True):
    """List the positions in a currency of the account that asks and of its subaccounts."""

    currency: CurrencyName
    with_open_orders: bool | None = None


class SubaccountDetails(Struct, frozen=True, kw_only=True):
    """What one account holds in a currency; its open orders, when they were asked for."""

    uid: int
    positions: list[Position]
    open_orders: list[Order] | UnsetType = UNSET


class GetUserLocks(Struct, frozen=True, kw_only=True):
    """Read whether the account is locked, currency by currency.

    It is locked in all of them while it is being liquidated.
    """


class UserLock(Struct, frozen=True, kw_only=True):
    """Whether an account is locked in a currency, and why."""

    currency: str
    locked: bool
    message: str | UnsetType = UNSET


class AccountLock(Struct, frozen=True, kw_only=True):
    """An account was locked or unlocked (`user.lock`), in `ALL` currencies."""

    currency: str
    locked: bool


class UserChanges(Struct, frozen=True, kw_only=True):
    """What happened to the account in one instrument (`user.changes`)."""

    instrument_name: str
    orders: list[Order]
    trades: list[UserTrade]
    positions: list[Position]
