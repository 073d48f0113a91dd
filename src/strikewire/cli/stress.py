"""`strikewire stress`: what a portfolio gains over a grid of prices and volatilities."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
from msgspec import UNSET, Struct

from strikewire.cli.connecting import Target, client_options, target
from strikewire.cli.errors import CommandError, explained
from strikewire.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from strikewire.api.market_data import Ticker
    from strikewire.api.reference import Instrument
    from strikewire.pricing import RiskMatrix

MS_PER_YEAR: Final = 365 * 86_400_000
NS_PER_MS: Final = 1_000_000
MOVES: Final = "-66,-33,-16,-8,-4,0,4,8,16,33,50,100"
SHIFTS: Final = "-50,-25,0,25,50"
COLUMNS_MAX: Final = 12
DOLLARS: Final = "USDC"


class Holding(Struct, frozen=True):
    """A position and all that its price depends on; sizes as in the API.

    Attributes:
        instrument_name: Of what is held.
        size: Dollars of inverse futures, coins elsewhere; negative where short.
        mark: Price in the coin of an inverse option, else in quote currency.
        underlying: Forward of an option's expiry; of a future its mark.
        iv: Mark volatility as a fraction; 0.0 of a future.
        strike: 0.0 of a future.
        is_call: Of an option.
        expiration_ms: Milliseconds since the Unix epoch; 0 of a perpetual.
        base_currency: The coin.
        is_inverse: Whether it settles in the coin.
        index: Price of the coin.
    """

    instrument_name: str
    size: float
    mark: float
    underlying: float
    iv: float
    strike: float
    is_call: bool
    expiration_ms: int
    base_currency: str
    is_inverse: bool
    index: float


class Report(Struct, frozen=True):
    """Profit and loss of a portfolio, in the currency that it settles in.

    Attributes:
        currency: It settles in.
        asked_ms: When the first ticker was asked for.
        positions: Sizes by instrument.
        moves: Of all prices, in percent.
        shifts: Of all volatilities, in percent of themselves.
        gains: A row for each move, a column for each shift.
        initial_margin: By portfolio margin.
        maintenance_margin: Likewise.
        worst_loss: In the worst of its 35 scenarios.
        delta: Coins, net of premiums where inverse; of all coins together.
    """

    currency: str
    asked_ms: int
    positions: dict[str, float]
    moves: tuple[float, ...]
    shifts: tuple[float, ...]
    gains: tuple[tuple[float, ...], ...]
    initial_margin: float
    maintenance_margin: float
    worst_loss: float
    delta: float


@click.command(name="stress")
@click.argument("currency", default="BTC")
@click.option(
    "--position",
    "thought",
    multiple=True,
    metavar="NAME=SIZE",
    help="A position to think of, again for more; with a key it comes to those held.",
)
@click.option("--moves", default=MOVES, show_default=True, help="Of prices, in percent.")
@click.option(
    "--vols", "shifts", default=SHIFTS, show_default=True, help="Of volatilities, in percent."
)
@json_option
@client_options
def command(
    *,
    currency: str,
    thought: tuple[str, ...],
    moves: str,
    shifts: str,
    as_json: bool,
    **options: str,
) -> None:
    """Show what a portfolio gains if prices and volatilities move: a stress report.

    CURRENCY is what it settles in: BTC, ETH or USDC. Prices move down the table, volatilities
    across; gains are in CURRENCY. With --client-id and --client-secret the positions are those of
    the account. Sizes of --position are dollars of inverse futures, coins elsewhere.
    """
    from strikewire.cli.running import run

    wanted_moves = percents("--moves", moves, low=-100.0, most=40)
    wanted_shifts = percents("--vols", shifts, low=-100.1, most=COLUMNS_MAX)
    sizes = dict(_position(text) for text in thought)
    with explained():
        venue = target(options)
        if not (sizes or venue.client_id):
            raise click.UsageError("name positions with --position, or a key with --client-id")
        held, asked_ms = run(lambda _stopped: _fetch(venue, currency.upper(), sizes))
        report = stressed(
            currency.upper(), held, asked_ms, moves=wanted_moves, shifts=wanted_shifts
        )
    if as_json:
        print_json(report)
    else:
        print_table(board(report))


def percents(option: str, text: str, *, low: float, most: int) -> tuple[float, ...]:
    """Read a list of percents.

    Raises:
        click.BadParameter: One is no number, or not above `low`, or there are more than `most`.
    """
    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no list of percents", param_hint=option) from error
    if not 0 < len(found) <= most:
        raise click.BadParameter(f"1 to {most} percents, not {len(found)}", param_hint=option)
    if not all(low < one < 1e6 for one in found):
        raise click.BadParameter(f"percents are above {low:g}", param_hint=option)
    return found


def _position(text: str) -> tuple[str, float]:
    name, equals, size = text.rpartition("=")
    try:
        if not equals:
            raise ValueError(text)
        return name, float(size)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not NAME=SIZE", param_hint="--position") from error


async def _fetch(
    venue: Target, currency: str, thought: dict[str, float]
) -> tuple[list[Holding], int]:
    sizes = dict(thought)
    async with venue.connect() as client:
        now_ms = await client.get_time()
        if venue.client_id:
            for one in await client.get_positions(currency=currency):
                if one.kind in {"future", "option"}:
                    sizes[one.instrument_name] = sizes.get(one.instrument_name, 0.0) + one.size
        held = []
        for name, size in sizes.items():
            instrument = await client.get_instrument(instrument_name=name)
            if instrument.kind not in {"future", "option"}:
                raise CommandError(f"{name} is neither future nor option")
            if instrument.settlement_currency != currency:
                raise CommandError(f"{name} does not settle in {currency}")
            held.append(_holding(size, instrument, await client.ticker(instrument_name=name)))
    return held, now_ms


def _holding(size: float, one: "Instrument", ticker: "Ticker") -> Holding:
    is_option = one.kind == "option"
    is_perpetual = one.settlement_period == "perpetual"
    underlying = ticker.mark_price if ticker.underlying_price is UNSET else ticker.underlying_price
    return Holding(
        instrument_name=one.instrument_name,
        size=size,
        mark=ticker.mark_price,
        underlying=underlying,
        iv=ticker.mark_iv / 100 if ticker.mark_iv is not UNSET else 0.0,
        strike=one.strike if one.strike is not UNSET and is_option else 0.0,
        is_call=one.option_type != "put",
        expiration_ms=0 if is_perpetual else one.expiration_timestamp,
        base_currency=one.base_currency,
        is_inverse=one.instrument_type == "reversed",
        index=ticker.index_price,
    )


def stressed(
    currency: str,
    held: list[Holding],
    asked_ms: int,
    *,
    moves: tuple[float, ...],
    shifts: tuple[float, ...],
) -> Report:
    """Return what positions gain over the grid, and what portfolio margin they need.

    Args:
        currency: They settle in.
        held: The positions; coins move alike.
        asked_ms: When they were marked, milliseconds since the Unix epoch.
        moves: Of prices in percent, above -100; at most 40.
        shifts: Of volatilities in percent of themselves, at least -100.
    """
    import numpy as np

    gains = np.zeros((len(moves), len(shifts)))
    initial = maintenance = worst = delta = 0.0
    for coin in sorted({one.base_currency for one in held}):
        of_coin = [one for one in held if one.base_currency == coin]
        matrix = _matrix(currency, of_coin, asked_ms)
        rows, sizes = range(len(of_coin)), [one.size for one in of_coin]
        gains += matrix.stress(
            rows, sizes, moves=[one / 100 for one in moves], shifts=[one / 100 for one in shifts]
        )
        margin = matrix.account(rows, sizes).margin()
        initial, maintenance = initial + margin.initial, maintenance + margin.maintenance
        worst, delta = worst + margin.loss, delta + margin.delta
    return Report(
        currency=currency,
        asked_ms=asked_ms,
        positions={one.instrument_name: one.size for one in held},
        moves=moves,
        shifts=shifts,
        gains=tuple(map(tuple, gains.tolist())),
        initial_margin=initial,
        maintenance_margin=maintenance,
        worst_loss=worst,
        delta=delta,
    )


def _matrix(currency: str, held: list[Holding], asked_ms: int) -> "RiskMatrix":
    """Return the matrix of one coin's positions, marked."""
    from strikewire.gateway.judge import rules_of
    from strikewire.pricing import RiskInstrument, RiskMatrix

    matrix = RiskMatrix(
        [RiskInstrument(one.expiration_ms * NS_PER_MS, one.strike, one.is_call) for one in held],
        is_inverse=held[0].is_inverse,
        rules=rules_of(held[0].base_currency, currency),
    )
    matrix.mark(
        None,
        forwards=[one.underlying for one in held],
        sigmas=[one.iv for one in held],
        values=[one.mark for one in held],
        years=[max(0, one.expiration_ms - asked_ms) / MS_PER_YEAR for one in held],
    )
    matrix.refresh(held[0].index)
    return matrix


