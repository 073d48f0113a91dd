"""One filled answer for each method and one filled notification for each channel."""

from typing import Any, Literal

import msgspec
import pytest

from strikewire.api import (
    account,
    block_trades,
    combos,
    market_data,
    portfolio_margin,
    quoting,
    reference,
    session,
    settlement,
    trading,
    volatility,
    wallet,
)

NOW_MS = 1_732_284_000_000
EXPIRY_MS = 1_798_185_600_000

VECTORS = portfolio_margin.RiskVectors(standard=[-0.19, 0.0, 0.13], extended=[-0.19, 0.13])
SCENARIOS = portfolio_margin.ScenarioReport(
    model_params=portfolio_margin.ModelParameters(
        currency_pair={
            "btc_usd": portfolio_margin.PairParameters(
                price_range=0.16,
                volatility_range_up=0.5,
                volatility_range_down=0.25,
                short_term_vega_power=0.3,
                long_term_vega_power=0.13,
                min_volatility_for_shock_up=0.5,
                extended_table_factor=1.0,
                max_delta_shock=0.1,
                m_inc=0.00005,
                delta_total_liq_shock_threshold=20_000_000.0,
            )
        },
        currency={
            "btc": portfolio_margin.CurrencyParameters(
                extended_dampener=100_000.0, annualised_move_risk=0.075, min_annualised_move=0.01
            )
        },
        general=portfolio_margin.GeneralParameters(
            mm_factor=0.8, buckets_count=4, vol_scenarios_count=3, timestamp=NOW_MS
        ),
    ),
    initial_risk_vectors={"BTC-PERPETUAL": VECTORS},
    pre_aggregated_risk_vectors={"btc_btc": VECTORS},
    aggregated_risk_vectors={"btc_btc": VECTORS},
    margins={
        "btc": portfolio_margin.CurrencyMargin(
            initial_margin=0.2,
            maintenance_margin=0.16,
            initial_margin_details=portfolio_margin.InitialMarginDetails(
                risk_matrix_margin=0.2,
                risk_matrix_margin_details=portfolio_margin.RiskMatrixMarginDetails(
                    worst_case=0.19,
                    worst_case_bucket=portfolio_margin.WorstCaseBucket(
                        bucket=1, side="left", source="standard", index=1
                    ),
                    roll_shock=0.01,
                    delta_shock=0.0,
                ),
            ),
        )
    },
    portfolio=portfolio_margin.SimulatedPortfolio(position={"BTC-PERPETUAL": 1.0}),
    index_price={"btc_usd": 60_000.0},
    ticker={
        "BTC-PERPETUAL": portfolio_margin.SimulatedTicker(mark_price=60_000.0, index_price=60_000.0)
    },
)
PERPETUAL = reference.Instrument(
    instrument_name="BTC-PERPETUAL",
    instrument_id=1,
    kind="future",
    instrument_type="reversed",
    base_currency="BTC",
    quote_currency="USD",
    counter_currency="USD",
    settlement_currency="BTC",
    price_index="btc_usd",
    settlement_period="perpetual",
    future_type="reversed",
    creation_timestamp=NOW_MS,
    expiration_timestamp=reference.NEVER_EXPIRES_MS,
    tick_size=0.5,
    min_trade_amount=10.0,
    contract_size=10.0,
    maker_commission=0.0,
    taker_commission=0.0005,
    max_leverage=50,
    is_active=True,
)
OPTION = reference.Instrument(
    instrument_name="BTC-25DEC26-100000-C",
    instrument_id=2,
    kind="option",
    instrument_type="reversed",
    base_currency="BTC",
    quote_currency="BTC",
    counter_currency="USD",
    settlement_currency="BTC",
    price_index="btc_usd",
    settlement_period="month",
    strike=100_000.0,
    option_type="call",
    creation_timestamp=NOW_MS,
    expiration_timestamp=EXPIRY_MS,
    tick_size=0.0001,
    tick_size_steps=[reference.TickSizeStep(above_price=0.005, tick_size=0.0005)],
    min_trade_amount=0.1,
    contract_size=1.0,
    maker_commission=0.0003,
    taker_commission=0.0003,
    is_active=True,
)
SPOT = reference.Instrument(
    instrument_name="BTC_USDC",
    instrument_id=3,
    kind="spot",
    instrument_type="linear",
    base_currency="BTC",
    quote_currency="USDC",
    counter_currency="USDC",
    settlement_currency="USDC",
    price_index="btc_usdc",
    creation_timestamp=NOW_MS,
    expiration_timestamp=reference.NEVER_EXPIRES_MS,
    tick_size=0.5,
    min_trade_amount=0.0001,
    contract_size=0.0001,
    maker_commission=0.0,
    taker_commission=0.0,
    is_active=True,
)
TICKER: dict[str, Any] = {
    "instrument_name": "BTC-25DEC26-100000-C",
    "timestamp": NOW_MS,
    "stats": market_data.Ticker24h(volume=12.5, low=0.03, high=0.05, price_change=-3.5),
    "open_interest": 120.4,
    "best_bid_price": 0.041,
    "best_bid_amount": 3.0,
    "index_price": 98_000.25,
    "mark_price": 0.0415,
    "min_price": 0.001,
    "max_price": 0.1,
    "estimated_delivery_price": 98_000.25,
    "underlying_price": 99_100.5,
    "underlying_index": "BTC-25DEC26",
    "interest_rate": 0.0,
    "mark_iv": 61.2,
    "bid_iv": 60.9,
    "ask_iv": 0.0,
    "greeks": market_data.Greeks(delta=0.44, gamma=0.00001, vega=87.1, theta=-70.0, rho=20.5),
}
PUBLIC_TRADE = market_data.PublicTrade(
    trade_id="BTC-17",
    trade_seq=4,
    instrument_name="BTC-25DEC26-100000-C",
    timestamp=NOW_MS,
    direction="sell",
    price=0.0415,
    amount=0.5,
    tick_direction=3,
    index_price=98_000.25,
    mark_price=0.0415,
    contracts=0.5,
    iv=61.3,
)
ORDER = trading.Order(
    order_id="BTC-12",
    order_state="cancelled",
    order_type="limit",
    time_in_force="good_til_cancelled",
    instrument_name="BTC-PERPETUAL",
    direction="buy",
    price=97_000.5,
    amount=100.0,
    filled_amount=40.0,
    average_price=96_999.75,
    contracts=10.0,
    label="mine",
    post_only=True,
    reject_post_only=False,
    reduce_only=False,
    creation_timestamp=NOW_MS,
    last_update_timestamp=NOW_MS + 5,
    cancel_reason="user_request",
)
MARKET_ORDER = trading.Order(
    order_id="ETH-13",
    order_state="filled",
    order_type="market",
    time_in_force="immediate_or_cancel",
    instrument_name="ETH-PERPETUAL",
    direction="sell",
    price="market_price",
    amount=10.0,
    filled_amount=10.0,
    average_price=3_300.05,
    creation_timestamp=NOW_MS,
    last_update_timestamp=NOW_MS,
)
TRAILING_ORDER = msgspec.structs.replace(
    MARKET_ORDER,
    order_id="BTC-14",
    order_state="untriggered",
    order_type="trailing_stop",
    triggered=False,
    trigger="last_price",
    trigger_price=96_500.0,
    trigger_offset=500.0,
    trigger_reference_price=96_900.0,
)
REJECTED_ORDER = msgspec.structs.replace(
    TRAILING_ORDER, order_id="BTC-15", order_state="rejected", reject_reason="not_enough_funds"
)
DORMANT_ORDER = msgspec.structs.replace(
    TRAILING_ORDER,
    order_id="BTC-16",
    is_secondary_oto=True,
    primary_order_id="BTC-17",
    oco_ref="BTC-16",
    trigger_fill_condition="incremental",
)
PRIMARY_ORDER = msgspec.structs.replace(
    ORDER,
    order_id="BTC-17",
    cancel_reason="oco_other_closed",
    oto_order_ids=["BTC-16", "BTC-18"],
    is_primary_otoco=True,
    trigger_fill_condition="first_hit",
)
TRIGGERED_ORDER = msgspec.structs.replace(
    MARKET_ORDER, triggered=True, trigger_order_id="BTC-13", original_order_type="market_limit"
)
TRIGGER_RECORD = trading.TriggerOrderRecord(
    timestamp=NOW_MS,
    trigger="last_price",
    trigger_price=96_500.0,
    trigger_offset=500.0,
    trigger_order_id="BTC-14",
    order_id="BTC-15",
    order_state="triggered",
    instrument_name="BTC-PERPETUAL",
    request="trigger:order",
    direction="sell",
    price="market_price",
    amount=10.0,
    last_update_timestamp=NOW_MS,
    reduce_only=False,
    post_only=False,
    order_type="market",
)
USER_TRADE = trading.UserTrade(
    trade_id="BTC-17",
    trade_seq=4,
    order_id="BTC-12",
    instrument_name="BTC-PERPETUAL",
    timestamp=NOW_MS,
    direction="buy",
    price=97_000.5,
    amount=40.0,
    contracts=4.0,
    order_type="limit",
    state="open",
    liquidity="M",
    fee=1e-8,
    fee_currency="BTC",
    profit_loss=-0.00000012,
    tick_direction=0,
    index_price=98_000.25,
    mark_price=97_950.0,
    label="mine",
    post_only=True,
    reduce_only=False,
)
COMBO_TRADE = msgspec.structs.replace(
    USER_TRADE,
    instrument_name="BTC-FS-25DEC26_PERP",
    price=-5.0,
    legs=[
        msgspec.structs.replace(USER_TRADE, combo_id="BTC-FS-25DEC26_PERP", combo_trade_id="BTC-17")
    ],
)
COMBO = combos.Combo(
    id="BTC-FS-25DEC26_PERP",
    instrument_id=1_000_000_001,
    state="active",
    state_timestamp=NOW_MS,
    creation_timestamp=NOW_MS,
    legs=[
        combos.ComboLeg(instrument_name="BTC-25DEC26", amount=1),
        combos.ComboLeg(instrument_name="BTC-PERPETUAL", amount=-1),
    ],
)
WITHDRAWAL = wallet.Withdrawal(
    id=3,
    currency="BTC",
    amount=1.5,
    address="",
    state="completed",
    transaction_id=None,
    created_timestamp=NOW_MS,
    confirmed_timestamp=NOW_MS,
    updated_timestamp=NOW_MS,
)
BLOCK_TRADE = block_trades.BlockTrade(
    id="BLOCK-12",
    timestamp=NOW_MS,
    trades=[
        msgspec.structs.replace(USER_TRADE, block_trade_id="BLOCK-12", block_trade_leg_count=1)
    ],
)
BLOCK_REQUEST = block_trades.BlockTradeRequest(
    nonce="tea",
    timestamp=NOW_MS,
    trades=[
        block_trades.AgreedLeg(
            instrument_name="BTC-PERPETUAL", direction="buy", price=50_000.0, amount=200_000.0
        )
    ],
    app_name="broker",
    username="alice",
    role="maker",
    user_id=1,
    state=block_trades.BlockTradeState(value="initial", timestamp=NOW_MS),
)
POSITION = account.Position(
    instrument_name="BTC-PERPETUAL",
    kind="future",
    direction="sell",
    size=-40.0,
    size_currency=-0.0004,
    average_price=97_000.5,
    mark_price=97_950.0,
    index_price=98_000.25,
    settlement_price=97_000.0,
    floating_profit_loss=-0.000004,
    realized_profit_loss=0.0,
    total_profit_loss=-0.000004,
    initial_margin=0.00001,
    maintenance_margin=0.000005,
    open_orders_margin=0.0,
    leverage=50,
    estimated_liquidation_price=None,
    delta=-0.0004,
)
PORTFOLIO: dict[str, Any] = {
    "currency": "BTC",
    "balance": 100.0,
    "equity": 99.9,
    "margin_balance": 99.95,
    "available_funds": 99.0,
    "available_withdrawal_funds": 99.0,
    "initial_margin": 0.95,
    "maintenance_margin": 0.5,
    "projected_initial_margin": 0.95,
    "projected_maintenance_margin": 0.5,
    "total_pl": -0.1,
    "session_rpl": -0.02,
    "session_upl": -0.03,
    "futures_pl": -0.05,
    "futures_session_rpl": -0.02,
    "futures_session_upl": -0.03,
    "options_pl": -0.05,
    "options_session_rpl": 0.0,
    "options_session_upl": 0.0,
    "options_value": -0.05,
    "options_delta": 0.4,
    "options_gamma": 0.00001,
    "options_theta": -10.5,
    "options_vega": 40.0,
    "options_gamma_map": {"btc_usd": 0.00001},
    "options_theta_map": {"btc_usd": -10.5},
    "options_vega_map": {"btc_usd": 40.0},
    "delta_total": 0.3,
    "delta_total_map": {"btc_usd": 0.3},
    "projected_delta_total": 0.3,
}
SUMMARY = account.AccountSummary(**PORTFOLIO)
EXTENDED_SUMMARY = account.AccountSummary(
    **PORTFOLIO,
    id=7,
    username="seven",
    email="seven@example.org",
    type="main",
    system_name="seven",
    security_keys_enabled=False,
    mmp_enabled=False,
    interuser_transfers_enabled=False,
    login_enabled=True,
    creation_timestamp=NOW_MS,
    self_trading_reject_mode="reject_taker",
    self_trading_extended_to_subaccounts=False,
)
SUMMARIES = account.AccountSummaries(
    id=7,
    username="seven",
    email="seven@example.org",
    type="main",
    system_name="seven",
    creation_timestamp=NOW_MS,
    summaries=[SUMMARY],
)
NEW_SUBACCOUNT = account.NewSubaccount(id=8, username="seven_1", system_name="seven_1")
TRANSFER = wallet.Transfer(
    id=12,
    type="subaccount",
    currency="BTC",
    amount=0.5,
    direction="payment",
    other_side="seven_1",
    state="confirmed",
    created_timestamp=NOW_MS,
    updated_timestamp=NOW_MS,
    nonce="bm9uY2U=",
    source=7,
)
SETTLEMENTS = settlement.Settlements(
    continuation="none",
    settlements=[
        settlement.SettlementRow(
            type="settlement",
            timestamp=NOW_MS,
            instrument_name="BTC-PERPETUAL",
            position=1_000.0,
            index_price=98_000.25,
            mark_price=98_001.0,
            session_profit_loss=0.004,
            profit_loss=0.0,
            funding=0.00001,
        )
    ],
)
BANKRUPTCIES = settlement.Settlements(
    continuation="1732287600000000000.0",
    settlements=[
        settlement.SettlementRow(
            type="bankruptcy",
            timestamp=NOW_MS,
            session_profit_loss=5.0,
            funded=1.0,
            session_bankruptcy=2.0,
            socialized=1.0,
            session_tax=1.0,
            session_tax_rate=0.2,
        )
    ],
)
TRANSACTION_LOG = wallet.TransactionLog(
    continuation=11,
    logs=[
        wallet.LogEntry(
            id=12,
            user_seq=3,
            user_id=7,
            username="seven",
            timestamp=NOW_MS,
            currency="BTC",
            type="trade",
            change=-0.00001,
            balance=99.99999,
            cashflow=0.0,
            commission=0.00001,
            info={"note": "word"},
            instrument_name="BTC-PERPETUAL",
            side="open buy",
            amount=1_000.0,
            contracts=100.0,
            price=98_000.0,
            price_currency="USD",
            position=1_000.0,
            index_price=98_000.25,
            interest_pl=0.0,
            trade_id="BTC-1",
            order_id="BTC-2",
            user_role="taker",
            fee_role="taker",
            profit_as_cashflow=True,
        )
    ],
)
SUBACCOUNT = account.Subaccount(
    id=7,
    username="seven",
    email="seven@example.org",
    type="main",
    system_name="seven",
    portfolio={
        "btc": account.SubaccountPortfolio(
            currency="BTC",
            balance=100.0,
            equity=99.9,
            margin_balance=99.95,
            available_funds=99.0,
            available_withdrawal_funds=99.0,
            initial_margin=0.95,
            maintenance_margin=0.5,
        )
    },
)
BOOK_SUMMARY = market_data.BookSummary(
    instrument_name="BTC-25DEC26-100000-C",
    base_currency="BTC",
    quote_currency="BTC",
    creation_timestamp=NOW_MS,
    bid_price=0.041,
    mark_price=0.0415,
    volume=12.5,
    volume_usd=50_000.0,
    open_interest=120.4,
    estimated_delivery_price=98_000.25,
    mark_iv=61.2,
    interest_rate=0.0,
    underlying_index="BTC-25DEC26",
    underlying_price=99_100.5,
)
CURRENCY = reference.Currency(
    currency="BTC", currency_long="Bitcoin", coin_type="BITCOIN", decimals=8
)
QUOTE = msgspec.structs.replace(
    ORDER,
    mmp=True,
    mmp_cancelled=True,
    mmp_group="wings",
    quote=True,
    quote_id="7",
    quote_set_id="near",
)
MMP_CONFIG = quoting.MmpConfig(
    index_name="btc_usd",
    interval=10,
    frozen_time=5,
    mmp_group="wings",
    max_quote_quantity=5.0,
    quantity_limit=2.0,
    delta_limit=1.0,
    vega_limit=100.0,
)
MMP_STATUS = quoting.MmpStatus(index_name="btc_usd", frozen_until=NOW_MS, mmp_group="wings")
ORDER_AND_TRADES = trading.OrderAndTrades(order=ORDER, trades=[USER_TRADE])
PUBLIC_TRADES = market_data.PublicTrades(trades=[PUBLIC_TRADE], has_more=True)
USER_TRADES = trading.UserTrades(trades=[USER_TRADE], has_more=False)
CANCELLED = [
    trading.CancelGroup(
        type="limit", result=[ORDER], instrument_name="BTC-PERPETUAL", currency="BTC"
    )
]

