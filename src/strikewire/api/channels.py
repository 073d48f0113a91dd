"""Every channel of the venue: how its name is read, what it carries, who may listen.

`parse_channel` turns a name into one of the structs below or into None. It knows the form of
names, not which instruments exist: that a name parses does not mean that there is such a book.
"""

# ruff: noqa: E501 (the table reads better with one channel on one line)

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, get_args

import msgspec
from msgspec import Struct

from strikewire.api import account, block_trades, market_data, quoting, reference, trading
from strikewire.api.fields import INSTRUMENT_NAME_LENGTH_MAX, Interval, KindFilter
from strikewire.api.registry import Scope

CHANNEL_LENGTH_MAX: Final = 128
GROUPS: Final = ("none", "1", "2", "5", "10", "25", "100", "250")
DEPTHS: Final = (1, 10, 20)


class ChannelName(Struct, frozen=True, kw_only=True):
    """What all parsed channels share.

    Attributes:
        name: The name exactly as it was asked for; notifications carry it unchanged.
        scope: What the subscriber's token must allow; None on public channels.
    """

    scope: ClassVar[Scope | None] = None

    name: str

    @property
    def private(self) -> bool:
        """Whether only an account's owner may listen."""
        return self.scope is not None

    @property
    def needs_auth(self) -> bool:
        """Whether the connection must be authenticated: private channels and raw intervals."""
        return self.private or getattr(self, "interval", None) == "raw"


class BookChannel(ChannelName, frozen=True, kw_only=True):
    """A whole book: a snapshot, then changes chained by `prev_change_id`, one chain a channel."""

    instrument_name: str
    interval: Interval


class GroupedBookChannel(ChannelName, frozen=True, kw_only=True):
    """The best levels of a book, prices grouped: a complete view each time.

    `group` is none or a multiple of the instrument's price unit (1 USD; 0.01 on ETH).
    """

    instrument_name: str
    group: str
    depth: int
    interval: Interval


class TickerChannel(ChannelName, frozen=True, kw_only=True):
    """An instrument's ticker, at once and then when it changes."""

    instrument_name: str
    interval: Interval


class QuoteChannel(ChannelName, frozen=True, kw_only=True):
    """An instrument's best bid and ask, at once and then when they change."""

    instrument_name: str


class TradesChannel(ChannelName, frozen=True, kw_only=True):
    """An instrument's trades."""

    instrument_name: str
    interval: Interval


class KindTradesChannel(ChannelName, frozen=True, kw_only=True):
    """The trades of all instruments of a kind and a currency; both may be `any`."""

    kind: KindFilter
    currency: str
    interval: Interval


class PriceIndexChannel(ChannelName, frozen=True, kw_only=True):
    """A price index, at once and then when it changes."""

    index_name: str


class OptionMarksChannel(ChannelName, frozen=True, kw_only=True):
    """The marks of all options on an index."""

    index_name: str


class VolatilityIndexChannel(ChannelName, frozen=True, kw_only=True):
    """What the options on an index expect of the next 30 days, at once and then every second.

    There is one for each index that options settle on.
    """

    index_name: str


class ExpirationPriceChannel(ChannelName, frozen=True, kw_only=True):
    """Where the next delivery price of an index is heading, at once and then when it changes."""

    index_name: str


class PerpetualChannel(ChannelName, frozen=True, kw_only=True):
    """The funding rate of a perpetual, at once and then when its mark changes."""

    instrument_name: str
    interval: Interval


class InstrumentStateChannel(ChannelName, frozen=True, kw_only=True):
    """Each instrument of a kind and a currency that is new, stopped, going on or settled.

    Locks of an index, or of the whole venue, are told by `platform_state`.
    """

    kind: KindFilter
    currency: str


class PlatformStateChannel(ChannelName, frozen=True, kw_only=True):
    """Locked indices, at once and when they change; silent while all is well."""


class UserOrdersChannel(ChannelName, frozen=True, kw_only=True):
    """The account's orders in an instrument: one order a message on raw, else a list."""

    scope: ClassVar[Scope | None] = "trade:read"
    instrument_name: str
    interval: Interval


class KindUserOrdersChannel(ChannelName, frozen=True, kw_only=True):
    """The account's orders of a kind and a currency: one order a message on raw, else a list."""

    scope: ClassVar[Scope | None] = "trade:read"
    kind: KindFilter
    currency: str
    interval: Interval


class UserTradesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's fills in an instrument, always a list."""

    scope: ClassVar[Scope | None] = "trade:read"
    instrument_name: str
    interval: Interval


class KindUserTradesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's fills of a kind and a currency, always a list."""

    scope: ClassVar[Scope | None] = "trade:read"
    kind: KindFilter
    currency: str
    interval: Interval


class UserComboTradesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's fills in a combo, with their legs; one fill a message."""

    scope: ClassVar[Scope | None] = "trade:read"
    instrument_name: str
    interval: Interval


class KindUserComboTradesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's fills in all combos of a kind and a currency; one fill a message."""

    scope: ClassVar[Scope | None] = "trade:read"
    kind: KindFilter
    currency: str
    interval: Interval


class UserChangesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's orders, fills and positions in an instrument."""

    scope: ClassVar[Scope | None] = "trade:read"
    instrument_name: str
    interval: Interval


class KindUserChangesChannel(ChannelName, frozen=True, kw_only=True):
    """The account's orders, fills and positions of a kind and a currency."""

    scope: ClassVar[Scope | None] = "trade:read"
    kind: KindFilter
    currency: str
    interval: Interval


class PortfolioChannel(ChannelName, frozen=True, kw_only=True):
    """The account's money in a currency, at once and then when it changes.

    The currency may be asked for in either case; here it is upper case, or `any`.
    """

    scope: ClassVar[Scope | None] = "account:read"
    currency: str


class LockChannel(ChannelName, frozen=True, kw_only=True):
    """Whether the account is locked, when that changes; at once only if it is.

    It is locked while it is being liquidated: it can cancel orders, and place none.
    """

    scope: ClassVar[Scope | None] = "account:read"


class MmpTriggerChannel(ChannelName, frozen=True, kw_only=True):
    """Each time a market-maker protection of an index acts, and until when it lets nothing in."""

    scope: ClassVar[Scope | None] = "trade:read"
    index_name: str


class ConfirmationsChannel(ChannelName, frozen=True, kw_only=True):
    """Block trades that wait for the account's word, and what became of them."""

    scope: ClassVar[Scope | None] = "block_trade:read"


class CurrencyConfirmationsChannel(ChannelName, frozen=True, kw_only=True):
    """The same for what settles in one currency; it may be `any`."""

    scope: ClassVar[Scope | None] = "block_trade:read"

    currency: str


class Channel(Struct, frozen=True, kw_only=True):
    """One line of the list of channels.

    Attributes:
        pattern: The name with its parameters in braces.
        parsed: What `parse_channel` gives for such a name.
        data: The type of `params.data` in its notifications.
    """

    pattern: str
    parsed: type[ChannelName]
    data: Any  # a class or a typing form: there is no common type for these before TypeForm

    @property
    def private(self) -> bool:
        """Whether only an account's owner may listen."""
        return self.parsed.scope is not None

    @property
    def description(self) -> str:
        """The docstring of the channel's struct with its indentation removed."""
        lines = (self.parsed.__doc__ or "").strip().splitlines()
        return "\n".join(line.strip() for line in lines)


