"""Commands and events as records of 48 bytes: what passes between the exchange and the machine.

A record is little-endian: eight bytes of small fields and five words of eight bytes.

| command | small fields             | words                                             |
|---------|--------------------------|---------------------------------------------------|
| place   | side, type, force, flags | account, instrument, price, amount, valid until   |
| edit    | flags                    | account, order, price, amount, valid until        |
| cancel  | reason                   | account, order                                    |

The bytes of a label follow its record. Only what these fields can say is packed; all other
commands have the general form of `commands.encode`, whose first byte is none of `OPCODES`.

| event    | small fields                | words                                          |
|----------|-----------------------------|------------------------------------------------|
| order    | side, state                 | order, account, price, amount, filled          |
| trade    | taker side, tick direction  | trade, maker order, price, amount, taker order |
| fill     | side, is maker              | account, order, fee, profit, trade             |
| position |                             | account, size, average price, realised profit  |
| balance  | currency                    | account                                        |
| level    | side                        | change id, 0, price, amount                    |
| rejected |                             | code                                           |
| other    | what these could not say    |                                                |

Each names its instrument, but for a balance, whose currency stands there.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from strikewire.exchange.commands import (
    CancelOrder,
    CancelReason,
    Command,
    EditOrder,
    OrderType,
    PlaceOrder,
    TimeInForce,
    decode,
)
from strikewire.exchange.events import (
    BalanceChanged,
    Event,
    Fill,
    LevelChanged,
    OrderEvent,
    OrderState,
    PositionChanged,
    Rejected,
)
from strikewire.model import AccountId, InstrumentId, Lots, OrderId, Side, Ticks

RECORD_BYTES = 48
PLACE, EDIT, CANCEL = 1, 2, 3
OPCODES = (PLACE, EDIT, CANCEL)
"""First bytes of packed commands; no command in the general form begins with one."""

POST_ONLY, REJECT_POST_ONLY, REDUCE_ONLY, POST_ONLY_SAID, REDUCE_ONLY_SAID = 1, 2, 4, 8, 16
"""Flags of a command; the last two tell an edit's no from nothing said."""

NO_PRICE = -(2**63 - 1)

ORDER, TRADE, FILL, POSITION, BALANCE, LEVEL, REJECTED, OTHER = range(1, 9)
"""Kinds of events."""

_COMMAND = Struct("<BbBBHHqqqqq")
_FIELDS = Struct("<BbBBHH")
_OPCODE_BYTES = tuple(bytes((one,)) for one in OPCODES)
_EVENT = Struct("<BbBBIqqqqq")
_TYPES = (OrderType.LIMIT, OrderType.MARKET)
_FORCES = tuple(TimeInForce)
_STATES = tuple(OrderState)
_REASONS = (CancelReason.USER_REQUEST, CancelReason.CANCEL_ON_DISCONNECT)
_WORD = 2**63
assert _COMMAND.size == _EVENT.size == RECORD_BYTES


class Record(NamedTuple):
    """A packed event; the module's table says what is what."""

    kind: int
    side: int
    state: int
    flags: int
    instrument_id: int
    values: tuple[int, int, int, int, int]


def pack(command: Command) -> bytes | None:
    """Return a command as a record and its label; None if that could not say all of it."""
    if isinstance(command, PlaceOrder):
        return _pack_place(command)
    if isinstance(command, EditOrder):
        return _pack_edit(command)
    if isinstance(command, CancelOrder) and command.reason in _REASONS:
        reason = _REASONS.index(CancelReason(command.reason))
        return _words(CANCEL, 0, reason, 0, 0, b"", command.account_id, command.order_id, 0, 0, 0)
    return None


