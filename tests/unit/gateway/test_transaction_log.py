import pytest

from strikewire.exchange import About, Transaction, TransactionType
from strikewire.gateway.transaction_log import matches
from strikewire.model import InstrumentId, Lots, Side, Units, instrument
from strikewire.testing.exchange import ALICE

CALL = instrument("BTC-25DEC26-60000-C", instrument_id=7)


def bought(*, position: int, kind: TransactionType = TransactionType.TRADE) -> Transaction:
    """Return a transaction of three lots that were bought."""
    return Transaction(
        transaction_id=1,
        account_seq=1,
        time_ns=0,
        account_id=ALICE,
        currency="BTC",
        type=kind,
        amount=Units(0),
        fee=Units(0),
        balance=Units(0),
        about=About(instrument_id=InstrumentId(7), side=Side.BUY, lots=Lots(3), position=position),
    )


@pytest.mark.parametrize(
    ("position", "word", "matched"),
    [
        (3, "open", True),
        (0, "close", True),
        (-2, "close", True),
        (2, "close", True),  # from one short to two long
        (3, "close", False),
        (3, "BUY", True),
        (3, " taker ", True),
        (3, "btc-25dec26-60000-c", True),
        (3, "btc", False),
    ],
)
def test_a_trade_is_found_by_what_it_did(position: int, word: str, matched: bool) -> None:
    assert matches(bought(position=position), CALL, word) is matched


def test_a_delivery_closes() -> None:
    delivered = bought(position=0, kind=TransactionType.DELIVERY)

    assert matches(delivered, CALL, "close")
    assert matches(delivered, CALL, "delivery")
    assert not matches(delivered, CALL, "taker")


def test_what_is_of_no_instrument_is_found_by_its_type() -> None:
    assert matches(bought(position=0, kind=TransactionType.DEPOSIT), None, "deposit")
    assert not matches(bought(position=0, kind=TransactionType.DEPOSIT), None, "option")
