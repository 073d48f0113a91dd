"""Which function answers which method: every line of the registry has one here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from strikewire.gateway.desk import Handler, Planner
from strikewire.gateway.methods import (
    account,
    block_trades,
    combos,
    funding,
    margin,
    market,
    operator,
    orders,
    portfolio_margin,
    quoting,
    reference,
    self_trading,
    session,
    settlements,
    trading,
    triggers,
    volatility,
    wallet,
)

HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(
    {
        "public/auth": session.auth,
        "public/hello": session.hello,
        "public/test": session.test,
        "public/get_time": session.get_time,
        "public/status": session.status,
        "public/set_heartbeat": session.set_heartbeat,
        "public/disable_heartbeat": session.disable_heartbeat,
        "public/subscribe": session.subscribe,
        "public/unsubscribe": session.unsubscribe,
        "public/unsubscribe_all": session.unsubscribe_all,
        "public/get_currencies": reference.get_currencies,
        "public/get_instruments": reference.get_instruments,
        "public/get_instrument": reference.get_instrument,
        "public/get_index_price": reference.get_index_price,
        "public/get_index_price_names": reference.get_index_price_names,
        "public/get_combos": combos.get_combos,
        "public/get_combo_ids": combos.get_combo_ids,
        "public/get_combo_details": combos.get_combo_details,
        "public/ticker": market.get_ticker,
        "public/get_order_book": market.get_order_book,
        "public/get_book_summary_by_currency": market.get_book_summary_by_currency,
        "public/get_book_summary_by_instrument": market.get_book_summary_by_instrument,
        "public/get_last_trades_by_instrument": market.get_last_trades_by_instrument,
        "public/get_last_trades_by_instrument_and_time": (
            market.get_last_trades_by_instrument_and_time
        ),
        "public/get_last_trades_by_currency": market.get_last_trades_by_currency,
        "public/get_funding_rate_value": funding.get_funding_rate_value,
        "public/get_funding_rate_history": funding.get_funding_rate_history,
        "public/get_funding_chart_data": funding.get_funding_chart_data,
        "public/get_historical_volatility": volatility.get_historical_volatility,
        "public/get_volatility_index_data": volatility.get_volatility_index_data,
        "public/get_last_settlements_by_currency": settlements.get_last_settlements_by_currency,
        "public/get_last_settlements_by_instrument": (
            settlements.get_last_settlements_by_instrument
        ),
        "private/logout": session.logout,
        "private/subscribe": session.subscribe,
        "private/unsubscribe": session.unsubscribe,
        "private/unsubscribe_all": session.unsubscribe_all,
        "private/enable_cancel_on_disconnect": session.enable_cancel_on_disconnect,
        "private/disable_cancel_on_disconnect": session.disable_cancel_on_disconnect,
        "private/get_cancel_on_disconnect": session.get_cancel_on_disconnect,
        "private/get_mmp_config": quoting.get_mmp_config,
        "private/get_mmp_status": quoting.get_mmp_status,
        "private/get_order_state": orders.get_order_state,
        "private/get_open_orders": orders.get_open_orders,
        "private/get_open_orders_by_instrument": orders.get_open_orders_by_instrument,
        "private/get_open_orders_by_currency": orders.get_open_orders_by_currency,
        "private/get_order_history_by_instrument": orders.get_order_history_by_instrument,
        "private/get_order_history_by_currency": orders.get_order_history_by_currency,
        "private/get_trigger_order_history": triggers.get_trigger_order_history,
        "private/get_user_trades_by_instrument": orders.get_user_trades_by_instrument,
        "private/get_user_trades_by_instrument_and_time": (
            orders.get_user_trades_by_instrument_and_time
        ),
        "private/get_user_trades_by_currency": orders.get_user_trades_by_currency,
        "private/get_user_trades_by_order": orders.get_user_trades_by_order,
        "private/verify_block_trade": block_trades.verify_block_trade,
        "private/invalidate_block_trade_signature": block_trades.invalidate_block_trade_signature,
        "private/approve_block_trade": block_trades.approve_block_trade,
        "private/reject_block_trade": block_trades.reject_block_trade,
        "private/get_pending_block_trades": block_trades.get_pending_block_trades,
        "private/get_block_trade_requests": block_trades.get_block_trade_requests,
        "private/simulate_block_trade": block_trades.simulate_block_trade,
        "private/get_block_trade": block_trades.get_block_trade,
        "private/get_block_trades": block_trades.get_block_trades,
        "private/get_leg_prices": combos.get_leg_prices,
        "private/get_position": account.get_position,
        "private/get_positions": account.get_positions,
        "private/get_account_summary": account.get_account_summary,
        "private/get_account_summaries": account.get_account_summaries,
        "private/get_user_locks": account.get_user_locks,
        "private/get_subaccounts": account.get_subaccounts,
        "private/get_subaccounts_details": account.get_subaccounts_details,
        "private/simulate_portfolio": margin.simulate_portfolio,
        "private/pme/simulate": portfolio_margin.simulate_scenarios,
        "private/get_settlement_history_by_currency": (
            settlements.get_settlement_history_by_currency
        ),
        "private/get_settlement_history_by_instrument": (
            settlements.get_settlement_history_by_instrument
        ),
        "private/get_transaction_log": wallet.get_transaction_log,
        "private/get_deposits": wallet.get_deposits,
        "private/get_withdrawals": wallet.get_withdrawals,
        "private/get_transfers": wallet.get_transfers,
    }
)
"""Methods that only read, or change nothing but the connection: answered at once."""

PLANNERS: Final[Mapping[str, Planner]] = MappingProxyType(
    {
        "private/buy": trading.buy,
        "private/sell": trading.sell,
        "private/edit": trading.edit,
        "private/cancel": trading.cancel,
        "private/cancel_all": trading.cancel_all,
        "private/cancel_all_by_instrument": trading.cancel_all_by_instrument,
        "private/cancel_all_by_currency": trading.cancel_all_by_currency,
        "private/cancel_by_label": trading.cancel_by_label,
        "private/mass_quote": quoting.mass_quote,
        "private/cancel_quotes": quoting.cancel_quotes,
        "private/set_mmp_config": quoting.set_mmp_config,
        "private/reset_mmp": quoting.reset_mmp,
        "private/execute_block_trade": block_trades.execute_block_trade,
        "private/create_combo": combos.create_combo,
        "private/withdraw": wallet.withdraw,
        "private/set_instrument_state": operator.set_instrument_state,
        "private/set_platform_lock": operator.set_platform_lock,
        "private/set_limits": operator.set_limits,
        "private/set_fees": operator.set_fees,
        "private/create_subaccount": wallet.create_subaccount,
        "private/submit_transfer_between_subaccounts": (wallet.submit_transfer_between_subaccounts),
        "private/submit_transfer_to_subaccount": wallet.submit_transfer_to_subaccount,
        "private/change_margin_model": margin.change_margin_model,
        "private/set_self_trading_config": self_trading.set_self_trading_config,
    }
)
"""Methods that change the exchange: they become commands, and are answered from the events."""
