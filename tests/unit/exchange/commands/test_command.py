import msgspec
import pytest

from strikewire.exchange import (
    BlockLeg,
    CancelOrder,
    CancelOrders,
    CancelQuotes,
    CancelReason,
    ChangeMarginModel,
    Command,
    CreateCombo,
    CreateSubaccount,
    Deposit,
    EditOrder,
    ExecuteBlockTrade,
    FeeKind,
    FeeRates,
    InstrumentState,
    Limits,
    Linked,
    LinkedOrderType,
    Liquidate,
    ListInstrument,
    MarginModel,
    Mark,
    MassQuote,
    MmpConfig,
    NoteState,
    Once,
    OpenAccount,
    OrderType,
    PlaceOrder,
    Quote,
    QuoteSide,
    ResetMmp,
    SelfTrading,
    SetFees,
    SetInstrumentState,
    SetLimits,
    SetMarks,
    SetMmp,
    SetPlatformLock,
    SetSelfTrading,
    SettleInstrument,
    SettleSession,
    SetVerdicts,
    TimeInForce,
    Transfer,
    Trigger,
    TriggerFillCondition,
    TriggerPriceType,
    Verdict,
    Withdraw,
    decode,
    encode,
)
from strikewire.model import (
    AccountId,
    InstrumentId,
    Kind,
    Lots,
    OrderId,
    PriceE8,
    Side,
    Ticks,
    Units,
    instrument,
)

