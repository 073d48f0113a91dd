from strikewire.exchange import TriggerFillCondition
from strikewire.exchange.links import Link
from strikewire.model import OrderId


def test_an_order_may_be_tied_in_both_ways_or_in_one() -> None:
    secondary = Link(
        fill_condition=TriggerFillCondition.FIRST_HIT,
        primary_id=OrderId(1),
        partner_id=OrderId(3),
        pair_id=OrderId(2),
    )

    assert secondary.secondary_ids == ()
    assert secondary.part_id is None
    assert not secondary.triggers_pair
