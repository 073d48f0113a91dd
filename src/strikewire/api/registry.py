"""Every method of the venue on one line: its name, its messages, what it costs, who may call it.

Routes, validation, the client's typed methods and the reference documents all come from here.
"""

# ruff: noqa: E501 (the table reads better with one method on one line)

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from msgspec import Struct

from strikewire.api import (
    account,
    block_trades,
    combos,
    market_data,
    operator,
    portfolio_margin,
    quoting,
    reference,
    session,
    settlement,
    trading,
    volatility,
    wallet,
)
from strikewire.api.fields import Ok

Cost = Literal["matching", "non_matching", "subscribe", "auth"]
Transport = Literal["ws", "ws+rest"]
Scope = Literal[
    "account:read",
    "account:read_write",
    "admin:read_write",
    "block_trade:read",
    "block_trade:read_write",
    "trade:read",
    "trade:read_write",
    "wallet:read",
    "wallet:read_write",
]


_ADDING: Final = (
    "private/create_subaccount",
    "private/submit_transfer_between_subaccounts",
    "private/submit_transfer_to_subaccount",
    "private/withdraw",
    "private/set_instrument_state",
    "private/set_platform_lock",
    "private/set_limits",
    "private/set_fees",
)


class Method(Struct, frozen=True, kw_only=True):
    """One method.

    Attributes:
        name: Scope and word, `public/get_time`.
        request: The type of `params`.
        response: The type of `result`; a class or a typing form such as `list[Order]`.
        scope: What the caller's token must allow; None on public methods and on private ones
            for which being authenticated is enough.
        cost: Which bucket of credits a call is taken from.
        transport: `ws` when it makes no sense without a connection (REST answers 10030).
    """

    name: str
    request: type[Struct]
    response: Any  # a class or a typing form: there is no common type for these before TypeForm
    scope: Scope | None = None
    cost: Cost = "non_matching"
    transport: Transport = "ws+rest"

    @property
    def private(self) -> bool:
        """Whether the caller must be authenticated."""
        return self.name.startswith("private/")

    @property
    def adds_up(self) -> bool:
        """Whether carrying it out twice does more than once: orders, transfers, new accounts."""
        return self.cost == "matching" or self.name in _ADDING

    @property
    def summary(self) -> str:
        """The first line of the request's docstring."""
        return self.description.partition("\n")[0]

    @property
    def description(self) -> str:
        """The request's docstring with its indentation removed."""
        lines = (self.request.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)


def _method(  # noqa: PLR0917 (a table reads by position)
    name: str,
    request: type[Struct],
    response: Any,  # noqa: ANN401 (see Method.response)
    scope: Scope | None = None,
    cost: Cost = "non_matching",
    transport: Transport = "ws+rest",
) -> Method:
    return Method(
        name=name,
        request=request,
        response=response,
        scope=scope,
        cost=cost,
        transport=transport,
    )


