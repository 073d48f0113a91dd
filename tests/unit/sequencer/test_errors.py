from strikewire.sequencer.errors import CommandTooLarge, QueueFull, SequencerStopped


def test_each_error_says_the_two_values_that_disagree() -> None:
    assert str(QueueFull(10)) == "10 commands are waiting already"
    assert str(CommandTooLarge(size=11, limit=10)) == "command has 11 bytes, at most 10 are taken"
    assert str(SequencerStopped("disk full")) == "the sequencer has stopped: disk full"


def test_the_facts_travel_with_the_error() -> None:
    too_large = CommandTooLarge(size=11, limit=10)

    assert QueueFull(10).limit == 10
    assert (too_large.size, too_large.limit) == (11, 10)
    assert not SequencerStopped("why").in_doubt
    assert SequencerStopped("why", in_doubt=True).in_doubt
    assert SequencerStopped("why").reason == "why"
