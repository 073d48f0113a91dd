"""`strikewire surface`: the volatility surface of a currency's quotes, fitted and drawn."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec
from msgspec import UNSET, Struct

from strikewire.cli.connecting import Target, client_options, target
from strikewire.cli.errors import CommandError, explained
from strikewire.cli.output import json_option, print_json, stdout_console

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

    from strikewire.api.market_data import Ticker
    from strikewire.cli.pictures import Picture
    from strikewire.pricing import ExpiryQuotes

MS_PER_YEAR: Final = 365 * 86_400_000
AGE_MS_MAX: Final = 3_600_000
DELTAS: Final = (-0.05, -0.1, -0.25, 0.5, 0.25, 0.1, 0.05)
STYLES: Final = ("cyan", "green", "yellow", "magenta", "blue", "red")
DEVIATIONS: Final = 3.0
ROWS: Final = 14


class Quote(Struct, frozen=True):
    """What an option's ticker says of its volatility; fractions, 0.0 where nobody quotes."""

    expiry: str
    expiration_ms: int
    strike: float
    underlying: float
    bid_iv: float
    ask_iv: float


class Row(Struct, frozen=True):
    """One expiry of the surface.

    Attributes:
        expiry: As in instrument names.
        years: Time left.
        quotes: Usable ones.
        a: The smile's level; b, rho, m and s are its other numbers.
        at_the_money: Volatility at the forward, percent.
        by_delta: Volatilities, percent, of puts of 5, 10 and 25 delta, 50, and calls of 25, 10, 5.
        residual: Median distance of the quotes' middles from the smile, in half spreads.
    """

    expiry: str
    years: float
    quotes: int
    a: float
    b: float
    rho: float
    m: float
    s: float
    at_the_money: float
    by_delta: tuple[float, ...]
    residual: float


class Report(Struct, frozen=True):
    """The fitted surface of a currency.

    Attributes:
        currency: "BTC", or "BTC_USDC" for what settles in USDC.
        asked_ms: When the quotes were asked for.
        rows: By expiry, nearest first.
        volatility_index: Of the next thirty days, percent.
    """

    currency: str
    asked_ms: int
    rows: tuple[Row, ...]
    volatility_index: float


@click.command(name="surface")
@click.argument("currency", default="BTC")
@click.option(
    "--png",
    default="",
    help="Also draw it: FILE.png for one sheet, or a folder for three pictures.",
)
@click.option(
    "--tickers",
    default="",
    help="Fit recorded tickers (a file, one JSON object a line) instead of asking a venue.",
)
@json_option
@client_options
def command(*, currency: str, png: str, tickers: str, as_json: bool, **options: str) -> None:
    """Fit the volatility surface of CURRENCY's quotes and show it.

    CURRENCY is BTC, ETH or BTC_USDC. Smiles are raw SVI, free of butterfly and calendar arbitrage;
    volatilities are in percent a year, by delta of the option. --png needs matplotlib: pip install
    strikewire[pictures].
    """
    from strikewire.cli.running import run

    currency = currency.upper()
    with explained():
        if tickers:
            quotes, asked_ms = read_tickers(Path(tickers), currency)
        else:
            venue = target(options)
            quotes, asked_ms = run(lambda _stopped: _fetch(venue, currency))
    report, picture = fitted(currency, quotes, asked_ms)
    if as_json:
        print_json(report)
    else:
        console = stdout_console()
        console.print(board(report, picture, columns=console.width))
    if png:
        _draw(picture, Path(png))


