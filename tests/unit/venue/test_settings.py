"""Configuration comes from five places, and the nearest one wins."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from strikewire.venue.config import Config
from strikewire.venue.settings import (
    ConfigError,
    Settings,
    default_data_dir,
    load_settings,
    user_file,
    variable,
)

ROOT = Path(__file__).resolve().parents[3]


def load(
    tmp_path: Path,
    text: str = "",
    *,
    flags: dict[str, object] | None = None,
    environment: dict[str, str] | None = None,
) -> Settings:
    file = tmp_path / "strikewire.toml"
    file.write_text(text)
    return load_settings(
        flags=flags or {},
        environment={"HOME": str(tmp_path), **(environment or {})},
        file=file,
    )


def test_without_any_source_every_value_is_the_default(tmp_path: Path) -> None:
    settings = load_settings(flags={}, environment={"HOME": str(tmp_path)})

    assert settings.config == Config()
    assert {str(setting.origin) for setting in settings.values} == {"default"}


def test_flag_beats_variable_beats_file_beats_user_file_beats_default(tmp_path: Path) -> None:
    user = tmp_path / ".config" / "strikewire" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(
        "[server]\nhost = 'user'\nport = 1\ntls_port = 1\n"
        "[log]\nlevel = 'error'\n[makers]\nseed = 9"
    )

    settings = load(
        tmp_path,
        "[server]\nport = 2\ntls_port = 2\n[log]\nlevel = 'debug'",
        environment={"STRIKEWIRE_SERVER_TLS_PORT": "3", "STRIKEWIRE_LOG_LEVEL": "warning"},
        flags={"log.level": "info"},
    )

    assert settings.config.server.host == "user"
    assert settings.config.server.port == 2
    assert settings.config.server.tls_port == 3
    assert settings.config.log.level == "info"
    assert settings.config.makers.seed == 9
    assert settings.config.makers.enabled is False


def test_every_value_says_where_it_came_from(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[server]\nport = 2",
        environment={"STRIKEWIRE_SERVER_TLS_PORT": "3"},
        flags={"data_dir": "here"},
    )

    assert str(settings.origin("server.port")) == f"file {tmp_path}/strikewire.toml"
    assert str(settings.origin("server.tls_port")) == "env STRIKEWIRE_SERVER_TLS_PORT"
    assert str(settings.origin("data_dir")) == "flag --data-dir"
    assert str(settings.origin("server.host")) == "default"


def test_the_file_of_the_working_directory_is_read_when_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "strikewire.toml").write_text("[server]\nport = 7")

    settings = load_settings(flags={}, environment={"HOME": "/nowhere"}, folder=tmp_path)

    assert settings.config.server.port == 7


def test_a_named_file_replaces_the_one_of_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "strikewire.toml").write_text("[server]\nport = 7")
    named = tmp_path / "other.toml"
    named.write_text("[server]\ntls_port = 8")

    settings = load_settings(
        flags={},
        environment={"HOME": "/nowhere", "STRIKEWIRE_CONFIG": str(named)},
        folder=tmp_path,
    )

    assert settings.config.server.port == 8080
    assert settings.config.server.tls_port == 8


def test_accounts_are_read_from_an_array_of_tables(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[[accounts]]\nname = 'desk'\ndeposits = {BTC = '1.5', USDC = 300}\n"
        "[[accounts]]\nname = 'b'",
    )

    desk, other = settings.config.accounts
    assert desk.deposits == {"BTC": Decimal("1.5"), "USDC": Decimal(300)}
    assert other.name == "b"


def test_a_list_in_a_variable_is_separated_by_commas(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={"STRIKEWIRE_INSTRUMENTS_FAMILIES": "BTC, ETH"})

    assert settings.config.instruments.families == ("BTC", "ETH")


def test_a_switch_in_a_variable_may_be_a_word_or_a_digit(tmp_path: Path) -> None:
    word = load(tmp_path, environment={"STRIKEWIRE_SERVER_TLS": "false"})
    digit = load(tmp_path, environment={"STRIKEWIRE_SERVER_TLS": "0"})

    assert word.config.server.tls is False
    assert digit.config.server.tls is False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprt = 1", "unknown key 'server.prt'; did you mean 'server.port'?"),
        ("[sever]\nport = 1", "unknown key 'sever'"),
        ("colour = 1", "unknown key 'colour'"),
        ("server = 1", "server: expected a table, got int"),
        ("[server]\nport = '8080'", "server.port = '8080': expected int, got str"),
        ("[server]\nport = 70000", "server.port = 70000: expected int <= 65535"),
        ("[server]\nport = true", "server.port = True: expected int, got bool"),
        (
            "[log]\nlevel = 'loud'",
            "log.level = 'loud': expected one of debug, info, warning, error",
        ),
        (
            "[instruments]\nfamilies = ['DOGE']",
            "families = ['DOGE']: expected one of BTC, ETH, BTC_USDC",
        ),
        ("[server\nport = 1", "not valid TOML"),
        (
            "[[accounts]]\nname = 'a'\nsecret = 'x'",
            "unknown key 'secret' in accounts number 1; did you mean 'client_secret'?",
        ),
        (
            "[[accounts]]\nname = 'a'\n[[accounts]]\nname = 'a'",
            "accounts: the name 'a' is used twice",
        ),
        (
            "[[accounts]]\nname = 'a'\nclient_id = 'x'",
            "accounts: 'a' needs client_id and client_secret together",
        ),
        ("accounts = 3", "accounts = 3: expected array, got int"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_key(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_that_does_not_fit_never_shows_the_secrets_beside_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "[[accounts]]\nname = 3\nclient_id = 'i'\nclient_secret = 'hidden'")

    assert "hidden" not in str(caught.value)


def test_a_variable_that_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"env STRIKEWIRE_SERVER_PORT: server\.port = 'many'"):
        load(tmp_path, environment={"STRIKEWIRE_SERVER_PORT": "many"})


def test_an_unknown_variable_names_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'STRIKEWIRE_SERVER_PORT'"):
        load(tmp_path, environment={"STRIKEWIRE_SERVER_PRT": "1"})


def test_accounts_cannot_be_given_in_a_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown variable 'STRIKEWIRE_ACCOUNTS'"):
        load(tmp_path, environment={"STRIKEWIRE_ACCOUNTS": "a"})


def test_variables_of_the_shell_tools_are_left_alone(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={"STRIKEWIRE_URL": "ws://x", "PATH": "/bin"})

    assert settings.config == Config()


def test_a_named_file_that_is_missing_or_unreadable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(flags={}, environment={}, file=tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(flags={}, environment={}, file=tmp_path)


def test_no_two_keys_share_a_variable(tmp_path: Path) -> None:
    keys = [s.key for s in load_settings(flags={}, environment={"HOME": str(tmp_path)}).values]

    assert len({variable(key) for key in keys}) == len(keys)


def test_the_example_file_holds_every_key_with_its_default() -> None:
    file = ROOT / "examples" / "strikewire.toml"

    settings = load_settings(flags={}, environment={"HOME": "/nowhere"}, file=file)

    assert {one.key for one in settings.values if one.origin.kind == "default"} == set()
    assert msgspec.structs.replace(settings.config, accounts=()) == Config()
    assert [account.name for account in settings.config.accounts] == ["desk", "bot"]


def test_the_guide_explains_every_key() -> None:
    guide = (ROOT / "docs" / "guides" / "configuration.md").read_text(encoding="utf-8")

    keys = [one.key for one in load_settings(flags={}, environment={"HOME": "/nowhere"}).values]
    assert [key for key in keys if f"| `{key}` |" not in guide] == []


def test_folders_follow_the_xdg_variables_when_they_are_absolute() -> None:
    assert user_file({"XDG_CONFIG_HOME": "/c"}) == Path("/c/strikewire/config.toml")
    assert user_file({"XDG_CONFIG_HOME": "c", "HOME": "/h"}) == Path(
        "/h/.config/strikewire/config.toml"
    )
    assert default_data_dir({"XDG_DATA_HOME": "/d"}) == Path("/d/strikewire")
    assert default_data_dir({"HOME": "/h"}) == Path("/h/.local/share/strikewire")


def test_a_value_that_does_not_fit_is_refused_even_where_another_hides_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.port = 'x'"):
        load(tmp_path, "[server]\nport = 'x'", flags={"server.port": 1})


@pytest.mark.parametrize(
    ("families", "message"), [("[]", "at least one"), ("['BTC', 'BTC']", "is there twice")]
)
def test_each_family_is_named_once(tmp_path: Path, families: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, f"[instruments]\nfamilies = {families}")
