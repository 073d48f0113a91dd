from strikewire.api import ErrorCode
from strikewire.exchange import Reject


def test_reject_numbers_are_codes_that_clients_know() -> None:
    public = {code.value for code in ErrorCode}

    assert [reject for reject in Reject if reject.value not in public] == []


def test_reject_names_mean_what_the_public_codes_mean() -> None:
    assert Reject.NOT_ENOUGH_FUNDS.value == ErrorCode.NOT_ENOUGH_FUNDS.value == 10009
    assert Reject.ORDER_NOT_FOUND.value == ErrorCode.ORDER_NOT_FOUND.value == 10004
    assert Reject.NOT_OPEN_ORDER.value == ErrorCode.NOT_OPEN_ORDER.value == 11044
    assert Reject.NOT_OWNER.value == ErrorCode.NOT_OWNER_OF_ORDER.value == 10029
    assert Reject.INVALID_INSTRUMENT.value == ErrorCode.INVALID_OR_UNSUPPORTED_INSTRUMENT.value
    assert Reject.INVALID_AMOUNT.value == ErrorCode.INVALID_AMOUNT.value == 10021
    assert Reject.INVALID_PRICE.value == ErrorCode.INVALID_PRICE.value == 10023
    assert Reject.WRONG_TICK.value == ErrorCode.PRICE_WRONG_TICK.value == 10043
    assert Reject.PRICE_TOO_LOW.value == ErrorCode.PRICE_TOO_LOW.value == 10005
    assert Reject.PRICE_TOO_HIGH.value == ErrorCode.PRICE_TOO_HIGH.value == 10007
    assert Reject.BOOK_CLOSED.value == ErrorCode.BOOK_CLOSED.value == 10012
    assert Reject.SETTLEMENT_IN_PROGRESS.value == ErrorCode.SETTLEMENT_IN_PROGRESS.value == 10041
    assert Reject.TOO_MANY_ORDERS.value == ErrorCode.MAX_TOTAL_OPEN_ORDERS.value == 10013
    assert Reject.POSITION_TOO_LARGE.value == ErrorCode.MAX_POSITION_SIZE.value == 10018
    assert Reject.RETRY.value == ErrorCode.RETRY.value == 10040
    assert Reject.INVALID_ARGUMENTS.value == ErrorCode.INVALID_ARGUMENTS.value == 11029
    assert Reject.OTHER_REJECT.value == ErrorCode.OTHER_REJECT.value == 11030
    assert Reject.UNSUPPORTED_COMBINATION.value == ErrorCode.UNSUPPORTED_ARG_COMBINATION.value
    assert Reject.TRIGGER_PRICE_TOO_HIGH.value == ErrorCode.TRIGGER_PRICE_TOO_HIGH.value == 10034
    assert Reject.TRIGGER_PRICE_TOO_LOW.value == ErrorCode.TRIGGER_PRICE_TOO_LOW.value == 10035
    assert Reject.TRIGGER_WRONG_TICK.value == ErrorCode.TRIGGER_PRICE_WRONG_TICK.value == 10044
    assert Reject.NO_MORE_TRIGGERS.value == ErrorCode.NO_MORE_TRIGGERS.value == 11035
    assert Reject.INVALID_TRIGGER_PRICE.value == ErrorCode.INVALID_TRIGGER_PRICE.value == 11036
    assert Reject.POST_ONLY_REJECT.value == ErrorCode.POST_ONLY_REJECT.value == 11054
    assert Reject.TIMED_OUT.value == ErrorCode.TIMED_OUT.value == 13888
    assert Reject.ORDER_OVERLAP.value == ErrorCode.ORDER_OVERLAP.value == 10003
    assert Reject.UNAUTHORIZED.value == ErrorCode.UNAUTHORIZED.value == 13009