ANSWERS: dict[str, list[object]] = {
    "public/auth": [
        session.AuthResult(
            access_token="a",
            expires_in=900,
            refresh_token="r",
            scope="connection trade:read_write",
            state="s",
            sid="sid",
        )
    ],
    "public/hello": [session.Version(version="1.2.26")],
    "public/test": [session.Version(version="1.2.26")],
    "public/get_time": [NOW_MS],
    "public/status": [
        session.StatusResult(locked="false"),
        session.StatusResult(locked="partial", locked_indices=["btc_usd"]),
    ],
    "public/set_heartbeat": ["ok"],
    "public/disable_heartbeat": ["ok"],
    "public/subscribe": [["quote.BTC-PERPETUAL"]],
    "public/unsubscribe": [["quote.BTC-PERPETUAL"]],
    "public/unsubscribe_all": ["ok"],
    "public/get_currencies": [[CURRENCY]],
    "public/get_instruments": [[PERPETUAL, OPTION, SPOT], []],
    "public/get_instrument": [PERPETUAL, OPTION, SPOT],
    "public/get_index_price": [
        reference.IndexPrice(index_price=98_000.25, estimated_delivery_price=98_000.25)
    ],
    "public/get_index_price_names": [["btc_usd"], [reference.IndexPriceName(name="btc_usd")]],
    "public/ticker": [market_data.Ticker(**TICKER)],
    "public/get_order_book": [
        market_data.OrderBook(**TICKER, bids=[(0.041, 3.0)], asks=[], change_id=77)
    ],
    "public/get_book_summary_by_currency": [[BOOK_SUMMARY]],
    "public/get_book_summary_by_instrument": [[BOOK_SUMMARY]],
    "public/get_last_trades_by_instrument": [PUBLIC_TRADES],
    "public/get_last_trades_by_instrument_and_time": [PUBLIC_TRADES],
    "public/get_last_trades_by_currency": [PUBLIC_TRADES],
    "public/get_funding_rate_value": [0.000125],
    "public/get_funding_rate_history": [
        [
            market_data.FundingHour(
                timestamp=1_700_000_000_000,
                index_price=98_000.25,
                prev_index_price=97_999.5,
                interest_8h=0.000125,
                interest_1h=0.00001,
            )
        ]
    ],
    "public/get_funding_chart_data": [
        market_data.FundingChart(
            current_interest=0.0001,
            interest_8h=0.000125,
            data=[
                market_data.FundingChartPoint(
                    timestamp=1_700_000_000_000, index_price=98_000.25, interest_8h=0.000125
                )
            ],
        )
    ],
    "public/get_historical_volatility": [[(1_700_000_000_000, 52.25)], []],
    "public/get_volatility_index_data": [
        volatility.VolatilityIndexData(
            data=[(1_700_000_000_000, 52.25, 53.5, 52.0, 53.0)], continuation=1_699_999_999_000
        ),
        volatility.VolatilityIndexData(data=[], continuation=None),
    ],
    "private/subscribe": [["user.portfolio.btc"]],
    "private/unsubscribe": [[]],
    "private/unsubscribe_all": ["ok"],
    "private/enable_cancel_on_disconnect": ["ok"],
    "private/disable_cancel_on_disconnect": ["ok"],
    "private/get_cancel_on_disconnect": [
        session.CancelOnDisconnect(scope="connection", enabled=True)
    ],
    "private/buy": [ORDER_AND_TRADES],
    "private/sell": [ORDER_AND_TRADES],
    "private/edit": [ORDER_AND_TRADES],
    "private/cancel": [ORDER],
    "private/cancel_all": [3, CANCELLED],
    "private/cancel_all_by_instrument": [3, CANCELLED],
    "private/cancel_all_by_currency": [3, CANCELLED],
    "private/cancel_by_label": [3],
    "private/mass_quote": [
        quoting.MassQuoteResult(errors_count=0, pending_requests_count=0),
        quoting.MassQuoteResult(
            errors_count=1,
            pending_requests_count=0,
            orders=[QUOTE],
            trades=[USER_TRADE],
            errors=[
                quoting.QuoteError(
                    instrument_name="BTC-PERPETUAL",
                    side="bid",
                    error=quoting.QuoteFault(code=10007, message="price_too_high 98000"),
                )
            ],
        ),
    ],
    "private/cancel_quotes": [3, CANCELLED],
    "private/set_mmp_config": [[MMP_CONFIG]],
    "private/get_mmp_config": [[MMP_CONFIG]],
    "private/reset_mmp": ["ok"],
    "private/get_mmp_status": [[MMP_STATUS]],
    "private/get_order_state": [ORDER, MARKET_ORDER],
    "private/get_open_orders": [
        [ORDER, MARKET_ORDER, TRAILING_ORDER, REJECTED_ORDER, TRIGGERED_ORDER],
        [DORMANT_ORDER, PRIMARY_ORDER],
    ],
    "private/get_trigger_order_history": [
        trading.TriggerOrders(entries=[TRIGGER_RECORD]),
        trading.TriggerOrders(
            entries=[msgspec.structs.replace(TRIGGER_RECORD, order_id=None, trigger_offset=None)],
            continuation="BTC-14",
        ),
    ],
    "private/get_open_orders_by_instrument": [[ORDER]],
    "private/get_open_orders_by_currency": [[ORDER]],
    "private/get_order_history_by_instrument": [[ORDER]],
    "private/get_order_history_by_currency": [[ORDER]],
    "private/get_user_trades_by_instrument": [USER_TRADES],
    "private/get_user_trades_by_instrument_and_time": [USER_TRADES],
    "private/get_user_trades_by_currency": [USER_TRADES],
    "private/get_user_trades_by_order": [[USER_TRADE]],
    "private/get_position": [POSITION],
    "private/get_positions": [[POSITION]],
    "private/set_self_trading_config": ["ok"],
    "private/change_margin_model": [
        [
            account.MarginModelChange(
                currency="BTC",
                old_state=account.MarginState(
                    maintenance_margin_rate=0.1, initial_margin_rate=0.2, available_balance=1.5
                ),
                new_state=account.MarginState(
                    maintenance_margin_rate=0.08, initial_margin_rate=0.1, available_balance=1.7
                ),
            )
        ]
    ],
    "private/verify_block_trade": [
        block_trades.BlockTradeSignature(signature="5a" * 32, expires_at=NOW_MS + 300_000)
    ],
    "private/execute_block_trade": [BLOCK_TRADE],
    "private/invalidate_block_trade_signature": ["ok"],
    "private/approve_block_trade": ["ok"],
    "private/reject_block_trade": ["ok"],
    "private/get_pending_block_trades": [[BLOCK_REQUEST]],
    "private/get_block_trade_requests": [
        [
            BLOCK_REQUEST,
            msgspec.structs.replace(BLOCK_REQUEST, counterparty_state=BLOCK_REQUEST.state),
        ]
    ],
    "private/simulate_block_trade": [True],
    "private/get_block_trade": [BLOCK_TRADE],
    "private/get_block_trades": [[BLOCK_TRADE]],
    "private/simulate_portfolio": [account.Portfolio(**PORTFOLIO)],
    "private/pme/simulate": [SCENARIOS],
    "private/get_account_summary": [SUMMARY, EXTENDED_SUMMARY],
    "private/get_account_summaries": [SUMMARIES],
    "private/get_user_locks": [
        [
            account.UserLock(currency="BTC", locked=False),
            account.UserLock(currency="ETH", locked=True, message="being liquidated"),
        ]
    ],
    "private/get_subaccounts": [[SUBACCOUNT]],
    "private/create_subaccount": [NEW_SUBACCOUNT],
    "public/get_combos": [[COMBO]],
    "public/get_combo_ids": [["BTC-FS-25DEC26_PERP"]],
    "public/get_combo_details": [COMBO],
    "private/create_combo": [COMBO],
    "private/get_leg_prices": [
        combos.LegPrices(
            price=-5.0,
            legs=[
                combos.LegPrice(
                    ratio=1, instrument_name="BTC-25DEC26", direction="buy", price=60_000.0
                ),
                combos.LegPrice(
                    ratio=1, instrument_name="BTC-PERPETUAL", direction="sell", price=60_005.0
                ),
            ],
            amount=10.0,
        )
    ],
    "private/get_subaccounts_details": [
        [account.SubaccountDetails(uid=7, positions=[POSITION], open_orders=[ORDER])]
    ],
    "public/get_last_settlements_by_currency": [SETTLEMENTS, BANKRUPTCIES],
    "public/get_last_settlements_by_instrument": [SETTLEMENTS],
    "private/get_settlement_history_by_currency": [SETTLEMENTS],
    "private/get_settlement_history_by_instrument": [SETTLEMENTS],
    "private/get_transaction_log": [TRANSACTION_LOG],
    "private/get_deposits": [
        wallet.Deposits(
            count=1,
            data=[
                wallet.Deposit(
                    currency="BTC",
                    amount=1.5,
                    address="",
                    state="completed",
                    transaction_id=None,
                    received_timestamp=NOW_MS,
                    updated_timestamp=NOW_MS,
                )
            ],
        )
    ],
    "private/set_instrument_state": ["ok"],
    "private/set_platform_lock": ["ok"],
    "private/set_limits": ["ok"],
    "private/set_fees": ["ok"],
    "private/withdraw": [WITHDRAWAL],
    "private/get_withdrawals": [
        wallet.Withdrawals(
            count=1,
            data=[WITHDRAWAL],
        )
    ],
    "private/get_transfers": [wallet.Transfers(count=1, data=[TRANSFER])],
    "private/submit_transfer_between_subaccounts": [TRANSFER],
    "private/submit_transfer_to_subaccount": [TRANSFER],
}


