from strikewire.exchange.state.archives import Ring


def test_the_oldest_is_forgotten_and_handed_back() -> None:
    ring = Ring(3)

    forgotten = [ring.append(thing) for thing in "abcde"]

    assert forgotten == [None, None, None, "a", "b"]
    assert list(ring) == ["c", "d", "e"]
    assert len(ring) == 3


def test_it_is_empty_at_first() -> None:
    ring = Ring(3)

    assert not ring
    assert list(ring) == []


def test_it_is_read_while_more_comes() -> None:
    ring = Ring(2)
    ring.extend("ab")

    for thing in ring:
        ring.append(thing * 2)

    assert list(ring) == ["aa", "bb"]