ONE_OF_EACH: list[tuple[Command, list[object]]] = [
    (OpenAccount(AccountId(1), "alice"), ["open_account", 1, "alice", 0]),
    (
        OpenAccount(AccountId(2), "alice's maker", AccountId(1)),
        ["open_account", 2, "alice's maker", 1],
    ),
    (
        SetInstrumentState(InstrumentId(1), InstrumentState.LOCKED),
        ["instrument_state", 1, "locked"],
    ),
    (SetPlatformLock(is_locked=True, index="btc_usd"), ["platform_lock", True, "btc_usd"]),
    (SetLimits(Limits(5, None), AccountId(1)), ["limits", [5, None], 1, None]),
    (
        SetSelfTrading(AccountId(1), SelfTrading.CANCEL_MAKER, extended_to_subaccounts=True),
        ["self_trading", 1, "cancel_maker", True],
    ),
    (Deposit(AccountId(1), "BTC", Units(5)), ["deposit", 1, "BTC", 5]),
    (Withdraw(AccountId(1), "BTC", Units(5), "bc1q"), ["withdraw", 1, "BTC", 5, "bc1q", None]),
    (Withdraw(AccountId(1), "BTC", Units(5)), ["withdraw", 1, "BTC", 5, "", None]),
    (
        Transfer(
            account_id=AccountId(1),
            source=AccountId(2),
            destination=AccountId(3),
            currency="BTC",
            amount=Units(5),
            nonce="n",
        ),
        ["transfer", 1, 2, 3, "BTC", 5, "n", None],
    ),
    (CreateSubaccount(AccountId(1)), ["subaccount", 1]),
    (
        CreateCombo(AccountId(1), ((InstrumentId(3), 1), (InstrumentId(4), -2))),
        ["combo", 1, [[3, 1], [4, -2]]],
    ),
    (
        SetFees(AccountId(1), FeeKind.OPTION, "BTC", FeeRates(-50, 300)),
        ["fees", 1, "option", "BTC", [-50, 300]],
    ),
    (
        ListInstrument(instrument("XRP_USDC-25DEC26-0d625-C", instrument_id=7, creation_ns=3)),
        [
            "list",
            {
                "instrument_id": 7,
                "name": "XRP_USDC-25DEC26-0d625-C",
                "kind": "option",
                "instrument_type": "linear",
                "base_currency": "XRP",
                "quote_currency": "USDC",
                "counter_currency": "USDC",
                "settlement_currency": "USDC",
                "price_index": "xrp_usdc",
                "settlement_period": "month",
                "strike": "0.625",
                "option_type": "call",
                "creation_ns": 3,
                "expiry_ns": 1798185600000000000,
                "tick_size": "0.0001",
                "tick_steps": [],
                "lot_size": "1000",
                "contract_size": "1000",
                "maker_fee_ppm": 300,
                "taker_fee_ppm": 300,
                "legs": [],
            },
            "open",
        ],
    ),
    (
        PlaceOrder(
            account_id=AccountId(1),
            instrument_id=InstrumentId(2),
            side=Side.SELL,
            order_type=OrderType.LIMIT,
            amount=Lots(3),
            price=Ticks(4),
            time_in_force=TimeInForce.FOK,
            post_only=True,
            reject_post_only=True,
            reduce_only=True,
            label="größe",
            trigger=Trigger(price_type=TriggerPriceType.LAST, price=PriceE8(5), offset=PriceE8(6)),
            valid_until_ns=7,
            linked=Linked(
                type=LinkedOrderType.ONE_TRIGGERS_OTHER,
                others=(
                    PlaceOrder(
                        account_id=AccountId(1),
                        instrument_id=InstrumentId(2),
                        side=Side.BUY,
                        amount=Lots(3),
                        price=Ticks(2),
                    ),
                ),
                fill_condition=TriggerFillCondition.INCREMENTAL,
            ),
        ),
        [
            "place",
            1,
            2,
            -1,
            "limit",
            3,
            4,
            "fill_or_kill",
            True,
            True,
            True,
            "größe",
            None,
            ["last_price", 5, 6],
            7,
            None,
            [
                "one_triggers_other",
                [
                    [
                        "place",
                        1,
                        2,
                        1,
                        "limit",
                        3,
                        2,
                        "good_til_cancelled",
                        False,
                        False,
                        False,
                        "",
                        None,
                        None,
                        None,
                        None,
                        None,
                        False,
                        False,
                    ]
                ],
                "incremental",
            ],
            False,
            False,
        ],
    ),
    (
        ExecuteBlockTrade(
            maker_id=AccountId(1),
            taker_id=AccountId(2),
            legs=(
                BlockLeg(
                    instrument_id=InstrumentId(2),
                    side=Side.SELL,
                    amount=Lots(250),
                    price=Ticks(501),
                ),
            ),
            agreed_ms=1_767_225_600_000,
            nonce="tea",
            maker_verdict=Verdict(0, Units(1), Units(2)),
        ),
        ["block_trade", 1, 2, [[2, -1, 250, 501]], 1767225600000, "tea", [0, 1, 2], None],
    ),
    (
        EditOrder(
            account_id=AccountId(1),
            order_id=OrderId(2),
            amount=Lots(3),
            price=Ticks(4),
            post_only=True,
        ),
        ["edit", 1, 2, 3, 4, True, False, None, None, None, None, None, None],
    ),
    (CancelOrder(AccountId(1), OrderId(2)), ["cancel", 1, 2, "user_request"]),
    (
        CancelOrders(
            AccountId(1),
            InstrumentId(2),
            "BTC",
            Kind.OPTION,
            CancelReason.CANCEL_ON_DISCONNECT,
            (OrderType.STOP_LIMIT,),
        ),
        ["cancel_all", 1, 2, "BTC", "option", "cancel_on_disconnect", ["stop_limit"], None],
    ),
    (
        SetMarks((("btc_usd", PriceE8(5)),), (Mark(InstrumentId(1), PriceE8(2), 3, PriceE8(4)),)),
        ["marks", [["btc_usd", 5]], [[1, 2, 3, 4, 0, 0, 0]]],
    ),
    (SettleInstrument(InstrumentId(1), PriceE8(6)), ["settle", 1, 6]),
    (SettleSession("BTC"), ["settle_session", "BTC"]),
    (
        ChangeMarginModel(
            AccountId(1), MarginModel.PORTFOLIO, (("BTC", Verdict(3, Units(20), Units(16))),)
        ),
        ["margin_model", 1, "segregated_pm", [["BTC", [3, 20, 16]]]],
    ),
    (
        SetVerdicts(((AccountId(1), "BTC", Verdict(3, Units(20), Units(16))),)),
        ["verdicts", [[1, "BTC", [3, 20, 16]]]],
    ),
    (
        Liquidate(((AccountId(1), "BTC", Verdict(3, Units(20), Units(16))),), (AccountId(1),)),
        ["liquidate", [[1, "BTC", [3, 20, 16]]], [1]],
    ),
    (
        Once(AccountId(1), "key", b"digest", CancelOrder(AccountId(1), OrderId(2))),
        ["once", 1, "key", b"digest", ["cancel", 1, 2, "user_request"]],
    ),
    (NoteState(3, b"hash"), ["state", 3, b"hash"]),
    (
        MassQuote(
            account_id=AccountId(1),
            mmp_group="wings",
            quote_id="7",
            quotes=(
                Quote(
                    instrument_id=InstrumentId(2),
                    quote_set_id="calls",
                    bid=QuoteSide(price=Ticks(3), amount=Lots(4), post_only=True),
                    ask=QuoteSide(amount=Lots(0)),
                ),
            ),
            valid_until_ns=5,
            verdicts=(("BTC", Verdict(3, Units(20), Units(16))),),
        ),
        [
            "mass_quote",
            1,
            "wings",
            [[2, "calls", [3, 4, True, False], [None, 0, False, False]]],
            "7",
            5,
            [["BTC", [3, 20, 16]]],
        ],
    ),
    (
        CancelQuotes(account_id=AccountId(1), index="btc_usd", deltas_e5=(-5, 5), is_freezing=True),
        ["cancel_quotes", 1, None, None, None, None, "btc_usd", [-5, 5], True],
    ),
    (
        SetMmp(
            AccountId(1),
            "btc_usd",
            "wings",
            MmpConfig(interval_s=1, frozen_s=2, max_quote_quantity_e8=3, vega_e8=4),
        ),
        ["mmp", 1, "btc_usd", "wings", [1, 2, 3, 0, 0, 4]],
    ),
    (ResetMmp(AccountId(1), "btc_usd", "wings"), ["reset_mmp", 1, "btc_usd", "wings"]),
]
"""Each with what the journal keeps of it: its tag and its fields in their order, which stay."""

