import pytest
from ccxt import deribit
from msgspec import UNSET

from strikewire.api.errors import (
    MEANINGS,
    ApiError,
    ErrorCode,
    ErrorData,
    ErrorObject,
    invalid_params,
)


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (ErrorCode.ORDER_NOT_FOUND, 10004),
        (ErrorCode.NOT_ENOUGH_FUNDS, 10009),
        (ErrorCode.ALREADY_CLOSED, 10010),
        (ErrorCode.INVALID_AMOUNT, 10021),
        (ErrorCode.TOO_MANY_REQUESTS, 10028),
        (ErrorCode.NOT_OWNER_OF_ORDER, 10029),
        (ErrorCode.MUST_BE_WEBSOCKET_REQUEST, 10030),
        (ErrorCode.PRICE_WRONG_TICK, 10043),
        (ErrorCode.MATCHING_ENGINE_QUEUE_FULL, 10047),
        (ErrorCode.OTHER_REJECT, 11030),
        (ErrorCode.NOT_OPEN_ORDER, 11044),
        (ErrorCode.POST_ONLY_REJECT, 11054),
        (ErrorCode.INVALID_CREDENTIALS, 13004),
        (ErrorCode.UNAUTHORIZED, 13009),
        (ErrorCode.NOT_FOUND, 13020),
        (ErrorCode.RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED, 13778),
    ],
)
def test_the_numbers_are_those_that_clients_know(code: ErrorCode, number: int) -> None:
    assert code.value == number


def test_ccxt_knows_what_to_raise_for_every_code_but_three() -> None:
    known = deribit().exceptions

    assert {code.value for code in ErrorCode if str(code.value) not in known} == {
        ErrorCode.RAW_SUBSCRIPTIONS_NOT_AVAILABLE_FOR_UNAUTHORIZED.value,
        ErrorCode.INVALID_REQUEST.value,
        ErrorCode.TIMED_OUT.value,
    }


def test_a_message_is_the_codes_own_word() -> None:
    assert ErrorCode.NOT_ENOUGH_FUNDS.message == "not_enough_funds"
    assert ErrorCode.INVALID_PARAMS.message == "Invalid params"
    assert ErrorCode.METHOD_NOT_FOUND.message == "Method not found"


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_a_meaning_in_a_sentence(code: ErrorCode) -> None:
    assert code.meaning.endswith(".")
    assert MEANINGS[code] == code.meaning


def test_an_error_without_details_has_no_data() -> None:
    error = ApiError(ErrorCode.NOT_ENOUGH_FUNDS)

    assert error.error_object() == ErrorObject(code=10009, message="not_enough_funds")
    assert error.id is UNSET
    assert str(error) == "10009 not_enough_funds"


def test_an_error_about_a_parameter_names_it_and_the_reason() -> None:
    error = invalid_params("price", "is required")

    assert error.error_object() == ErrorObject(
        code=-32602,
        message="Invalid params",
        data=ErrorData(reason="is required", param="price"),
    )
    assert str(error) == "-32602 Invalid params (price: is required)"


def test_an_error_may_have_a_reason_alone() -> None:
    error = ApiError(ErrorCode.OTHER_REJECT, reason="no mark price")

    assert error.error_object().data == ErrorData(reason="no mark price")


def test_an_error_may_have_another_message() -> None:
    error = ApiError(ErrorCode.INVALID_REQUEST, message="request entity too large", id=5)

    assert error.error_object() == ErrorObject(code=-32600, message="request entity too large")
    assert error.id == 5