def read_tickers(path: Path, currency: str) -> tuple[list[Quote], int]:
    """Read the last ticker of each of a currency's options.

    Args:
        path: One JSON object a line, in the fields of the API's tickers.
        currency: As in instrument names.

    Returns:
        The quotes, and the time of the last ticker in milliseconds since the Unix epoch. Tickers
        that are an hour older than that are left out.

    Raises:
        CommandError: The file cannot be read, or holds no ticker of the currency.
    """
    from strikewire.model import NS_PER_MS, parse_name

    try:
        lines = msgspec.json.Decoder(_Recorded).decode_lines(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandError(f"{path}: {error}") from error
    last = {
        one.instrument_name: one
        for one in lines
        if one.instrument_name.startswith(f"{currency}-") and one.underlying_price > 0.0
    }
    if not last:
        raise CommandError(f"{path}: no tickers of options of {currency}")
    asked_ms = max(one.timestamp for one in last.values())
    quotes = []
    for name, one in last.items():
        parsed = parse_name(name)
        is_option = parsed.strike is not None and parsed.expiry_ns is not None
        if not is_option or one.timestamp < asked_ms - AGE_MS_MAX:
            continue
        assert parsed.strike is not None
        assert parsed.expiry_ns is not None
        quotes.append(
            Quote(
                expiry=name.split("-")[1],
                expiration_ms=parsed.expiry_ns // NS_PER_MS,
                strike=float(parsed.strike),
                underlying=one.underlying_price,
                bid_iv=one.bid_iv / 100,
                ask_iv=one.ask_iv / 100,
            )
        )
    return quotes, asked_ms


class _Recorded(Struct):
    instrument_name: str
    timestamp: int
    underlying_price: float = 0.0
    bid_iv: float = 0.0
    ask_iv: float = 0.0


async def _fetch(venue: Target, currency: str) -> tuple[list[Quote], int]:
    async with venue.connect() as client:
        now_ms = await client.get_time()
        found = await client.get_instruments(
            currency=currency.rpartition("_")[2] or currency, kind="option"
        )
        options = [one for one in found if one.instrument_name.startswith(f"{currency}-")]
        if not options:
            raise CommandError(f"there are no options of {currency}")
        quotes = []
        for one in options:
            assert one.strike is not UNSET
            ticker = await client.ticker(instrument_name=one.instrument_name)
            quotes.append(
                Quote(
                    expiry=one.instrument_name.split("-")[1],
                    expiration_ms=one.expiration_timestamp,
                    strike=one.strike,
                    underlying=_number(ticker, "underlying_price"),
                    bid_iv=_number(ticker, "bid_iv") / 100,
                    ask_iv=_number(ticker, "ask_iv") / 100,
                )
            )
    return quotes, now_ms


def _number(ticker: "Ticker", name: str) -> float:
    value = getattr(ticker, name)
    return 0.0 if value is UNSET else float(value)


def fitted(currency: str, quotes: list[Quote], asked_ms: int) -> tuple[Report, "Picture"]:
    """Fit a surface to quotes; return what is to be told and what is to be drawn.

    Raises:
        CommandError: No option has both a bid and an ask.
    """
    import numpy as np

    from strikewire.cli.pictures import Picture
    from strikewire.pricing import at_deltas, fit_surface, smile_variance, volatility_index

    chain = _chain(quotes, asked_ms)
    try:
        surface = fit_surface([one for _, one in chain])
    except ValueError as error:
        raise CommandError(f"no surface of {currency}: {error}") from error
    years = [one.years for one in surface.expiries]
    kept = sorted(((n, q) for n, q in chain if q.years in years), key=lambda one: one[1].years)
    rows = []
    for (name, one), expiry in zip(kept, surface.expiries, strict=True):
        smile = expiry.smile
        good = (one.bids > 0.0) & (one.asks >= one.bids)
        fair = np.sqrt(smile.total_variances(one.moneyness[good]) / one.years)
        middle = 0.5 * (one.bids + one.asks)[good]
        half = np.maximum(0.5 * (one.asks - one.bids)[good], 1e-9)
        rows.append(
            Row(
                expiry=name,
                years=one.years,
                quotes=expiry.quotes,
                a=smile.a,
                b=smile.b,
                rho=smile.rho,
                m=smile.m,
                s=smile.s,
                at_the_money=100 * float(np.sqrt(smile.total_variance(0.0) / one.years)),
                by_delta=tuple(
                    100 * sigma
                    for sigma in at_deltas(smile, one.years, DELTAS).volatilities.tolist()
                ),
                residual=float(np.median(np.abs(fair - middle) / half)),
            )
        )
    index = volatility_index(smile_variance(one.smile, one.years) for one in surface.expiries)
    when = datetime.fromtimestamp(asked_ms / 1_000, UTC)
    picture = Picture(
        f"{currency}, {when:%-d %b %Y %H:%M} UTC",
        surface,
        [q for _, q in kept],
        [n for n, _ in kept],
    )
    return Report(currency, asked_ms, tuple(rows), 100 * index), picture


def _chain(quotes: list[Quote], asked_ms: int) -> "list[tuple[str, ExpiryQuotes]]":
    import numpy as np

    from strikewire.pricing import ExpiryQuotes

    expiries: dict[tuple[int, str], list[Quote]] = {}
    for one in quotes:
        if one.underlying > 0.0 and one.expiration_ms > asked_ms:
            expiries.setdefault((one.expiration_ms, one.expiry), []).append(one)
    return [
        (
            name,
            ExpiryQuotes(
                (expiration_ms - asked_ms) / MS_PER_YEAR,
                np.log([one.strike / one.underlying for one in of_expiry]),
                np.array([one.bid_iv for one in of_expiry]),
                np.array([one.ask_iv for one in of_expiry]),
            ),
        )
        for (expiration_ms, name), of_expiry in sorted(expiries.items())
    ]


def board(report: Report, picture: "Picture", *, columns: int) -> "Group":
    """Return the surface as a coloured table over curves of its smiles."""
    from rich.console import Group
    from rich.table import Table

    when = datetime.fromtimestamp(report.asked_ms / 1_000, UTC)
    table = Table(
        title=f"{report.currency} volatility surface, {when:%-d %B %Y %H:%M} UTC, "
        f"30 days {report.volatility_index:.1f} %",
        header_style="cyan",
        box=None,
    )
    table.add_column("expiry", no_wrap=True)
    for name in ("days", "5Δ P", "10Δ P", "25Δ P", "50Δ", "25Δ C", "10Δ C", "5Δ C", "quotes"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("½ spreads off", justify="right", no_wrap=True)
    every = [sigma for row in report.rows for sigma in row.by_delta]
    for number, row in enumerate(report.rows):
        table.add_row(
            _coloured(row.expiry, STYLES[number % len(STYLES)]),
            f"{365 * row.years:.1f}",
            *(_heat(sigma, min(every), max(every)) for sigma in row.by_delta),
            str(row.quotes),
            f"{row.residual:.2f}",
        )
    return Group(table, _curves(picture, columns))


def _curves(picture: "Picture", columns: int) -> "RenderableType":
    import numpy as np

    from strikewire.cli.canvas import Curve, plot

    at = np.linspace(-DEVIATIONS, DEVIATIONS, 121)
    curves = []
    for number, expiry in enumerate(picture.surface.expiries):
        deviation = np.sqrt(expiry.smile.total_variance(0.0))
        sigmas = 100 * np.sqrt(expiry.smile.total_variances(at * deviation) / expiry.years)
        curves.append(Curve(at.tolist(), sigmas.tolist(), STYLES[number % len(STYLES)]))
    drawn = plot(curves, columns=max(20, min(columns, 100)), rows=ROWS, unit=" %")
    drawn.append("smiles from three deviations below the forward to three above", style="dim")
    return drawn


def _coloured(text: str, style: str) -> "Text":
    from rich.text import Text

    return Text(text, style=style)


def _heat(sigma: float, low: float, high: float) -> "Text":
    """Return a volatility on a background from blue (low) to red (high)."""
    part = (sigma - low) / (high - low) if high > low else 0.5
    red, blue = round(40 + 140 * part), round(180 - 140 * part)
    return _coloured(f" {sigma:.1f}", f"white on rgb({red},40,{blue})")


def _draw(picture: "Picture", path: Path) -> None:
    from strikewire.cli.pictures import write_pictures

    try:
        written = write_pictures(picture, path)
    except ImportError as error:
        raise CommandError("--png needs matplotlib: pip install strikewire[pictures]") from error
    except OSError as error:
        raise CommandError(f"{path}: {error}") from error
    for file in written:
        click.echo(f"wrote {file}", err=True)
