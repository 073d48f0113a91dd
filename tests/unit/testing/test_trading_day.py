from itertools import chain, islice

from strikewire.exchange import (
    Event,
    Exchange,
    Liquidate,
    MassQuote,
    MmpTriggered,
    OrderEvent,
    OrderState,
    PlaceOrder,
    SettleInstrument,
)
from strikewire.testing.trading_day import EXPIRY_NS, START_NS, Timed, TradingDay, names


def carried_out(seed: int, commands: int, count: int | None = None) -> tuple[Exchange, list[Timed]]:
    """Return the exchange after a day, or after its first commands, and all of them."""
    exchange = Exchange()
    day = TradingDay(seed, commands=commands)
    done: list[Timed] = []
    for timed in islice(chain(day.opening(), day.commands(exchange)), count):
        done.append(timed)
        day.learn(exchange.apply(len(done), timed.time_ns, timed.command))
    return exchange, done


def test_the_same_seed_tells_the_same_day() -> None:
    one, commands = carried_out(3, 1_000)
    other, again = carried_out(3, 1_000)

    assert commands == again
    assert one.state_hash() == other.state_hash()
    assert carried_out(4, 1_000, 300)[1] != commands[:300]


def test_a_day_expires_crashes_and_ruins_somebody() -> None:
    exchange, commands = carried_out(8, 3_000)

    settled = [timed for timed in commands if isinstance(timed.command, SettleInstrument)]
    assert len(settled) == sum("-1JAN26-" in name for name in names())
    assert all(timed.time_ns >= EXPIRY_NS for timed in settled)
    assert any(isinstance(timed.command, Liquidate) for timed in commands)
    assert exchange.money("BTC").fees > 0


def test_a_day_has_quotes_protections_that_act_and_orders_whose_price_comes() -> None:
    exchange, day = Exchange(), TradingDay(2, commands=3_000)
    told: list[Event] = []
    quotes = 0
    for seq, timed in enumerate(chain(day.opening(), day.commands(exchange)), start=1):
        events = exchange.apply(seq, timed.time_ns, timed.command)
        day.learn(events)
        told += events
        quotes += isinstance(timed.command, MassQuote)

    ends = {event.order.state for event in told if isinstance(event, OrderEvent)}
    assert quotes > 20
    assert any(isinstance(event, MmpTriggered) for event in told)
    assert OrderState.TRIGGERED in ends


def test_a_day_can_be_told_on_after_a_restart() -> None:
    exchange, commands = carried_out(1, 1_000, 700)
    restored = Exchange.restore(exchange.snapshot())
    day = TradingDay(2, commands=1_000)

    rest = 0
    for timed in day.commands(restored, commands[-1].time_ns):
        rest += 1
        day.learn(restored.apply(len(commands) + rest, timed.time_ns, timed.command))

    assert rest > 200
    assert restored.money("BTC").is_conserved


def test_time_never_goes_back() -> None:
    _, commands = carried_out(5, 500)

    times = [timed.time_ns for timed in commands]
    assert times == sorted(times)
    assert times[0] == START_NS
    assert any(isinstance(timed.command, PlaceOrder) for timed in commands)
