import msgspec
import pytest

from strikewire.exchange import (
    CancelOrder,
    Command,
    Deposit,
    EditOrder,
    OrderType,
    PlaceOrder,
    TimeInForce,
    decode,
    encode,
)
from strikewire.exchange.commands import CancelReason, Verdict
from strikewire.exchange.packed import (
    FILL,
    LEVEL,
    OPCODES,
    ORDER,
    RECORD_BYTES,
    REJECTED,
    TRADE,
    checked,
    command_of,
    is_packed,
    pack,
    records,
    split,
    unpack,
)
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks, Units
from strikewire.testing.exchange import ALICE, BOB, START_NS, TradingFloor

PLACED = PlaceOrder(
    account_id=ALICE,
    instrument_id=InstrumentId(1),
    side=Side.SELL,
    amount=Lots(5),
    price=Ticks(100),
    time_in_force=TimeInForce.IOC,
    reduce_only=True,
    label="wörter",
    valid_until_ns=START_NS,
)
COMMANDS: list[Command] = [
    PLACED,
    PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=Side.BUY,
        order_type=OrderType.MARKET,
        amount=Lots(5),
    ),
    EditOrder(account_id=ALICE, order_id=OrderId(3), amount=Lots(7)),
    EditOrder(
        account_id=ALICE,
        order_id=OrderId(3),
        amount=Lots(7),
        price=Ticks(3),
        post_only=False,
        reject_post_only=True,
        reduce_only=True,
    ),
    CancelOrder(ALICE, OrderId(3)),
    CancelOrder(ALICE, OrderId(3), CancelReason.CANCEL_ON_DISCONNECT),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_packed_command_comes_back_the_same(command: Command) -> None:
    record = pack(command)

    assert record is not None
    assert unpack(record) == command


@pytest.mark.parametrize(
    "command",
    [
        Deposit(ALICE, "BTC", Units(1)),
        CancelOrder(ALICE, OrderId(3), "settlement"),
        CancelOrder(ALICE, OrderId(2**63)),
        PlaceOrder(
            account_id=ALICE,
            instrument_id=InstrumentId(1),
            side=Side.BUY,
            amount=Lots(5),
            price=Ticks(1),
            verdict=Verdict(1, Units(2), Units(3)),
        ),
        EditOrder(account_id=ALICE, order_id=OrderId(3), amount=Lots(7), display_amount=Lots(100)),
    ],
)
def test_what_a_record_cannot_say_is_not_packed(command: Command) -> None:
    assert pack(command) is None


@pytest.mark.parametrize("command", COMMANDS)
def test_a_general_entry_never_looks_packed(command: Command) -> None:
    entry = encode(command)

    assert entry[0] not in OPCODES
    assert decode(entry) == command


@pytest.mark.parametrize(
    "record",
    [b"", b"\x01", bytes(RECORD_BYTES), b"\x01" + bytes(RECORD_BYTES), b"\x03\0\x09" + bytes(45)],
    ids=["nothing", "short", "no command", "long", "reason"],
)
def test_what_is_no_record_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match="command"):
        unpack(record)


def test_a_batch_is_split_behind_its_labels() -> None:
    packed = [record for command in COMMANDS if (record := pack(command))]

    assert list(split(b"".join(packed))) == packed


@pytest.mark.parametrize("cut", [1, RECORD_BYTES + 2], ids=["in a record", "in a label"])
def test_a_batch_that_ends_too_early_is_refused(cut: int) -> None:
    record = pack(PLACED)
    assert record is not None

    with pytest.raises(ValueError, match=r"behind the last record|label is cut off"):
        list(split(record[:cut]))


def test_events_tell_orders_trades_fills_and_levels() -> None:
    floor = TradingFloor.at(100)
    floor.sell(BOB, 3, at=100)
    bought = PlaceOrder(
        account_id=ALICE,
        instrument_id=InstrumentId(1),
        side=Side.BUY,
        amount=Lots(5),
        price=Ticks(100),
    )
    record = pack(bought)
    assert record is not None

    told = list(records(floor.exchange.submit(START_NS, record)))

    kinds = [one.kind for one in told]
    assert kinds[:5] == [TRADE, FILL, FILL, ORDER, ORDER]
    assert told[0].values == (1, 1, 100, 3, 2)
    assert told[4].values == (2, ALICE, 100, 5, 3)
    assert [one.values for one in told if one.kind == LEVEL] == [
        (2, 0, 100, 0, 0),
        (2, 0, 100, 2, 0),
    ]


def test_a_refusal_is_told_by_its_code() -> None:
    floor = TradingFloor.at(100)
    record = pack(CancelOrder(AccountId(ALICE), OrderId(99)))
    assert record is not None

    (told,) = records(floor.exchange.submit(START_NS, record))

    assert (told.kind, told.values[0]) == (REJECTED, 10004)


def packed(*commands: Command) -> list[bytes]:
    found = [pack(command) for command in commands]
    return [one for one in found if one is not None]


def test_a_checked_batch_is_split_into_records_that_can_be_unpacked() -> None:
    one, other = packed(PLACED, CancelOrder(ALICE, OrderId(3)))

    assert checked(one + other + one) == (one, other, one)


@pytest.mark.parametrize(
    "change",
    [
        {0: 0},
        {0: 4},
        {1: 0},
        {1: 2},
        {2: 2},
        {3: 4},
        {6: 8},
        {RECORD_BYTES: 0xFF},
    ],
)
def test_a_batch_with_anything_that_cannot_be_unpacked_is_refused_whole(
    change: dict[int, int],
) -> None:
    (good,) = packed(PLACED)
    bad = bytearray(good)
    for at, byte in change.items():
        bad[at] = byte

    with pytest.raises(ValueError):  # noqa: PT011 - the words do not matter
        checked(good + bytes(bad))


@pytest.mark.parametrize("batch", [b"", b"\x01" * 47, b"\3\0\2" + bytes(45)])
def test_a_batch_of_nothing_or_of_less_than_a_record_is_refused(batch: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words do not matter
        checked(batch)


def test_only_orders_have_labels() -> None:
    (cancel,) = packed(CancelOrder(ALICE, OrderId(3)))
    labelled = cancel[:6] + b"\1\0" + cancel[8:] + b"x"

    with pytest.raises(ValueError, match="only an order has a label"):
        checked(labelled)


def test_a_label_with_a_lone_surrogate_is_refused_as_it_is_in_the_general_form() -> None:
    command = msgspec.structs.replace(PLACED, label="\ud800")
    (record,) = packed(command)

    with pytest.raises(UnicodeDecodeError):
        checked(record)
    with pytest.raises(UnicodeEncodeError):
        encode(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_entry_of_either_form_gives_its_command(command: Command) -> None:
    (record,) = packed(command)

    assert (is_packed(record), is_packed(encode(command)), is_packed(b"")) == (True, False, False)
    assert command_of(record) == command_of(encode(command)) == command
