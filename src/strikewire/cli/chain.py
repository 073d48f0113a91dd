"""`strikewire chain`: the option chain of one expiry, as option traders read it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
from msgspec import UNSET, Struct

from strikewire.cli.connecting import Target, client_options, target
from strikewire.cli.errors import CommandError, explained
from strikewire.cli.output import json_option, print_json, print_table, stdout_console

if TYPE_CHECKING:
    from rich.table import Table

    from strikewire.api.market_data import Ticker
    from strikewire.api.reference import Instrument

DAY_MS: Final = 86_400_000


class Side(Struct, frozen=True):
    """A call or a put; sides of the book that are empty are 0."""

    instrument_name: str
    bid: float
    ask: float
    mark: float
    iv: float
    delta: float
    open_interest: float


class Row(Struct, frozen=True):
    """One strike."""

    strike: float
    call: Side | None
    put: Side | None


class Chain(Struct, frozen=True):
    """One expiry of a currency.

    Attributes:
        currency: "BTC", or "BTC_USDC" for what settles in USDC.
        expiry: As it stands in names: "25DEC26".
        expiration_ms: When it expires, milliseconds since the Unix epoch.
        underlying: Forward of the expiry.
        at_the_money: The strike nearest to it.
        expiries: All expiries there are, nearest first.
        rows: By strike, ascending.
        asked_ms: When the first ticker was made.
    """

    currency: str
    expiry: str
    expiration_ms: int
    underlying: float
    at_the_money: float
    expiries: tuple[str, ...]
    rows: tuple[Row, ...]
    asked_ms: int


@click.command(name="chain")
@click.argument("currency", default="BTC")
@click.option(
    "--expiry", default="", help="As in names: 25DEC26.  [default: the first after a day]"
)
@click.option("--svg", default="", help="Also write the table as a picture to this file.")
@json_option
@client_options
def command(*, currency: str, expiry: str, svg: str, as_json: bool, **options: str) -> None:
    """Show an option chain: calls on the left, strikes in the middle, puts on the right.

    CURRENCY is BTC, ETH or BTC_USDC. Prices are in the coin (USDC for BTC_USDC); IV is the mark's,
    in percent a year. The strike at the money is marked; options in the money are bright.
    """
    from strikewire.cli.running import run

    with explained():
        venue = target(options)
        chain = run(lambda _stopped: _fetch(venue, currency.upper(), expiry.upper()))
    if as_json:
        print_json(chain)
    else:
        columns = stdout_console(is_recorded=bool(svg)).width
        print_table(board(chain, columns=columns), svg=svg)


async def _fetch(venue: Target, currency: str, expiry: str) -> Chain:
    async with venue.connect() as client:
        now_ms = await client.get_time()
        found = await client.get_instruments(
            currency=currency.rpartition("_")[2] or currency, kind="option"
        )
        options = [one for one in found if one.instrument_name.startswith(f"{currency}-")]
        dates = {one.instrument_name.split("-")[1]: one.expiration_timestamp for one in options}
        expiries = tuple(sorted(dates, key=lambda name: dates[name]))
        if not expiries:
            raise CommandError(f"there are no options of {currency}")
        chosen = expiry or _first_after_a_day(expiries, dates, now_ms)
        if chosen not in dates:
            raise CommandError(f"no expiry {chosen}; there are {', '.join(expiries)}")
        of_expiry = [one for one in options if one.instrument_name.split("-")[1] == chosen]
        tickers = {
            one.instrument_name: await client.ticker(instrument_name=one.instrument_name)
            for one in of_expiry
        }
    rows = tuple(_rows(of_expiry, tickers))
    underlying = _underlying(tickers)
    return Chain(
        currency=currency,
        expiry=chosen,
        expiration_ms=dates[chosen],
        underlying=underlying,
        at_the_money=min((row.strike for row in rows), key=lambda one: abs(one - underlying)),
        expiries=expiries,
        rows=rows,
        asked_ms=now_ms,
    )


def _first_after_a_day(expiries: tuple[str, ...], dates: dict[str, int], now_ms: int) -> str:
    later = [name for name in expiries if dates[name] > now_ms + DAY_MS]
    return (later or list(expiries))[0]


def _rows(options: "list[Instrument]", tickers: "dict[str, Ticker]") -> list[Row]:
    sides: dict[float, dict[str, Side]] = {}
    for one in options:
        assert one.strike is not UNSET
        assert one.option_type is not UNSET
        sides.setdefault(one.strike, {})[one.option_type] = _side(tickers[one.instrument_name])
    return [
        Row(strike, both.get("call"), both.get("put")) for strike, both in sorted(sides.items())
    ]


def _side(ticker: "Ticker") -> Side:
    return Side(
        instrument_name=ticker.instrument_name,
        bid=ticker.best_bid_price,
        ask=ticker.best_ask_price,
        mark=ticker.mark_price,
        iv=ticker.mark_iv if ticker.mark_iv is not UNSET else 0.0,
        delta=ticker.greeks.delta if ticker.greeks is not UNSET else 0.0,
        open_interest=ticker.open_interest,
    )


def _underlying(tickers: "dict[str, Ticker]") -> float:
    found = (one.underlying_price for one in tickers.values())
    return next((price for price in found if price is not UNSET), 0.0)


def board(chain: Chain, *, columns: int) -> "Table":
    """Return a chain as a table; where there are too few columns, without open interest and Δ."""
    from rich.console import Console

    table = _table(chain, ("IV", "Δ", "OI"))
    # Measured where there is room for anything: how wide it is, not how wide it may be.
    if Console(width=1_000).measure(table).maximum <= columns:
        return table
    return _table(chain, ("IV",))


def _table(chain: Chain, about: tuple[str, ...]) -> "Table":
    from rich.table import Table

    days, rest = divmod(max(0, chain.expiration_ms - chain.asked_ms), DAY_MS)
    when = datetime.fromtimestamp(chain.expiration_ms / 1_000, UTC)
    table = Table(
        title=f"{chain.currency} options of {when:%-d %B %Y}, {days} d {rest // 3_600_000} h left, "
        f"forward {chain.underlying:,.2f}",
        caption="expiries: " + "  ".join(chain.expiries),
        header_style="cyan",
        box=None,  # no dividers, so that the highlighted row has no holes
    )
    for name in (*reversed(about), "bid", "mark", "ask"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("strike", justify="center", style="bold", no_wrap=True)
    for name in ("bid", "mark", "ask", *about):
        table.add_column(name, justify="right", no_wrap=True)
    for row in chain.rows:
        is_central = row.strike == chain.at_the_money
        strike = f"▶ {row.strike:,.12g} ◀" if is_central else f"{row.strike:,.12g}"
        call = _cells(row.call, is_inside=row.strike < chain.underlying)[: 3 + len(about)]
        put = _cells(row.put, is_inside=row.strike > chain.underlying)[: 3 + len(about)]
        table.add_row(
            *reversed(call[3:]),
            *call[:3],
            strike,
            *put,
            style="on grey27" if is_central else None,
        )
    return table


def _cells(side: Side | None, *, is_inside: bool) -> list[str]:
    """Return bid, mark, ask, IV, delta and open interest as text."""
    if side is None:
        return [""] * 6
    style = "bold" if is_inside else "dim"
    return [
        f"[green]{_price(side.bid)}[/]",
        f"[{style}]{_price(side.mark)}[/]",
        f"[red]{_price(side.ask)}[/]",
        f"{side.iv:.1f}",
        f"[{style}]{side.delta:+.2f}[/]",
        f"{side.open_interest:g}" if side.open_interest else "·",
    ]


def _price(price: float) -> str:
    if not price:
        return "·"
    if price >= 100:
        return f"{price:,.0f}"
    return f"{price:.2f}" if price >= 1 else f"{price:.4f}"
