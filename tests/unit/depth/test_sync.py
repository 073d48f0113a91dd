import pytest

from strikewire.depth import DepthBook, DepthSnapshot, DepthSync, DepthUpdate, SyncLoss, SyncOutcome
from strikewire.depth.sync import BUFFERED_UPDATES_MAX
from strikewire.testing.depth import depth_of


def change(previous: int, change_id: int, *bids: tuple[int, int]) -> DepthUpdate:
    return DepthUpdate(previous, change_id, bids, ())


def synced(change_id: int = 7) -> DepthSync:
    sync = DepthSync()
    assert sync.snapshot(DepthSnapshot(change_id, [(100, 3)], [(101, 5)])) is SyncOutcome.SYNCED
    return sync


def test_nothing_is_known_before_the_first_snapshot() -> None:
    sync = DepthSync()

    assert not sync.is_synced
    assert sync.loss is SyncLoss.STARTING
    assert sync.book == DepthBook()


def test_a_snapshot_and_a_change_that_continues_it_make_the_book() -> None:
    sync = synced()

    outcome = sync.update(change(7, 9, (100, 4)))

    assert outcome is SyncOutcome.APPLIED
    assert sync.book == depth_of(
        """
          | 101 | 5
        4 | 100 |
    """,
        change_id=9,
    )


def test_changes_kept_while_waiting_are_joined_to_the_snapshot() -> None:
    sync = DepthSync()

    kept = [sync.update(change(3, 6, (100, 1))), sync.update(change(6, 9, (99, 2)))]
    outcome = sync.snapshot(DepthSnapshot(6, [(100, 3)], []))

    assert kept == [SyncOutcome.BUFFERED, SyncOutcome.BUFFERED]
    assert outcome is SyncOutcome.SYNCED
    assert sync.book == DepthBook(9, bids=[(100, 3), (99, 2)])
    assert sync.stale == 1


def test_kept_changes_are_joined_in_the_order_of_their_numbers() -> None:
    sync = DepthSync()
    sync.update(change(8, 9, (100, 9)))
    sync.update(change(7, 8, (100, 8)))

    sync.snapshot(DepthSnapshot(7, [(100, 7)], []))

    assert sync.book == DepthBook(9, bids=[(100, 9)])


def test_the_first_change_may_begin_before_the_snapshot_and_end_after_it() -> None:
    sync = synced(change_id=7)

    assert sync.update(change(5, 9, (100, 4))) is SyncOutcome.APPLIED
    assert sync.book.change_id == 9


def test_only_the_first_change_may_overlap() -> None:
    sync = synced(change_id=7)
    sync.update(change(5, 9, (100, 4)))

    assert sync.update(change(8, 11, (100, 5))) is SyncOutcome.LOST
    assert sync.loss is SyncLoss.GAP


def test_a_missing_change_drops_the_book() -> None:
    sync = synced()

    outcome = sync.update(change(8, 9, (100, 4)))

    assert outcome is SyncOutcome.LOST
    assert (sync.loss, sync.gaps) == (SyncLoss.GAP, 1)
    assert sync.book == DepthBook()


def test_the_change_after_a_gap_is_kept_for_the_next_snapshot() -> None:
    sync = synced()
    sync.update(change(8, 9, (100, 4)))

    outcome = sync.snapshot(DepthSnapshot(8, [(100, 2)], []))

    assert outcome is SyncOutcome.SYNCED
    assert sync.book == DepthBook(9, bids=[(100, 4)])


def test_a_repeated_change_is_dropped_and_counted() -> None:
    sync = synced()
    sync.update(change(7, 9, (100, 4)))

    assert sync.update(change(7, 9, (100, 4))) is SyncOutcome.STALE
    assert sync.stale == 1
    assert sync.is_synced


def test_a_snapshot_older_than_what_was_kept_does_not_help_but_a_newer_one_does() -> None:
    sync = DepthSync()
    sync.update(change(8, 9, (99, 2)))

    assert sync.snapshot(DepthSnapshot(7, [(100, 3)], [])) is SyncOutcome.LOST
    assert not sync.is_synced
    assert sync.snapshot(DepthSnapshot(8, [(100, 3)], [])) is SyncOutcome.SYNCED
    assert sync.book == DepthBook(9, bids=[(100, 3), (99, 2)])


def test_a_synced_book_takes_a_newer_snapshot_and_not_an_older_one() -> None:
    sync = synced(change_id=7)

    assert sync.snapshot(DepthSnapshot(6, [(90, 1)], [])) is SyncOutcome.STALE
    assert sync.book.change_id == 7
    assert sync.snapshot(DepthSnapshot(8, [(90, 1)], [])) is SyncOutcome.SYNCED
    assert sync.book == DepthBook(8, bids=[(90, 1)])


def test_a_change_that_crosses_the_book_drops_it() -> None:
    sync = synced()

    assert sync.update(change(7, 8, (101, 4))) is SyncOutcome.LOST
    assert sync.loss is SyncLoss.CROSSED


def test_a_crossed_snapshot_is_not_believed() -> None:
    sync = DepthSync()

    assert sync.snapshot(DepthSnapshot(7, [(100, 3)], [(99, 5)])) is SyncOutcome.LOST
    assert sync.loss is SyncLoss.CROSSED
    assert sync.book == DepthBook()


def test_amounts_below_zero_drop_the_book() -> None:
    by_change, by_snapshot = synced(), DepthSync()

    by_change.update(change(7, 8, (100, -4)))
    by_snapshot.snapshot(DepthSnapshot(7, [(100, -3)], []))

    assert by_change.loss is SyncLoss.NEGATIVE_AMOUNT
    assert by_snapshot.loss is SyncLoss.NEGATIVE_AMOUNT


def test_a_new_connection_begins_with_nothing_even_if_numbers_start_anew() -> None:
    sync = synced(change_id=70)
    sync.update(change(80, 81))

    sync.reset()

    assert (sync.loss, sync.book) == (SyncLoss.RECONNECTED, DepthBook())
    assert sync.snapshot(DepthSnapshot(2, [(100, 3)], [])) is SyncOutcome.SYNCED
    assert sync.book == DepthBook(2, bids=[(100, 3)])


def test_while_waiting_only_the_newest_changes_are_kept() -> None:
    sync = DepthSync()
    for number in range(BUFFERED_UPDATES_MAX + 1):
        sync.update(change(number, number + 1))

    assert sync.snapshot(DepthSnapshot(0, [], [])) is SyncOutcome.LOST
    assert sync.snapshot(DepthSnapshot(1, [], [])) is SyncOutcome.SYNCED
    assert sync.book.change_id == BUFFERED_UPDATES_MAX + 1


@pytest.mark.parametrize("loss", list(SyncLoss))
def test_every_loss_says_why_in_words(loss: SyncLoss) -> None:
    assert " " in loss