def unpack(record: bytes) -> Command:
    """Return the command that `pack` made a record of.

    Raises:
        ValueError: It is no such record.
    """
    if len(record) < RECORD_BYTES or record[0] not in OPCODES:
        raise ValueError("no packed command")
    op, side, kind, force, flags, label_bytes, *words = _COMMAND.unpack_from(record)
    if len(record) != RECORD_BYTES + label_bytes:
        raise ValueError(f"{len(record)} bytes of a command of {RECORD_BYTES + label_bytes}")
    account_id, other_id, price, amount, valid_until_ns = words
    try:
        if op == CANCEL:
            return CancelOrder(AccountId(account_id), OrderId(other_id), _REASONS[kind])
        if op == EDIT:
            return EditOrder(
                account_id=AccountId(account_id),
                order_id=OrderId(other_id),
                amount=Lots(amount),
                price=None if price == NO_PRICE else Ticks(price),
                post_only=bool(flags & POST_ONLY) if flags & POST_ONLY_SAID else None,
                reject_post_only=bool(flags & REJECT_POST_ONLY),
                reduce_only=bool(flags & REDUCE_ONLY) if flags & REDUCE_ONLY_SAID else None,
                valid_until_ns=valid_until_ns or None,
            )
        return PlaceOrder(
            account_id=AccountId(account_id),
            instrument_id=InstrumentId(other_id),
            side=Side(side),
            order_type=_TYPES[kind],
            amount=Lots(amount),
            price=None if price == NO_PRICE else Ticks(price),
            time_in_force=_FORCES[force],
            post_only=bool(flags & POST_ONLY),
            reject_post_only=bool(flags & REJECT_POST_ONLY),
            reduce_only=bool(flags & REDUCE_ONLY),
            label=record[RECORD_BYTES:].decode(errors="surrogatepass"),
            valid_until_ns=valid_until_ns or None,
        )
    except IndexError:
        raise ValueError("no packed command") from None


def split(batch: bytes) -> Iterator[bytes]:
    """Return the records of a batch, each with its label.

    Raises:
        ValueError: The batch ends within a record.
    """
    at = 0
    while at < len(batch):
        if len(batch) - at < RECORD_BYTES:
            raise ValueError(f"{len(batch) - at} bytes behind the last record")
        end = at + RECORD_BYTES + int.from_bytes(batch[at + 6 : at + 8], "little")
        if end > len(batch):
            raise ValueError("the last label is cut off")
        yield batch[at:end]
        at = end


def checked(batch: bytes) -> tuple[bytes, ...]:
    """Return the records of a batch, each with its label, if `unpack` would take every one.

    Raises:
        ValueError: It would not, or there is none.
    """
    found, at, size = [], 0, len(batch)
    while at < size:
        if size - at < RECORD_BYTES:
            raise ValueError(f"{size - at} bytes behind the last record")
        op, side, kind, force, _, label_bytes = _FIELDS.unpack_from(batch, at)
        end = at + RECORD_BYTES + label_bytes
        if op == PLACE:
            is_known = side * side == 1 and kind < len(_TYPES) and force < len(_FORCES)
        else:
            is_known = op == EDIT or (op == CANCEL and kind < len(_REASONS))
        if not is_known:
            raise ValueError("no packed command")
        if label_bytes:
            _check_label(op, batch[at + RECORD_BYTES : end], label_bytes)
        found.append(batch[at:end])
        at = end
    if not found:
        raise ValueError("no packed commands")
    return tuple(found)


def _check_label(op: int, label: bytes, size: int) -> None:
    if len(label) != size:
        raise ValueError("the last label is cut off")
    if op != PLACE:
        raise ValueError("only an order has a label")
    # Strictly: a state with a lone surrogate in it could not be written down.
    label.decode()


def is_packed(entry: bytes) -> bool:
    """Say whether a journal's entry is a packed command, or several, and not the general form."""
    return entry[:1] in _OPCODE_BYTES


def command_of(entry: bytes) -> Command:
    """Return the command of a journal's entry, whichever form it has.

    Raises:
        msgspec.DecodeError: It has the general form, and is no command of this version.
        ValueError: It is packed, and no command.
    """
    return unpack(entry) if is_packed(entry) else decode(entry)