# fmt: off
_CHANNELS: Final = (
    Channel(pattern="book.{instrument_name}.{interval}", parsed=BookChannel, data=market_data.BookUpdate),
    Channel(pattern="book.{instrument_name}.{group}.{depth}.{interval}", parsed=GroupedBookChannel, data=market_data.GroupedBook),
    Channel(pattern="ticker.{instrument_name}.{interval}", parsed=TickerChannel, data=market_data.Ticker),
    Channel(pattern="quote.{instrument_name}", parsed=QuoteChannel, data=market_data.Quote),
    Channel(pattern="trades.{instrument_name}.{interval}", parsed=TradesChannel, data=list[market_data.PublicTrade]),
    Channel(pattern="trades.{kind}.{currency}.{interval}", parsed=KindTradesChannel, data=list[market_data.PublicTrade]),
    Channel(pattern="deribit_price_index.{index_name}", parsed=PriceIndexChannel, data=reference.PriceIndex),
    Channel(pattern="markprice.options.{index_name}", parsed=OptionMarksChannel, data=list[market_data.OptionMarkPrice]),
    Channel(pattern="deribit_volatility_index.{index_name}", parsed=VolatilityIndexChannel, data=reference.VolatilityIndex),
    Channel(pattern="estimated_expiration_price.{index_name}", parsed=ExpirationPriceChannel, data=reference.EstimatedExpirationPrice),
    Channel(pattern="perpetual.{instrument_name}.{interval}", parsed=PerpetualChannel, data=market_data.PerpetualInterest),
    Channel(pattern="instrument.state.{kind}.{currency}", parsed=InstrumentStateChannel, data=reference.InstrumentStateChange),
    Channel(pattern="platform_state", parsed=PlatformStateChannel, data=reference.PlatformState),
    Channel(pattern="user.orders.{instrument_name}.{interval}", parsed=UserOrdersChannel, data=trading.Order | list[trading.Order]),
    Channel(pattern="user.orders.{kind}.{currency}.{interval}", parsed=KindUserOrdersChannel, data=trading.Order | list[trading.Order]),
    Channel(pattern="user.trades.{instrument_name}.{interval}", parsed=UserTradesChannel, data=list[trading.UserTrade]),
    Channel(pattern="user.trades.{kind}.{currency}.{interval}", parsed=KindUserTradesChannel, data=list[trading.UserTrade]),
    Channel(pattern="user.combo_trades.{instrument_name}.{interval}", parsed=UserComboTradesChannel, data=trading.UserTrade),
    Channel(pattern="user.combo_trades.{kind}.{currency}.{interval}", parsed=KindUserComboTradesChannel, data=trading.UserTrade),
    Channel(pattern="user.changes.{instrument_name}.{interval}", parsed=UserChangesChannel, data=account.UserChanges),
    Channel(pattern="user.changes.{kind}.{currency}.{interval}", parsed=KindUserChangesChannel, data=account.UserChanges),
    Channel(pattern="user.portfolio.{currency}", parsed=PortfolioChannel, data=account.Portfolio),
    Channel(pattern="user.mmp_trigger.{index_name}", parsed=MmpTriggerChannel, data=quoting.MmpStatus),
    Channel(pattern="user.lock", parsed=LockChannel, data=account.AccountLock),
    Channel(pattern="block_trade_confirmations", parsed=ConfirmationsChannel, data=block_trades.BlockTradeRequest),
    Channel(pattern="block_trade_confirmations.{currency}", parsed=CurrencyConfirmationsChannel, data=block_trades.BlockTradeRequest),
)
# fmt: on

CHANNELS: Final[Mapping[str, Channel]] = MappingProxyType({c.pattern: c for c in _CHANNELS})


def _one_of(words: tuple[object, ...]) -> str:
    return "|".join(re.escape(str(word)) for word in words)


_PARAMETERS: Final[Mapping[str, str]] = {
    "instrument_name": rf"[A-Za-z0-9_\-]{{1,{INSTRUMENT_NAME_LENGTH_MAX}}}",
    "interval": _one_of(get_args(Interval)),
    "kind": _one_of(get_args(KindFilter)),
    "currency": "[A-Za-z0-9]{2,10}",
    "index_name": r"[a-z0-9_\-]{1,32}",
    "group": _one_of(GROUPS),
    "depth": _one_of(DEPTHS),
}


def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    literals, names = parts[::2], parts[1::2]
    groups = [f"(?P<{name}>{_PARAMETERS[name]})" for name in names] + [""]
    return re.compile(
        "".join(re.escape(text) + group for text, group in zip(literals, groups, strict=True)),
        re.ASCII,
    )


_EXPRESSIONS: Final = tuple((_expression(c.pattern), c.parsed) for c in _CHANNELS)


def parse_channel(name: str) -> ChannelName | None:
    """Return what a channel's name asks for, or None when it has no known form.

    Args:
        name: As the client wrote it.

    Source: Deribit API v2, subscriptions; the list is `CHANNELS`.
    """
    if len(name) > CHANNEL_LENGTH_MAX:
        return None
    for expression, parsed in _EXPRESSIONS:
        if match := expression.fullmatch(name):
            fields: dict[str, str] = {"name": name, **match.groupdict()}
            if "currency" in fields and fields["currency"] != "any":
                fields["currency"] = fields["currency"].upper()
            # Lax, so that `depth` becomes a number.
            return msgspec.convert(fields, parsed, strict=False)
    return None
