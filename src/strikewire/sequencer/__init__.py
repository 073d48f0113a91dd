"""Gives each command its number and time, journals it, applies it, hands out the events."""

from strikewire.sequencer.core import (
    Applied,
    AppliedPacked,
    Batch,
    Limits,
    Packed,
    Phase,
    Sequencer,
    Step,
    Unanswered,
)
from strikewire.sequencer.errors import CommandTooLarge, QueueFull, SequencerStopped
from strikewire.sequencer.recovery import (
    Progress,
    RecoveryReport,
    StateMismatchError,
    recover,
    replay,
)
from strikewire.sequencer.service import OnApplied, OnStopped, SequencerService
from strikewire.sequencer.snapshots import SnapshotPolicy, take_snapshot

__all__ = [
    "Applied",
    "AppliedPacked",
    "Batch",
    "CommandTooLarge",
    "Limits",
    "OnApplied",
    "OnStopped",
    "Packed",
    "Phase",
    "Progress",
    "QueueFull",
    "RecoveryReport",
    "Sequencer",
    "SequencerService",
    "SequencerStopped",
    "SnapshotPolicy",
    "StateMismatchError",
    "Step",
    "Unanswered",
    "recover",
    "replay",
    "take_snapshot",
]
