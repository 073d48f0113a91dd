"""However a stream is cut, repeated or reordered, the book is the venue's or there is none."""

from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - seeded by hypothesis

from hypothesis import given
from hypothesis import strategies as st

from strikewire.depth import DepthBook, DepthSnapshot, DepthSync, DepthUpdate, SyncOutcome


@dataclass
class Venue:
    """A naive book that remembers what it looked like after every message."""

    dice: Random
    bids: dict[int, int] = field(default_factory=lambda: {99: 5})
    asks: dict[int, int] = field(default_factory=lambda: {101: 5})
    change_id: int = 1_000
    history: dict[int, tuple[dict[int, int], dict[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.history[self.change_id] = (dict(self.bids), dict(self.asks))

    def move(self) -> DepthUpdate:
        """Change some levels, keep the sides apart, and tell it in one message."""
        previous = self.change_id
        self.change_id += self.dice.randint(1, 3)
        bids = self._change(self.bids, 90, min(self.asks, default=110) - 1)
        asks = self._change(self.asks, max(self.bids, default=90) + 1, 110)
        self.history[self.change_id] = (dict(self.bids), dict(self.asks))
        return DepthUpdate(previous, self.change_id, bids, asks)

    def snapshot(self, change_id: int) -> DepthSnapshot:
        bids, asks = self.history[change_id]
        return DepthSnapshot(change_id, list(bids.items()), list(asks.items()))

    def _change(self, side: dict[int, int], low: int, high: int) -> list[tuple[int, int]]:
        deltas = []
        for _ in range(self.dice.randint(0, 3)):
            price, amount = self.dice.randint(low, high), self.dice.choice([0, 0, 1, 2, 7])
            deltas.append((price, amount))
            side.pop(price, None)
            if amount:
                side[price] = amount
        return deltas


def is_true(sync: DepthSync, venue: Venue) -> bool:
    """Tell whether the machine shows the venue's book at its change, or owns to having none."""
    if not sync.is_synced:
        return sync.book == DepthBook()
    bids, asks = venue.history[sync.book.change_id]
    by_price = sorted(bids.items(), reverse=True), sorted(asks.items())
    return (list(sync.book.bids), list(sync.book.asks)) == by_price


def disturbed(dice: Random, stream: list[DepthUpdate]) -> list[DepthUpdate]:
    """Cut, repeat and swap messages."""
    result: list[DepthUpdate] = []
    for update in stream:
        fate = dice.random()
        if fate < 0.05:
            continue
        result.append(update)
        if fate > 0.95:
            result.append(dice.choice(result))
        if fate > 0.90 and len(result) > 1:
            result[-1], result[-2] = result[-2], result[-1]
    return result


@given(st.integers(min_value=0, max_value=2**32))
def test_a_disturbed_stream_never_leaves_a_wrong_book(seed: int) -> None:
    dice = Random(seed)
    venue = Venue(dice)
    stream = disturbed(dice, [venue.move() for _ in range(60)])
    sync = DepthSync()

    for update in stream:
        sync.update(update)
        assert is_true(sync, venue)
        if not sync.is_synced and dice.random() < 0.3:
            # An answer may be older or newer than what the stream has brought.
            sync.snapshot(venue.snapshot(dice.choice(list(venue.history))))
            assert is_true(sync, venue)


@given(st.integers(min_value=0, max_value=2**32), st.integers(min_value=0, max_value=20))
def test_an_undisturbed_stream_is_followed_to_its_end(seed: int, delay: int) -> None:
    dice = Random(seed)
    venue = Venue(dice)
    stream = [venue.move() for _ in range(60)]
    answer = venue.snapshot(dice.choice(list(venue.history)))
    sync = DepthSync()

    for index, update in enumerate(stream):
        sync.update(update)
        if index >= delay and not sync.is_synced:
            sync.snapshot(answer)

    assert sync.is_synced or answer.change_id < stream[0].previous
    assert is_true(sync, venue)
    assert sync.book.change_id == stream[-1].change_id or not sync.is_synced


@given(st.integers(min_value=0, max_value=2**32))
def test_after_any_loss_one_good_snapshot_heals(seed: int) -> None:
    dice = Random(seed)
    venue = Venue(dice)
    sync = DepthSync()
    for update in disturbed(dice, [venue.move() for _ in range(30)]):
        sync.update(update)

    outcome = sync.snapshot(venue.snapshot(venue.change_id))

    assert outcome is SyncOutcome.SYNCED
    assert sync.update(venue.move()) is SyncOutcome.APPLIED
    assert is_true(sync, venue)