def _book(kind: Literal["snapshot", "change"]) -> market_data.BookUpdate:
    update = market_data.BookUpdate(
        type=kind,
        timestamp=NOW_MS,
        instrument_name="BTC-PERPETUAL",
        change_id=78,
        bids=[("new", 97_000.5, 100.0)],
        asks=[],
    )
    if kind == "snapshot":
        return update
    return market_data.BookUpdate(
        type=kind,
        timestamp=NOW_MS,
        instrument_name="BTC-PERPETUAL",
        change_id=79,
        prev_change_id=78,
        bids=[("delete", 97_000.5, 0.0), ("change", 96_000.0, 10.0)],
        asks=[("new", 98_000.0, 20.0)],
    )


NOTES: dict[str, tuple[str, list[object]]] = {
    "book.{instrument_name}.{interval}": (
        "book.BTC-PERPETUAL.raw",
        [_book("snapshot"), _book("change")],
    ),
    "book.{instrument_name}.{group}.{depth}.{interval}": (
        "book.BTC-PERPETUAL.none.10.100ms",
        [
            market_data.GroupedBook(
                timestamp=NOW_MS,
                instrument_name="BTC-PERPETUAL",
                change_id=79,
                bids=[(97_000.5, 100.0)],
                asks=[],
            )
        ],
    ),
    "ticker.{instrument_name}.{interval}": (
        "ticker.BTC-25DEC26-100000-C.100ms",
        [market_data.Ticker(**TICKER)],
    ),
    "quote.{instrument_name}": (
        "quote.BTC-PERPETUAL",
        [
            market_data.Quote(timestamp=NOW_MS, instrument_name="BTC-PERPETUAL"),
            market_data.Quote(
                timestamp=NOW_MS,
                instrument_name="BTC-PERPETUAL",
                best_bid_price=97_000.5,
                best_bid_amount=100.0,
                best_ask_price=98_000.0,
                best_ask_amount=20.0,
            ),
        ],
    ),
    "trades.{instrument_name}.{interval}": (
        "trades.BTC-25DEC26-100000-C.100ms",
        [[PUBLIC_TRADE]],
    ),
    "trades.{kind}.{currency}.{interval}": ("trades.option.BTC.100ms", [[PUBLIC_TRADE]]),
    "deribit_price_index.{index_name}": (
        "deribit_price_index.btc_usd",
        [reference.PriceIndex(index_name="btc_usd", price=98_000.25, timestamp=NOW_MS)],
    ),
    "markprice.options.{index_name}": (
        "markprice.options.btc_usd",
        [
            [
                market_data.OptionMarkPrice(
                    instrument_name="BTC-25DEC26-100000-C",
                    mark_price=0.0415,
                    iv=0.612,
                    timestamp=NOW_MS,
                )
            ]
        ],
    ),
    "deribit_volatility_index.{index_name}": (
        "deribit_volatility_index.btc_usd",
        [reference.VolatilityIndex(index_name="btc_usd", volatility=61.25, timestamp=NOW_MS)],
    ),
    "estimated_expiration_price.{index_name}": (
        "estimated_expiration_price.btc_usd",
        [
            reference.EstimatedExpirationPrice(
                seconds=90,
                price=98_000.25,
                is_estimated=True,
                left_ticks=23,
                total_ticks=450,
                timestamp=NOW_MS,
            ),
            reference.EstimatedExpirationPrice(seconds=9_000, price=98_000.25, is_estimated=False),
        ],
    ),
    "perpetual.{instrument_name}.{interval}": (
        "perpetual.BTC-PERPETUAL.100ms",
        [market_data.PerpetualInterest(interest=0.000125, index_price=98_000.25, timestamp=NOW_MS)],
    ),
    "instrument.state.{kind}.{currency}": (
        "instrument.state.any.any",
        [
            reference.InstrumentStateChange(
                timestamp=NOW_MS, state="locked", instrument_name="BTC-PERPETUAL"
            )
        ],
    ),
    "platform_state": (
        "platform_state",
        [
            reference.PlatformState(maintenance=True),
            reference.PlatformState(price_index="btc_usd", locked=True),
        ],
    ),
    "user.orders.{instrument_name}.{interval}": (
        "user.orders.BTC-PERPETUAL.100ms",
        [[ORDER, MARKET_ORDER]],
    ),
    "user.orders.{kind}.{currency}.{interval}": (
        "user.orders.future.BTC.raw",
        [ORDER, MARKET_ORDER],
    ),
    "user.trades.{instrument_name}.{interval}": ("user.trades.BTC-PERPETUAL.raw", [[USER_TRADE]]),
    "user.trades.{kind}.{currency}.{interval}": ("user.trades.any.any.raw", [[USER_TRADE]]),
    "user.combo_trades.{instrument_name}.{interval}": (
        "user.combo_trades.BTC-FS-25DEC26_PERP.raw",
        [COMBO_TRADE],
    ),
    "user.combo_trades.{kind}.{currency}.{interval}": (
        "user.combo_trades.future_combo.BTC.raw",
        [COMBO_TRADE],
    ),
    "user.changes.{instrument_name}.{interval}": (
        "user.changes.BTC-PERPETUAL.raw",
        [
            account.UserChanges(
                instrument_name="BTC-PERPETUAL",
                orders=[ORDER],
                trades=[USER_TRADE],
                positions=[POSITION],
            )
        ],
    ),
    "user.changes.{kind}.{currency}.{interval}": (
        "user.changes.future.BTC.100ms",
        [
            account.UserChanges(
                instrument_name="BTC-PERPETUAL", orders=[], trades=[], positions=[POSITION]
            )
        ],
    ),
    "user.portfolio.{currency}": ("user.portfolio.btc", [account.Portfolio(**PORTFOLIO)]),
    "user.mmp_trigger.{index_name}": ("user.mmp_trigger.btc_usd", [MMP_STATUS]),
    "user.lock": ("user.lock", [account.AccountLock(currency="ALL", locked=True)]),
    "block_trade_confirmations": ("block_trade_confirmations", [BLOCK_REQUEST]),
    "block_trade_confirmations.{currency}": ("block_trade_confirmations.BTC", [BLOCK_REQUEST]),
}


@pytest.fixture(scope="session")
def answers() -> dict[str, list[object]]:
    """Filled answers by method; private/logout has none."""
    return ANSWERS


@pytest.fixture(scope="session")
def notes() -> dict[str, tuple[str, list[object]]]:
    """For each channel's pattern a name of that form and filled data for it."""
    return NOTES