COMMANDS = [command for command, _ in ONE_OF_EACH]


@pytest.mark.parametrize(
    ("command", "kept"), ONE_OF_EACH, ids=[type(command).__name__ for command in COMMANDS]
)
def test_the_journal_keeps_the_same_of_a_command_in_every_version(
    command: Command, kept: list[object]
) -> None:
    assert encode(command) == msgspec.msgpack.encode(kept)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_comes_back_from_the_journal_as_it_went_in(command: Command) -> None:
    assert decode(encode(command)) == command


def test_every_kind_of_command_is_tried_above() -> None:
    assert {type(command) for command in COMMANDS} == set(Command.__args__)


def test_the_bytes_of_a_command_are_the_same_on_every_machine() -> None:
    command = PlaceOrder(
        account_id=AccountId(1),
        instrument_id=InstrumentId(2),
        side=Side.SELL,
        amount=Lots(3),
        price=Ticks(5),
    )

    assert encode(command) == (
        b"\xdc\x00\x13\xa5place\x01\x02\xff\xa5limit\x03\x05\xb2good_til_cancelled\xc2\xc2\xc2\xa0"
        b"\xc0\xc0\xc0\xc0\xc0\xc2\xc2"
    )


@pytest.mark.parametrize(
    "entry",
    [b"", b"\x91\xa4none", encode(CancelOrder(AccountId(1), OrderId(2)))[:-4], b"\xc1"],
    ids=["empty", "unknown", "cut short", "no msgpack"],
)
def test_bytes_that_are_no_command_are_refused(entry: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(entry)