# fmt: off
_TABLE: Final = (
    _method("public/auth", session.Auth, session.AuthResult, cost="auth"),
    _method("public/hello", session.Hello, session.Version, transport="ws"),
    _method("public/test", session.Test, session.Version),
    _method("public/get_time", session.GetTime, int),
    _method("public/status", session.Status, session.StatusResult),
    _method("public/set_heartbeat", session.SetHeartbeat, Ok, transport="ws"),
    _method("public/disable_heartbeat", session.DisableHeartbeat, Ok, transport="ws"),
    _method("public/subscribe", session.Subscribe, list[str], cost="subscribe", transport="ws"),
    _method("public/unsubscribe", session.Unsubscribe, list[str], cost="subscribe", transport="ws"),
    _method("public/unsubscribe_all", session.UnsubscribeAll, Ok, cost="subscribe", transport="ws"),
    _method("public/get_currencies", reference.GetCurrencies, list[reference.Currency]),
    _method("public/get_instruments", reference.GetInstruments, list[reference.Instrument]),
    _method("public/get_instrument", reference.GetInstrument, reference.Instrument),
    _method("public/get_index_price", reference.GetIndexPrice, reference.IndexPrice),
    _method("public/get_index_price_names", reference.GetIndexPriceNames, list[str | reference.IndexPriceName]),
    _method("public/get_combos", combos.GetCombos, list[combos.Combo]),
    _method("public/get_combo_ids", combos.GetComboIds, list[str]),
    _method("public/get_combo_details", combos.GetComboDetails, combos.Combo),
    _method("public/ticker", market_data.GetTicker, market_data.Ticker),
    _method("public/get_order_book", market_data.GetOrderBook, market_data.OrderBook),
    _method("public/get_book_summary_by_currency", market_data.GetBookSummaryByCurrency, list[market_data.BookSummary]),
    _method("public/get_book_summary_by_instrument", market_data.GetBookSummaryByInstrument, list[market_data.BookSummary]),
    _method("public/get_last_trades_by_instrument", market_data.GetLastTradesByInstrument, market_data.PublicTrades),
    _method("public/get_last_trades_by_instrument_and_time", market_data.GetLastTradesByInstrumentAndTime, market_data.PublicTrades),
    _method("public/get_last_trades_by_currency", market_data.GetLastTradesByCurrency, market_data.PublicTrades),
    _method("public/get_funding_rate_value", market_data.GetFundingRateValue, float),
    _method("public/get_funding_rate_history", market_data.GetFundingRateHistory, list[market_data.FundingHour]),
    _method("public/get_funding_chart_data", market_data.GetFundingChartData, market_data.FundingChart),
    _method("public/get_historical_volatility", volatility.GetHistoricalVolatility, list[tuple[int, float]]),
    _method("public/get_volatility_index_data", volatility.GetVolatilityIndexData, volatility.VolatilityIndexData),
    _method("public/get_last_settlements_by_currency", settlement.GetLastSettlementsByCurrency, settlement.Settlements),
    _method("public/get_last_settlements_by_instrument", settlement.GetLastSettlementsByInstrument, settlement.Settlements),

    _method("private/logout", session.Logout, None, transport="ws"),
    _method("private/subscribe", session.PrivateSubscribe, list[str], cost="subscribe", transport="ws"),
    _method("private/unsubscribe", session.PrivateUnsubscribe, list[str], cost="subscribe", transport="ws"),
    _method("private/unsubscribe_all", session.PrivateUnsubscribeAll, Ok, cost="subscribe", transport="ws"),
    _method("private/enable_cancel_on_disconnect", session.EnableCancelOnDisconnect, Ok, "account:read_write"),
    _method("private/disable_cancel_on_disconnect", session.DisableCancelOnDisconnect, Ok, "account:read_write"),
    _method("private/get_cancel_on_disconnect", session.GetCancelOnDisconnect, session.CancelOnDisconnect, "account:read"),
    _method("private/buy", trading.Buy, trading.OrderAndTrades, "trade:read_write", "matching"),
    _method("private/sell", trading.Sell, trading.OrderAndTrades, "trade:read_write", "matching"),
    _method("private/edit", trading.Edit, trading.OrderAndTrades, "trade:read_write", "matching"),
    _method("private/cancel", trading.Cancel, trading.Order, "trade:read_write", "matching"),
    _method("private/cancel_all", trading.CancelAll, int | list[trading.CancelGroup], "trade:read_write", "matching"),
    _method("private/cancel_all_by_instrument", trading.CancelAllByInstrument, int | list[trading.CancelGroup], "trade:read_write", "matching"),
    _method("private/cancel_all_by_currency", trading.CancelAllByCurrency, int | list[trading.CancelGroup], "trade:read_write", "matching"),
    _method("private/cancel_by_label", trading.CancelByLabel, int, "trade:read_write", "matching"),
    _method("private/mass_quote", quoting.MassQuote, quoting.MassQuoteResult, "trade:read_write", "matching", transport="ws"),
    _method("private/cancel_quotes", quoting.CancelQuotes, int | list[trading.CancelGroup], "trade:read_write", "matching"),
    _method("private/set_mmp_config", quoting.SetMmpConfig, list[quoting.MmpConfig], "trade:read_write"),
    _method("private/get_mmp_config", quoting.GetMmpConfig, list[quoting.MmpConfig], "trade:read"),
    _method("private/reset_mmp", quoting.ResetMmp, Ok, "trade:read_write"),
    _method("private/get_mmp_status", quoting.GetMmpStatus, list[quoting.MmpStatus], "trade:read"),
    _method("private/get_order_state", trading.GetOrderState, trading.Order, "trade:read"),
    _method("private/get_open_orders", trading.GetOpenOrders, list[trading.Order], "trade:read"),
    _method("private/get_open_orders_by_instrument", trading.GetOpenOrdersByInstrument, list[trading.Order], "trade:read"),
    _method("private/get_open_orders_by_currency", trading.GetOpenOrdersByCurrency, list[trading.Order], "trade:read"),
    _method("private/get_order_history_by_instrument", trading.GetOrderHistoryByInstrument, list[trading.Order], "trade:read"),
    _method("private/get_order_history_by_currency", trading.GetOrderHistoryByCurrency, list[trading.Order], "trade:read"),
    _method("private/get_trigger_order_history", trading.GetTriggerOrderHistory, trading.TriggerOrders, "trade:read"),
    _method("private/get_user_trades_by_instrument", trading.GetUserTradesByInstrument, trading.UserTrades, "trade:read"),
    _method("private/get_user_trades_by_instrument_and_time", trading.GetUserTradesByInstrumentAndTime, trading.UserTrades, "trade:read"),
    _method("private/get_user_trades_by_currency", trading.GetUserTradesByCurrency, trading.UserTrades, "trade:read"),
    _method("private/get_user_trades_by_order", trading.GetUserTradesByOrder, list[trading.UserTrade], "trade:read"),
    _method("private/verify_block_trade", block_trades.VerifyBlockTrade, block_trades.BlockTradeSignature, "block_trade:read"),
    _method("private/execute_block_trade", block_trades.ExecuteBlockTrade, block_trades.BlockTrade, "block_trade:read_write", "matching"),
    _method("private/invalidate_block_trade_signature", block_trades.InvalidateBlockTradeSignature, Ok, "block_trade:read_write"),
    _method("private/approve_block_trade", block_trades.ApproveBlockTrade, Ok, "block_trade:read_write"),
    _method("private/reject_block_trade", block_trades.RejectBlockTrade, Ok, "block_trade:read_write"),
    _method("private/get_pending_block_trades", block_trades.GetPendingBlockTrades, list[block_trades.BlockTradeRequest], "block_trade:read"),
    _method("private/get_block_trade_requests", block_trades.GetBlockTradeRequests, list[block_trades.BlockTradeRequest], "block_trade:read"),
    _method("private/simulate_block_trade", block_trades.SimulateBlockTrade, bool, "block_trade:read"),
    _method("private/get_block_trade", block_trades.GetBlockTrade, block_trades.BlockTrade, "block_trade:read"),
    _method("private/get_block_trades", block_trades.GetBlockTrades, list[block_trades.BlockTrade], "block_trade:read"),
    _method("private/create_combo", combos.CreateCombo, combos.Combo, "trade:read_write"),
    _method("private/get_leg_prices", combos.GetLegPrices, combos.LegPrices, "trade:read"),
    _method("private/get_position", account.GetPosition, account.Position, "trade:read"),
    _method("private/change_margin_model", account.ChangeMarginModel, list[account.MarginModelChange], "account:read_write"),
    _method("private/set_self_trading_config", account.SetSelfTradingConfig, Ok, "account:read_write"),
    _method("private/simulate_portfolio", account.SimulatePortfolio, account.Portfolio, "account:read"),
    _method("private/pme/simulate", portfolio_margin.SimulateScenarios, portfolio_margin.ScenarioReport, "account:read"),
    _method("private/get_positions", account.GetPositions, list[account.Position], "trade:read"),
    _method("private/get_account_summary", account.GetAccountSummary, account.AccountSummary, "account:read"),
    _method("private/get_account_summaries", account.GetAccountSummaries, account.AccountSummaries, "account:read"),
    _method("private/get_user_locks", account.GetUserLocks, list[account.UserLock], "account:read"),
    _method("private/get_subaccounts", account.GetSubaccounts, list[account.Subaccount], "account:read"),
    _method("private/get_subaccounts_details", account.GetSubaccountsDetails, list[account.SubaccountDetails], "account:read"),
    _method("private/create_subaccount", account.CreateSubaccount, account.NewSubaccount, "account:read_write"),
    _method("private/get_settlement_history_by_currency", settlement.GetSettlementHistoryByCurrency, settlement.Settlements, "trade:read"),
    _method("private/get_settlement_history_by_instrument", settlement.GetSettlementHistoryByInstrument, settlement.Settlements, "trade:read"),
    _method("private/get_transaction_log", wallet.GetTransactionLog, wallet.TransactionLog, "account:read"),
    _method("private/set_instrument_state", operator.SetInstrumentState, Ok, "admin:read_write"),
    _method("private/set_platform_lock", operator.SetPlatformLock, Ok, "admin:read_write"),
    _method("private/set_limits", operator.SetLimits, Ok, "admin:read_write"),
    _method("private/set_fees", operator.SetFees, Ok, "admin:read_write"),
    _method("private/get_deposits", wallet.GetDeposits, wallet.Deposits, "wallet:read"),
    _method("private/get_withdrawals", wallet.GetWithdrawals, wallet.Withdrawals, "wallet:read"),
    _method("private/withdraw", wallet.Withdraw, wallet.Withdrawal, "wallet:read_write"),
    _method("private/get_transfers", wallet.GetTransfers, wallet.Transfers, "wallet:read"),
    _method("private/submit_transfer_between_subaccounts", wallet.SubmitTransferBetweenSubaccounts, wallet.Transfer, "wallet:read_write"),
    _method("private/submit_transfer_to_subaccount", wallet.SubmitTransferToSubaccount, wallet.Transfer, "wallet:read_write"),
)
# fmt: on

METHODS: Final[Mapping[str, Method]] = MappingProxyType({m.name: m for m in _TABLE})
