from strikewire.websocket.aio.mask_keys import MaskKeys


def test_every_call_returns_four_new_bytes() -> None:
    keys = MaskKeys()

    drawn = [keys() for _ in range(3000)]

    assert {len(key) for key in drawn} == {4}
    assert len(set(drawn)) > 2900  # two pages and more, and no page twice


def test_two_sources_have_nothing_in_common() -> None:
    assert MaskKeys()() + MaskKeys()() != MaskKeys()() + MaskKeys()()