def pack_event(event: Event) -> bytes:
    """Return an event as records."""
    match event:
        case OrderEvent(order):
            price = NO_PRICE if order.price is None else order.price
            state = _STATES.index(order.state)
            words = (order.order_id, order.account_id, price, order.amount, order.filled)
            return _EVENT.pack(ORDER, order.side, state, 0, order.instrument_id, *words)
        case Fill():
            return _pack_fill(event)
        case PositionChanged(view):
            held = (view.account_id, view.size, view.average_price, view.realized, 0)
            return _EVENT.pack(POSITION, 0, 0, 0, view.instrument_id, *held)
        case BalanceChanged(account_id, currency):
            return _EVENT.pack(BALANCE, 0, 0, 0, currency_code(currency), account_id, 0, 0, 0, 0)
        case LevelChanged(instrument_id, side, level_price, amount, change_id):
            return _EVENT.pack(
                LEVEL, side, 0, 0, instrument_id, change_id, 0, level_price, amount, 0
            )
        case Rejected(code):
            return _EVENT.pack(REJECTED, 0, 0, 0, 0, code, 0, 0, 0, 0)
        case _:
            return _EVENT.pack(OTHER, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def records(block: bytes) -> Iterator[Record]:
    """Read a block of packed events."""
    for kind, side, state, flags, instrument_id, *values in _EVENT.iter_unpack(block):
        a, b, c, d, e = values
        yield Record(kind, side, state, flags, instrument_id, (a, b, c, d, e))


def currency_code(currency: str) -> int:
    """Return the first four letters of a currency as a number: what a balance's record names."""
    return int.from_bytes(currency.encode()[:4].ljust(4, b"\0"), "little")


def _pack_place(command: PlaceOrder) -> bytes | None:
    is_plain = (
        command.order_type in _TYPES
        and command.verdict is None
        and command.trigger is None
        and command.display_amount is None
        and command.linked is None
        and not command.mmp
        and not command.hidden
        and command.valid_until_ns != 0
    )
    label = command.label.encode(errors="surrogatepass")
    if not is_plain or len(label) > 0xFFFF:
        return None
    return _words(
        PLACE,
        command.side,
        _TYPES.index(command.order_type),
        _FORCES.index(command.time_in_force),
        command.post_only * POST_ONLY
        + command.reject_post_only * REJECT_POST_ONLY
        + command.reduce_only * REDUCE_ONLY,
        label,
        command.account_id,
        command.instrument_id,
        NO_PRICE if command.price is None else command.price,
        command.amount,
        command.valid_until_ns or 0,
    )


def _pack_edit(command: EditOrder) -> bytes | None:
    is_plain = (
        command.verdict is None
        and command.trigger_price is None
        and command.trigger_offset is None
        and command.display_amount is None
        and command.valid_until_ns != 0
    )
    if not is_plain:
        return None
    return _words(
        EDIT,
        0,
        0,
        0,
        (command.post_only or False) * POST_ONLY
        + command.reject_post_only * REJECT_POST_ONLY
        + (command.reduce_only or False) * REDUCE_ONLY
        + (command.post_only is not None) * POST_ONLY_SAID
        + (command.reduce_only is not None) * REDUCE_ONLY_SAID,
        b"",
        command.account_id,
        command.order_id,
        NO_PRICE if command.price is None else command.price,
        command.amount,
        command.valid_until_ns or 0,
    )


def _words(  # noqa: PLR0917 - the fields of a record, in their order
    op: int, side: int, kind: int, force: int, flags: int, label: bytes, *words: int
) -> bytes | None:
    """Return a record, or None if a number does not fit into its field."""
    if not all(-_WORD < word < _WORD for word in words):
        return None
    return _COMMAND.pack(op, side, kind, force, flags, len(label), *words) + label


def _pack_fill(fill: Fill) -> bytes:
    maker, taker = fill.maker, fill.taker
    words = (fill.trade_id, maker.order_id, fill.price, fill.amount, taker.order_id)
    trade = _EVENT.pack(TRADE, fill.taker_side, 0, fill.tick_direction, fill.instrument_id, *words)
    sides = [
        _EVENT.pack(
            FILL,
            side.side,
            0,
            side is maker,
            fill.instrument_id,
            side.account_id,
            side.order_id,
            side.fee,
            side.profit_loss,
            fill.trade_id,
        )
        for side in (maker, taker)
    ]
    return b"".join((trade, *sides))
