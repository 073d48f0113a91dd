"""What a venue can be told, with the default and the limit of every value.

One frozen struct a TOML table. `strikewire.venue.settings` fills them from files,
environment and flags; nothing else in the house reads configuration.
"""

from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=0, le=65_535)]
Positive = Annotated[int, Meta(ge=1)]
Family = Literal["BTC", "ETH", "BTC_USDC"]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class ServerConfig(Struct, frozen=True, kw_only=True):
    """Where the venue listens (`[server]`).

    Attributes:
        host: Address to bind; a name or an IP address.
        port: HTTP and WebSocket without TLS; 0 picks a free port.
        tls: Also listen with TLS, for clients that accept only `wss://`.
        tls_port: HTTP and WebSocket with TLS; 0 picks a free port.
        certificate: PEM file of the server's chain; empty: made at start by the venue's own CA.
        private_key: PEM file of the certificate's key; empty: made at start.
        compression: Accept permessage-deflate when a client offers it.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    tls: bool = True
    tls_port: Port = 8443
    certificate: str = ""
    private_key: str = ""
    compression: bool = True


class LogConfig(Struct, frozen=True, kw_only=True):
    """What is written to standard error (`[log]`)."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class JournalConfig(Struct, frozen=True, kw_only=True):
    """How the venue remembers (`[journal]`).

    Attributes:
        snapshot_every: Commands between two snapshots at least; a restart replays at most about as
            many, or as many bytes of them as a snapshot has, if that is more than 8 MiB.
    """

    snapshot_every: Annotated[int, Meta(ge=100)] = 50_000


class InstrumentsConfig(Struct, frozen=True, kw_only=True):
    """What is listed (`[instruments]`).

    Attributes:
        families: Which contract families: inverse BTC, inverse ETH, linear BTC_USDC with its spot.
        option_expiries: Nearest expiries that carry options, per family; 0 lists no options.
        option_strikes: Strikes per expiry, centred on the index when the expiry is listed.
        roll_interval_s: How often expired contracts are settled and new ones listed.
    """

    families: tuple[Family, ...] = ("BTC", "ETH", "BTC_USDC")
    option_expiries: Annotated[int, Meta(ge=0, le=12)] = 8
    option_strikes: Annotated[int, Meta(ge=3, le=61)] = 13
    roll_interval_s: Positive = 5


class PricesConfig(Struct, frozen=True, kw_only=True):
    """What moves the index (`[prices]`).

    Attributes:
        source: `recording`: the recorded exchange feeds shipped with Strikewire, in a loop.
        speed: How fast the recording plays; 1.0 is life.
        index_interval_ms: How often index, perpetual and futures marks are published.
        option_interval_ms: How often the marks of the option chain are published.
        surface: Where option marks come from. `model`: a surface of a few parameters, which
            follows the index alone. `quotes`: one fitted to the best bids and asks of the venue's
            own books, for venues whose participants quote by themselves; where nobody does, the
            model.
        surface_interval_ms: How often a surface of quotes is fitted anew.
    """

    source: Literal["recording"] = "recording"
    speed: Annotated[float, Meta(gt=0, le=100)] = 1.0
    index_interval_ms: Annotated[int, Meta(ge=50, le=60_000)] = 200
    option_interval_ms: Annotated[int, Meta(ge=100, le=60_000)] = 1_000
    surface: Literal["model", "quotes"] = "model"
    surface_interval_ms: Annotated[int, Meta(ge=200, le=600_000)] = 2_000


class LimitsConfig(Struct, frozen=True, kw_only=True):
    """What one client may ask of the venue (`[limits]`).

    Attributes:
        requests: Enforce Deribit's request credits (10028 when they run out). Off by default:
            a local venue serves its owner.
        connections: WebSocket connections open at once; further ones are refused.
        subscriptions: Channels of one connection; further ones are left out of the answer.
        queued_commands: Commands waiting for the journal; further ones are answered 10047.
    """

    requests: bool = False
    connections: Positive = 1_024
    subscriptions: Positive = 2_000
    queued_commands: Positive = 100_000


class MakersConfig(Struct, frozen=True, kw_only=True):
    """The venue's own market makers (`[makers]`).

    Attributes:
        enabled: Quote every instrument around its mark and trade a little.
        seed: Repeats their choices.
    """

    enabled: bool = False
    seed: int = 1


class FeeConfig(Struct, frozen=True, kw_only=True):
    """What an account pays for fills of one kind in one currency (`[[accounts.fees]]`).

    Attributes:
        kind: `future`, `perpetual`, `option` or `spot`.
        currency: Settlement currency.
        maker_ppm: Parts per million of the value, of an option's underlying; negative: a rebate.
        taker_ppm: The same, of takers.
    """

    kind: Literal["future", "perpetual", "option", "spot"]
    currency: str
    maker_ppm: int
    taker_ppm: int


class AccountConfig(Struct, frozen=True, kw_only=True):
    """An account the venue opens at its first start (`[[accounts]]`).

    Attributes:
        name: What people call it; unique.
        deposits: Coins credited when the account is opened, by currency.
        client_id: API key id; empty: a key is made and kept in the data directory.
        client_secret: API secret; needed where `client_id` is given.
        owner: Name of the account of which this is a subaccount; empty for a main account.
        fees: Rates other than those of the instruments.
    """

    name: Name
    deposits: dict[str, Decimal] = {}
    client_id: str = ""
    client_secret: str = ""
    owner: str = ""
    fees: tuple[FeeConfig, ...] = ()


class Config(Struct, frozen=True, kw_only=True):
    """Everything a venue can be told; every value has a default.

    Attributes:
        data_dir: Where journal, keys and certificates live; empty: the user's data directory.
    """

    data_dir: str = ""
    server: ServerConfig = ServerConfig()
    log: LogConfig = LogConfig()
    journal: JournalConfig = JournalConfig()
    instruments: InstrumentsConfig = InstrumentsConfig()
    prices: PricesConfig = PricesConfig()
    limits: LimitsConfig = LimitsConfig()
    makers: MakersConfig = MakersConfig()
    accounts: tuple[AccountConfig, ...] = ()
