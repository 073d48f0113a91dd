from strikewire.testing.simulation.dice import Dice


def test_the_same_name_gives_the_same_draws() -> None:
    one, two = Dice("17/network"), Dice("17/network")

    assert [one.up_to(100) for _ in range(20)] == [two.up_to(100) for _ in range(20)]
    assert one.bytes(8) == two.bytes(8)


def test_parts_draw_from_dice_of_their_own() -> None:
    whole, other = Dice("17"), Dice("17")
    other.up_to(100)

    assert whole.child("disk").bytes(8) == other.child("disk").bytes(8)
    assert whole.child("disk").bytes(8) != whole.child("network").bytes(8)


def test_draws_stay_inside_their_bounds_and_reach_them() -> None:
    dice = Dice("1")

    assert {dice.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert {dice.up_to(1) for _ in range(100)} == {0, 1}
    assert {dice.pick("ab") for _ in range(100)} == {"a", "b"}


def test_what_has_no_chance_never_happens() -> None:
    dice = Dice("1")

    assert not any(dice.chance(0.0) for _ in range(100))
    assert all(dice.chance(1.0) for _ in range(100))
