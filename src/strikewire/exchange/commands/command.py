"""Any command, and its bytes in the journal; and the two commands that are about others."""

from typing import TypeAlias

import msgspec

from strikewire.exchange.commands.accounts import (
    CreateSubaccount,
    Deposit,
    OpenAccount,
    SetFees,
    SetLimits,
    SetSelfTrading,
    Transfer,
    Withdraw,
)
from strikewire.exchange.commands.blocks import ExecuteBlockTrade
from strikewire.exchange.commands.instruments import (
    CreateCombo,
    ListInstrument,
    SetInstrumentState,
    SetMarks,
    SetPlatformLock,
    SettleInstrument,
    SettleSession,
)
from strikewire.exchange.commands.margin import ChangeMarginModel, Liquidate, SetVerdicts
from strikewire.exchange.commands.orders import CancelOrder, CancelOrders, EditOrder, PlaceOrder
from strikewire.exchange.commands.quotes import CancelQuotes, MassQuote, ResetMmp, SetMmp
from strikewire.model import AccountId


class NoteState(msgspec.Struct, frozen=True, array_like=True, tag="state"):
    """Write down which state the commands before this one lead to, and seal the archives there.

    It changes nothing that anybody can look up.

    The sequencer puts one into the journal now and then; who carries the commands out again
    compares, and so notices the first place where two machines would part ways.
    """

    version: int
    """`SNAPSHOT_VERSION` of the exchange whose state was hashed; another's hashes differ."""

    state_hash: bytes


class Once(msgspec.Struct, frozen=True, array_like=True, tag="once"):
    """Carry out a command, unless it was carried out under the same key before.

    Then it is answered with `Repeated`; or rejected, if the key stood for something else.
    """

    account_id: AccountId
    """Whose key it is; each account has its own."""

    key: str
    """The owner's own word for the request; at most `KEY_LENGTH_MAX` characters."""

    digest: bytes
    """Of what was asked for: the same request has the same, another request another."""

    command: "Command"
    """Not itself of this kind."""


Command: TypeAlias = (
    OpenAccount
    | Deposit
    | Withdraw
    | Transfer
    | CreateSubaccount
    | SetFees
    | ListInstrument
    | CreateCombo
    | PlaceOrder
    | ExecuteBlockTrade
    | EditOrder
    | CancelOrder
    | CancelOrders
    | MassQuote
    | CancelQuotes
    | SetMmp
    | ResetMmp
    | SetMarks
    | SettleInstrument
    | SettleSession
    | ChangeMarginModel
    | SetSelfTrading
    | SetInstrumentState
    | SetPlatformLock
    | SetLimits
    | SetVerdicts
    | Liquidate
    | NoteState
    | Once
)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)


def encode(command: Command) -> bytes:
    """Return the bytes that the journal keeps of a command."""
    return _ENCODER.encode(command)


def decode(entry: bytes) -> Command:
    """Return the command that `encode` made these bytes of.

    Raises:
        msgspec.DecodeError: The bytes are no command of this version.
    """
    return _DECODER.decode(entry)
