"""The venue's own hand: it lists, marks and settles, as commands like everybody else's.

Theory of operation. Each step looks at the exchange as it is and returns the commands that bring it
up to date, in this order: expired instruments are settled, missing ones are listed, at 08:00 UTC
the session of every currency is settled, then marks are set. Nothing is remembered that the
exchange knows, so a restart goes on where the journal ended; only the samples of a delivery price
that was being averaged are lost with the process, and the average begins anew.
"""

from collections.abc import Iterable
from typing import Final

from strikewire.exchange import (
    Command,
    Exchange,
    ListInstrument,
    SettleInstrument,
    SettleSession,
)
from strikewire.model import (
    COMBO_ID_FIRST,
    CURRENCIES,
    EXPIRY_HOUR_UTC,
    NS_PER_DAY,
    Instrument,
    InstrumentId,
    instrument,
    utc_date,
    utc_ns,
)
from strikewire.pricing import DeliveryAverage
from strikewire.venue.config import InstrumentsConfig
from strikewire.venue.listing import wanted_names
from strikewire.venue.prices import Pricer

NS_PER_S: Final = 1_000_000_000


class Operator:
    """The machine above.

    Args:
        config: What to list.
        exchange: The state to look at; changed by nobody but the sequencer.
        pricer: Makes the marks.
    """

    def __init__(self, config: InstrumentsConfig, exchange: Exchange, pricer: Pricer) -> None:
        self._config = config
        self._exchange = exchange
        self._pricer = pricer
        self._roll_due_ns = 0
        self._seen = (-1, -1, -1)  # instruments, the newest of them, and indices, last time
        self._open: list[Instrument] = []
        self._is_listed = False
        self._averages: dict[tuple[str, int], DeliveryAverage] = {}

    @property
    def is_complete(self) -> bool:
        """Whether everything is listed that should be, and marked."""
        return self._is_listed and self._pricer.knows(self._open)

    def step(self, now_ns: int, feed_now_ns: int) -> list[Command]:
        """Return the commands that are due, to be carried out in order before the next step.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            feed_now_ns: The same by the clock that stamps the feeds' quotes.
        """
        instruments = self._exchange.instruments
        # How many there are is not enough: a combo may have been forgotten as another one came.
        newest = int(next(reversed(instruments), 0))
        seen = (len(instruments), newest, len(self._pricer.indices))
        if seen != self._seen:
            self._seen = seen
            self._look_around()
            self._roll_due_ns = now_ns  # what an index was missing for can be listed now
        self._sample(now_ns)
        commands: list[Command] = []
        if now_ns >= self._roll_due_ns:
            self._roll_due_ns = now_ns + self._config.roll_interval_s * NS_PER_S
            commands = [*self._settle(now_ns), *self._list(now_ns)]
            has_indices = {one.price_index for one in self._open} <= self._pricer.indices.keys()
            self._is_listed = has_indices and not commands
            commands += self._end_sessions(now_ns)
            self._open = [one for one in self._open if not _has_expired(one, now_ns)]
        marks = self._pricer.step(now_ns, feed_now_ns, self._open, self._averages)
        return [*commands, marks] if marks is not None else commands

    def _look_around(self) -> None:
        self._open = [
            one
            for instrument_id, one in self._exchange.instruments.items()
            if self._exchange.is_open(instrument_id) and not one.is_combo
        ]
        expiries = {(one.price_index, one.expiry_ns) for one in self._open}
        self._averages = {
            (index, expiry_ns): self._averages.get((index, expiry_ns), DeliveryAverage(expiry_ns))
            for index, expiry_ns in sorted(expiries, key=str)
            if expiry_ns is not None
        }

    def _sample(self, now_ns: int) -> None:
        """Take the index of every expiry whose last half hour has begun."""
        for (name, expiry_ns), average in self._averages.items():
            index = self._pricer.indices.get(name)
            if index is not None:
                self._averages[name, expiry_ns] = average.sample(now_ns, index)

    def _settle(self, now_ns: int) -> Iterable[Command]:
        # Without an index of this run there is no delivery price: the venue waits for one.
        for one in self._open:
            index = self._pricer.indices.get(one.price_index)
            if one.expiry_ns is None or not _has_expired(one, now_ns) or index is None:
                continue
            average = self._averages[one.price_index, one.expiry_ns]
            self._pricer.forget(InstrumentId(one.instrument_id))
            yield SettleInstrument(InstrumentId(one.instrument_id), average.price(index))

    def _end_sessions(self, now_ns: int) -> Iterable[Command]:
        """Settle what has not been settled since it last was 08:00 UTC."""
        due_ns = utc_ns(utc_date(now_ns), hour=EXPIRY_HOUR_UTC)
        if due_ns > now_ns:
            due_ns -= NS_PER_DAY
        for currency in CURRENCIES:
            if self._exchange.session_ns(currency) < due_ns:
                yield SettleSession(currency)

    def _list(self, now_ns: int) -> Iterable[Command]:
        names = wanted_names(now_ns, self._config, self._pricer.indices, self._open)
        listed = (one for one in self._exchange.instruments if one < COMBO_ID_FIRST)
        first_id = max(listed, default=0) + 1
        for instrument_id, name in enumerate(names, start=first_id):
            yield ListInstrument(instrument(name, instrument_id=instrument_id, creation_ns=now_ns))


def _has_expired(one: Instrument, now_ns: int) -> bool:
    return one.expiry_ns is not None and one.expiry_ns <= now_ns
