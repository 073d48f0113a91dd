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

ONE_OF_EACH: list[Command] = [
    OpenAccount(AccountId(1), "alice"),
    OpenAccount(AccountId(2), "alice's maker", AccountId(1)),
    SetInstrumentState(InstrumentId(1), InstrumentState.LOCKED),
    SetPlatformLock(is_locked=True, index="btc_usd"),
    SetLimits(Limits(5, None), AccountId(1)),
    SetSelfTrading(AccountId(1), SelfTrading.CANCEL_MAKER, extended_to_subaccounts=True),
    Deposit(AccountId(1), "BTC", Units(5)),
    Withdraw(AccountId(1), "BTC", Units(5), "bc1q"),
    Withdraw(AccountId(1), "BTC", Units(5)),
    Transfer(
        account_id=AccountId(1),
        source=AccountId(2),
        destination=AccountId(3),
        currency="BTC",
        amount=Units(5),
        nonce="n",
    ),
    CreateSubaccount(AccountId(1)),
    CreateCombo(AccountId(1), ((InstrumentId(3), 1), (InstrumentId(4), -2))),
    SetFees(AccountId(1), FeeKind.OPTION, "BTC", FeeRates(-50, 300)),
    ListInstrument(instrument("XRP_USDC-25DEC26-0d625-C", instrument_id=7, creation_ns=3)),
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
    EditOrder(
        account_id=AccountId(1), order_id=OrderId(2), amount=Lots(3), price=Ticks(4), post_only=True
    ),
    CancelOrder(AccountId(1), OrderId(2)),
    CancelOrders(
        AccountId(1),
        InstrumentId(2),
        "BTC",
        Kind.OPTION,
        CancelReason.CANCEL_ON_DISCONNECT,
        (OrderType.STOP_LIMIT,),
    ),
    SetMarks((("btc_usd", PriceE8(5)),), (Mark(InstrumentId(1), PriceE8(2), 3, PriceE8(4)),)),
    SettleInstrument(InstrumentId(1), PriceE8(6)),
    SettleSession("BTC"),
    ChangeMarginModel(
        AccountId(1), MarginModel.PORTFOLIO, (("BTC", Verdict(3, Units(20), Units(16))),)
    ),
    SetVerdicts(((AccountId(1), "BTC", Verdict(3, Units(20), Units(16))),)),
    Liquidate(((AccountId(1), "BTC", Verdict(3, Units(20), Units(16))),), (AccountId(1),)),
    Once(AccountId(1), "key", b"digest", CancelOrder(AccountId(1), OrderId(2))),
    NoteState(3, b"hash"),
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
    CancelQuotes(account_id=AccountId(1), index="btc_usd", deltas_e5=(-5, 5), is_freezing=True),
    SetMmp(
        AccountId(1),
        "btc_usd",
        "wings",
        MmpConfig(interval_s=1, frozen_s=2, max_quote_quantity_e8=3, vega_e8=4),
    ),
    ResetMmp(AccountId(1), "btc_usd", "wings"),
]


@pytest.mark.parametrize("command", ONE_OF_EACH, ids=lambda command: type(command).__name__)
def test_a_command_comes_back_from_the_journal_as_it_went_in(command: Command) -> None:
    assert decode(encode(command)) == command


def test_every_kind_of_command_is_tried_above() -> None:
    assert {type(command) for command in ONE_OF_EACH} == set(Command.__args__)


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


def test_an_order_that_was_journalled_before_there_were_verdicts_has_none() -> None:
    old = b"\x9c\xa5place\x01\x02\xff\xa5limit\x03\x05\xb2good_til_cancelled\xc2\xc2\xc2\xa0"

    command = decode(old)

    assert isinstance(command, PlaceOrder)
    assert command.verdict is None


@pytest.mark.parametrize(
    "entry",
    [b"", b"\x91\xa4none", encode(CancelOrder(AccountId(1), OrderId(2)))[:-4], b"\xc1"],
    ids=["empty", "unknown", "cut short", "no msgpack"],
)
def test_bytes_that_are_no_command_are_refused(entry: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(entry)
