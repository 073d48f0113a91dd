import pytest

from strikewire.gateway.scopes import Level, Scope


def test_a_scope_is_read_in_any_order_and_written_in_alphabetical_order() -> None:
    scope = Scope.parse("trade:read_write session:desk account:read,wallet:none name:bot")

    assert str(scope) == "account:read name:bot session:desk trade:read_write wallet:none"


def test_without_a_session_a_scope_is_of_the_connection() -> None:
    assert str(Scope.parse("trade:read")) == "connection trade:read"


def test_words_that_nobody_knows_are_left_out() -> None:
    scope = Scope.parse("expires:30 trade:all mainaccount ip:1.2.3.4 trade")

    assert scope == Scope(levels={})


@pytest.mark.parametrize(
    ("scope", "needed", "is_allowed"),
    [
        ("trade:read_write", "trade:read", True),
        ("trade:read_write", "trade:read_write", True),
        ("trade:read", "trade:read_write", False),
        ("trade:none", "trade:read", False),
        ("trade:read_write", "account:read", False),
        ("", "account:read", False),
    ],
)
def test_a_wider_level_contains_the_narrower_ones(
    scope: str, needed: str, is_allowed: bool
) -> None:
    assert Scope.parse(scope).allows(needed) is is_allowed


def test_a_request_can_only_take_away() -> None:
    key = Scope.parse("account:read trade:read_write")

    narrowed = key.narrowed(Scope.parse("account:read_write trade:read wallet:read_write"))

    assert str(narrowed) == "account:read connection trade:read"


def test_a_request_for_a_session_alone_keeps_everything_the_key_may_do() -> None:
    key = Scope.parse("account:read trade:read_write")

    narrowed = key.narrowed(Scope.parse("session:DERIBIT.ws.1"))

    assert narrowed.level("trade") is Level.READ_WRITE
    assert narrowed.session == "DERIBIT.ws.1"


def test_words_that_say_nothing_are_found() -> None:
    text = "account:read trade:all mainaccount connection session:desk,name:bot session trade"

    assert Scope.unknown_words(text) == ["trade:all", "mainaccount", "session", "trade"]
    assert Scope.unknown_words(str(Scope.parse("trade:read_write"))) == []
