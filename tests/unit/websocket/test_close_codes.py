import pytest

from strikewire.websocket.close_codes import CloseCode, may_travel


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014])
def test_registered_codes_may_travel(code: int) -> None:
    assert may_travel(code)


@pytest.mark.parametrize("code", [3000, 3999, 4000, 4999])
def test_codes_of_libraries_and_applications_may_travel(code: int) -> None:
    assert may_travel(code)


@pytest.mark.parametrize("code", [1005, 1006, 1015])
def test_codes_that_stand_for_the_lack_of_one_may_not_travel(code: int) -> None:
    assert not may_travel(code)


@pytest.mark.parametrize("code", [0, 999, 1004, 1016, 1100, 2000, 2999, 5000, 65535])
def test_unregistered_codes_may_not_travel(code: int) -> None:
    assert not may_travel(code)


def test_a_close_code_reads_as_its_number() -> None:
    assert f"{CloseCode.GOING_AWAY}" == "1001"
