"""Messages of the venue's operator: stop and resume trade, set limits and fees.

Deribit has no such methods. They need the scope `admin:read_write`, which a key has only if it was
made with it.
"""

from typing import Annotated, Literal

from msgspec import Meta

from strikewire.api.errors import invalid_params
from strikewire.api.fields import CurrencyName, IndexName, InstrumentName
from strikewire.api.repeatable import Repeatable

AccountNumber = Annotated[int, Meta(ge=1, le=2**53, description="Id of an account.")]
Limit = Annotated[int, Meta(ge=0, le=2**53)]
Ppm = Annotated[int, Meta(ge=-1_000_000, le=1_000_000, description="Parts per million.")]


class SetInstrumentState(Repeatable, frozen=True, kw_only=True):
    """Stop an instrument's trading, or let it go on."""

    instrument_name: InstrumentName
    state: Literal["open", "locked", "halted", "inactive"]


class SetPlatformLock(Repeatable, frozen=True, kw_only=True):
    """Lock or unlock all instruments of a price index, or without one everything."""

    locked: bool
    price_index: IndexName | None = None


class SetLimits(Repeatable, frozen=True, kw_only=True):
    """Set the limits of an account, or of every account in an instrument: exactly one is named.

    What is left out is the venue's default again.
    """

    account_id: AccountNumber | None = None
    instrument_name: InstrumentName | None = None
    max_open_orders: Limit | None = None
    max_position_lots: Limit | None = None


class SetFees(Repeatable, frozen=True, kw_only=True):
    """Put an account into a fee tier, for a kind and a settlement currency.

    A negative rate is a rebate. Without rates it pays those of each instrument again.
    """

    account_id: AccountNumber
    kind: Literal["future", "perpetual", "option", "spot"]
    currency: CurrencyName
    maker_ppm: Ppm | None = None
    taker_ppm: Ppm | None = None

    def __post_init__(self) -> None:
        if (self.maker_ppm is None) is not (self.taker_ppm is None):
            raise invalid_params("taker_ppm", "comes with maker_ppm, and it with this")
