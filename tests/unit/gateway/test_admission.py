import pytest
from msgspec import Raw

from strikewire.api import METHODS, ApiError
from strikewire.gateway.admission import OutOfCreditsError, admit
from strikewire.gateway.auth import Grant
from strikewire.gateway.caller import Caller
from strikewire.gateway.keys import DEFAULT_SCOPE
from strikewire.gateway.limits import Rate
from strikewire.gateway.scopes import Scope
from strikewire.gateway.steps import Called
from strikewire.model import AccountId
from strikewire.testing.gateway import GatewayFloor

PRIVATE = [name for name in METHODS if name.startswith("private/")]


def grant(scope: str, *, is_rate_limited: bool = True, is_repeated: bool = False) -> Grant:
    return Grant(
        client_id="alice",
        account_id=AccountId(1),
        scope=Scope.parse(scope),
        is_rate_limited=is_rate_limited,
        is_repeated=is_repeated,
    )


def ws(scope: str | None = None) -> Caller:
    caller = Caller(1, "10.0.0.1", "ws")
    caller.grant = None if scope is None else grant(scope)
    return caller


def code_of(floor: GatewayFloor, caller: Caller, request: Called) -> int:
    try:
        admit(floor.desk, caller, floor.now_ns, request)
    except ApiError as error:
        return int(error.code)
    return 0


@pytest.mark.parametrize("method", PRIVATE)
def test_no_private_method_is_open_to_strangers(method: str) -> None:
    assert code_of(GatewayFloor(), ws(), Called(method=method)) == 13009


@pytest.mark.parametrize("method", PRIVATE)
def test_a_signature_used_before_reads_and_places_no_second_order(method: str) -> None:
    before = grant(f"{DEFAULT_SCOPE} admin:read_write", is_repeated=True)
    request = Called(method=method, grant=before)

    code = code_of(GatewayFloor(), Caller(1, "10.0.0.1", "ws"), request)

    assert code == (13004 if METHODS[method].adds_up else 0)


@pytest.mark.parametrize("method", PRIVATE)
@pytest.mark.parametrize("level", ["none", "read", "read_write"])
def test_every_private_method_asks_for_its_scope(method: str, level: str) -> None:
    scope = f"account:{level} trade:{level} wallet:{level}"

    code = code_of(GatewayFloor(), ws(scope), Called(method=method))

    needed = METHODS[method].scope
    is_allowed = needed is None or Scope.parse(scope).allows(needed)
    assert code == (0 if is_allowed else 13021)


def test_reading_trades_does_not_allow_trading() -> None:
    floor = GatewayFloor()

    assert code_of(floor, ws("trade:read"), Called(method="private/get_order_state")) == 0
    assert code_of(floor, ws("trade:read"), Called(method="private/buy")) == 13021


@pytest.mark.parametrize("method", ["public/nothing", "private/", "", "x" * 1_000, "public/Test"])
def test_an_unknown_method_is_not_found(method: str) -> None:
    assert code_of(GatewayFloor(), ws(), Called(method=method)) == -32601


@pytest.mark.parametrize(
    "method", [name for name, method in METHODS.items() if method.transport == "ws"]
)
def test_what_needs_a_connection_is_refused_over_rest(method: str) -> None:
    caller = Caller(1, "10.0.0.1", "rest")

    code = code_of(GatewayFloor(), caller, Called(method=method, grant=grant("trade:read_write")))

    assert code == 10030


def test_a_token_in_the_parameters_speaks_for_one_request_alone() -> None:
    floor = GatewayFloor()
    other = floor.connect()
    token = other.call(
        "public/auth",
        grant_type="client_credentials",
        client_id="alice",
        client_secret="alices-secret",
        scope="session:desk",
    )["access_token"]
    caller = ws()
    request = Called(
        method="private/get_positions", params=Raw(b'{"access_token":"%b"}' % token.encode())
    )

    call = admit(floor.desk, caller, floor.now_ns, request)

    assert call.account_id == 1
    assert caller.grant is None


def test_a_token_goes_before_the_connection_and_a_bad_one_is_not_forgiven() -> None:
    request = Called(method="private/get_positions", params={"access_token": "made-up"})

    assert code_of(GatewayFloor(), ws("trade:read"), request) == 13009


def test_strangers_pay_by_address_and_accounts_by_account() -> None:
    floor = GatewayFloor(rates={"non_matching": Rate(1, 1, 1)})
    request = Called(method="public/get_time")
    here, there = Caller(1, "10.0.0.1", "ws"), Caller(2, "10.0.0.2", "ws")

    admit(floor.desk, here, floor.now_ns, request)
    admit(floor.desk, there, floor.now_ns, request)
    admit(floor.desk, ws("trade:read"), floor.now_ns, request)

    for caller in (here, there, ws("trade:none")):
        with pytest.raises(OutOfCreditsError):
            admit(floor.desk, caller, floor.now_ns, request)


def test_a_key_of_the_venue_itself_pays_nothing() -> None:
    floor = GatewayFloor(rates={"non_matching": Rate(1, 1, 1)})
    caller = ws()
    caller.grant = grant("trade:read", is_rate_limited=False)

    for _ in range(10):
        admit(floor.desk, caller, floor.now_ns, Called(method="public/get_time"))


def test_the_list_of_instruments_has_credits_of_its_own() -> None:
    floor = GatewayFloor(rates={"get_instruments": Rate(1, 1, 1)})
    admit(floor.desk, ws(), floor.now_ns, Called(method="public/get_instruments"))

    admit(floor.desk, ws(), floor.now_ns, Called(method="public/get_instrument"))
    with pytest.raises(OutOfCreditsError):
        admit(floor.desk, ws(), floor.now_ns, Called(method="public/get_instruments"))