def board(report: Report) -> "Table":
    """Return a report as a coloured table: moves of the price down, of volatility across."""
    from rich.table import Table

    when = datetime.fromtimestamp(report.asked_ms / 1_000, UTC)
    held = ", ".join(f"{name} {size:+,.12g}" for name, size in report.positions.items())
    table = Table(
        title=f"Profit and loss in {report.currency}, {when:%-d %B %Y %H:%M} UTC",
        caption=f"{held or 'no positions'}\n"
        f"portfolio margin {_money(report, report.initial_margin)} initial, "
        f"{_money(report, report.maintenance_margin)} maintenance; "
        f"worst scenario {_money(report, -report.worst_loss)}; delta {report.delta:+.4f}",
        header_style="cyan",
        box=None,
        min_width=80,  # its title and what it says below are not to be folded
    )
    table.add_column("price", justify="right", no_wrap=True)
    for shift in report.shifts:
        table.add_column(f"vol {shift:+g} %", justify="right", no_wrap=True)
    most = max((abs(gain) for row in report.gains for gain in row), default=0.0)
    for move, row in zip(report.moves, report.gains, strict=True):
        table.add_row(f"{move:+g} %", *(_cell(report, gain, most) for gain in row))
    return table


def _cell(report: Report, gain: float, most: float) -> "Text":
    """Return a gain on green, a loss on red, the brighter the larger."""
    from rich.text import Text

    part = round(20 + 140 * (abs(gain) / most if most > 0.0 else 0.0))
    colour = f"rgb({part},20,20)" if gain < 0.0 else f"rgb(20,{part},20)"
    return Text(f" {_money(report, gain)}", style=f"white on {colour}")


def _money(report: Report, amount: float) -> str:
    amount += 0.0  # no minus before a zero
    return f"{amount:,.2f}" if report.currency == DOLLARS else f"{amount:,.4f}"
