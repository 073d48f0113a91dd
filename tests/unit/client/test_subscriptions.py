"""What is wanted and what the venue confirmed come to agree."""

from strikewire.client.subscriptions import CHANNELS_PER_REQUEST, Ask, Subscriptions


def confirmed(*channels: str) -> Subscriptions:
    subscriptions = Subscriptions()
    subscriptions.want(channels)
    for ask in subscriptions.asks():
        subscriptions.confirm(ask, frozenset(channels))
    return subscriptions


def test_only_the_difference_is_asked_for() -> None:
    subscriptions = confirmed("a", "b")

    subscriptions.want(["b", "c"])
    subscriptions.drop(["a"])

    assert subscriptions.asks() == [Ask("unsubscribe", ("a",)), Ask("subscribe", ("c",))]
    assert subscriptions.asks() == []


def test_many_channels_are_asked_for_in_batches() -> None:
    subscriptions = Subscriptions()
    channels = [str(number) for number in range(CHANNELS_PER_REQUEST + 1)]
    subscriptions.want(channels)

    first, second = subscriptions.asks()

    assert len(first.channels) == CHANNELS_PER_REQUEST
    assert second.channels == (channels[-1],)


def test_a_refused_channel_is_asked_for_again_only_when_wanted_anew() -> None:
    subscriptions = Subscriptions()
    subscriptions.want(["a", "b"])
    (ask,) = subscriptions.asks()

    assert subscriptions.confirm(ask, frozenset({"a"})) == ["b"]
    assert subscriptions.asks() == []
    subscriptions.want(["b"])
    assert subscriptions.asks() == [Ask("subscribe", ("b",))]


def test_a_new_connection_starts_from_what_is_wanted() -> None:
    subscriptions = confirmed("a", "b")
    subscriptions.drop(["a"])

    subscriptions.reset()

    assert subscriptions.asks() == [Ask("subscribe", ("b",))]


def test_the_first_note_is_told_from_later_ones() -> None:
    subscriptions = confirmed("a")

    assert subscriptions.note("a") is True
    assert subscriptions.note("a") is False
    assert subscriptions.note("stranger") is None


def test_notes_between_the_end_of_one_subscription_and_the_next_are_old() -> None:
    subscriptions = confirmed("a")
    subscriptions.note("a")

    (ending,) = subscriptions.renewing(["a", "stranger"])
    assert ending == Ask("unsubscribe", ("a",))
    assert subscriptions.asks() == [Ask("subscribe", ("a",))]
    assert subscriptions.note("a") is None
    subscriptions.unmute(ending)

    assert subscriptions.note("a") is True


def test_two_endings_on_their_way_need_two_answers() -> None:
    subscriptions = confirmed("a")
    (first,) = subscriptions.renewing(["a"])
    (ask,) = subscriptions.asks()
    subscriptions.confirm(ask, frozenset({"a"}))
    (second,) = subscriptions.renewing(["a"])

    subscriptions.unmute(first)
    assert subscriptions.note("a") is None
    subscriptions.unmute(second)
    assert subscriptions.note("a") is True


def test_a_failed_request_is_halved_the_larger_half_first() -> None:
    subscriptions = Subscriptions()

    assert subscriptions.halves(Ask("subscribe", ("a", "b", "c"))) == [
        Ask("subscribe", ("a", "b")),
        Ask("subscribe", ("c",)),
    ]
