"""Fill the configuration from flags, environment and files, and remember where each value is from.

Theory of operation: every source becomes one flat layer `{"server.port": value}`. Layers are laid
over each other, weakest first (defaults, XDG file, `./strikewire.toml` or `--config`,
`STRIKEWIRE_*`, flags); what lies on top wins and keeps its origin. Each value is then
converted alone, so that an error can name its key, its origin and what was expected.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from strikewire.venue.config import Config

FILE_NAME: Final = "strikewire.toml"
VARIABLE_PREFIX: Final = "STRIKEWIRE_"

# Variables of ours that are not configuration keys: what the CLI connects to, where the file
# is, and how the package is built.
OTHER_VARIABLES: Final = frozenset(
    {
        "STRIKEWIRE_URL",
        "STRIKEWIRE_CLIENT_ID",
        "STRIKEWIRE_CLIENT_SECRET",
        "STRIKEWIRE_CA_FILE",
        "STRIKEWIRE_CONFIG",
    }
)
BUILD_VARIABLE_PREFIXES: Final = ("STRIKEWIRE_BUILD", "STRIKEWIRE_PURE", "STRIKEWIRE_TEST")


class ConfigError(Exception):
    """The configuration cannot be used; the message is one line and names key and origin."""


class Origin(Struct, frozen=True):
    """Where one value came from.

    Attributes:
        kind: `default`, `file`, `env` or `flag`.
        place: The file, the variable or the flag; empty for a default.
    """

    kind: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}" if self.place else self.kind


class Setting(Struct, frozen=True):
    """One value as it is used, and where it came from."""

    key: str
    value: object
    origin: Origin


class Settings(Struct, frozen=True):
    """The configuration together with the origin of every value, in the order of `Config`."""

    config: Config
    values: tuple[Setting, ...]

    def origin(self, key: str) -> Origin:
        """Return where the value of `key` ("server.port") came from."""
        return next(setting.origin for setting in self.values if setting.key == key)


class _Leaf(Struct, frozen=True):
    type: type[object]  # or an annotation msgspec understands, which mypy cannot name
    default: object


_Layer = dict[str, tuple[object, Origin]]


def load_settings(
    *,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Path | None = None,
    folder: Path | None = None,
) -> Settings:
    """Read every source and return the configuration it makes.

    Args:
        flags: Values given on the command line, by key ("server.port"); absent flags left out.
        environment: The process environment.
        file: The file named with `--config`; it must exist. None reads `strikewire.toml` of
            `folder` where there is one.
        folder: The working directory; None reads none.

    Raises:
        ConfigError: A file cannot be read, a key is unknown, or a value does not fit.
    """
    leaves = dict(_leaves(Config, ""))
    layers = [
        _file_layer(user_file(environment), leaves, must_exist=False),
        _chosen_file_layer(file, folder, environment, leaves),
        _environment_layer(environment, leaves),
        {key: (value, Origin("flag", _flag(key))) for key, value in flags.items()},
    ]
    top: _Layer = {key: (leaf.default, Origin("default")) for key, leaf in leaves.items()}
    for layer in layers:
        for key, (value, origin) in layer.items():
            _setting(key, leaves[key], value, origin)  # what another layer hides must fit as well
        top |= layer
    settings = tuple(_setting(key, leaves[key], *top[key]) for key in leaves)
    config = cast("Config", _assemble(Config, "", {s.key: s.value for s in settings}))
    _check_accounts(config)
    _check_families(config)
    return Settings(config, settings)


def user_file(environment: Mapping[str, str]) -> Path:
    """Return the user's own configuration file, whether or not it exists.

    Source: XDG Base Directory Specification 0.8, `XDG_CONFIG_HOME`.
    """
    return _xdg(environment, "XDG_CONFIG_HOME", ".config") / "strikewire" / "config.toml"


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return where a venue keeps its journal and keys when nobody says otherwise.

    Source: XDG Base Directory Specification 0.8, `XDG_DATA_HOME`.
    """
    return _xdg(environment, "XDG_DATA_HOME", ".local/share") / "strikewire"


def variable(key: str) -> str:
    """Return the environment variable of a key: "server.port" is `STRIKEWIRE_SERVER_PORT`."""
    return VARIABLE_PREFIX + key.replace(".", "_").upper()


def _xdg(environment: Mapping[str, str], name: str, fallback: str) -> Path:
    named = environment.get(name, "")
    # "All paths set in these environment variables must be absolute"; others are ignored.
    if named and Path(named).is_absolute():
        return Path(named)
    return Path(environment.get("HOME") or os.path.expanduser("~")) / fallback


def _leaves(struct: type[Struct], prefix: str) -> Iterator[tuple[str, _Leaf]]:
    for field in msgspec.structs.fields(struct):
        key = prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from _leaves(field.type, key + ".")
        else:
            yield key, _Leaf(cast("type[object]", field.type), field.default)


def _chosen_file_layer(
    file: Path | None,
    folder: Path | None,
    environment: Mapping[str, str],
    leaves: Mapping[str, _Leaf],
) -> _Layer:
    if file is None and (named := environment.get("STRIKEWIRE_CONFIG")):
        file = Path(named)
    if file is not None:
        return _file_layer(file, leaves, must_exist=True)
    if folder is not None:
        return _file_layer(folder / FILE_NAME, leaves, must_exist=False)
    return {}


def _file_layer(file: Path, leaves: Mapping[str, _Leaf], *, must_exist: bool) -> _Layer:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{file}: no such file") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None
    layer: _Layer = {}
    _flatten(table, "", file, leaves, layer)
    return layer


def _flatten(
    table: Mapping[str, object],
    prefix: str,
    file: Path,
    leaves: Mapping[str, _Leaf],
    layer: _Layer,
) -> None:
    for name, value in table.items():
        key = prefix + name
        if key in leaves:
            _check_rows(key, value, leaves[key], file)
            layer[key] = (value, Origin("file", str(file)))
        elif any(known.startswith(key + ".") for known in leaves):
            if not isinstance(value, dict):
                raise ConfigError(f"{file}: {key}: expected a table, got {_kind(value)}")
            _flatten(value, key + ".", file, leaves, layer)
        else:
            raise ConfigError(f"{file}: unknown key {key!r}{_nearest(key, leaves)}")


def _check_rows(key: str, value: object, leaf: _Leaf, file: Path) -> None:
    """Refuse unknown keys in an array of tables, which is one value to the layers."""
    row = _row_type(leaf)
    if row is None or not isinstance(value, list):
        return
    known = {field.name for field in msgspec.structs.fields(row)}
    for number, table in enumerate(value, start=1):
        for name in table if isinstance(table, dict) else ():
            if name not in known:
                near = _nearest(name, known)
                raise ConfigError(f"{file}: unknown key {name!r} in {key} number {number}{near}")


def _environment_layer(environment: Mapping[str, str], leaves: Mapping[str, _Leaf]) -> _Layer:
    known = {variable(key): key for key, leaf in leaves.items() if _row_type(leaf) is None}
    layer: _Layer = {}
    for name, text in environment.items():
        if not name.startswith(VARIABLE_PREFIX) or name in OTHER_VARIABLES:
            continue
        if name.startswith(BUILD_VARIABLE_PREFIXES):
            continue
        if name not in known:
            near = _nearest(name, [*known, *OTHER_VARIABLES])
            raise ConfigError(f"environment: unknown variable {name!r}{near}")
        key = known[name]
        layer[key] = (_parts(text, leaves[key]), Origin("env", name))
    return layer


def _parts(text: str, leaf: _Leaf) -> object:
    """Split "BTC,ETH" where a list is expected; anything else stays as it is."""
    if get_origin(leaf.type) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _setting(key: str, leaf: _Leaf, value: object, origin: Origin) -> Setting:
    if origin.kind == "default":
        return Setting(key, value, origin)
    try:
        # Variables are text, so "8080" must pass for a number there, and only there.
        converted = msgspec.convert(value, leaf.type, strict=origin.kind != "env")
    except msgspec.ValidationError as error:
        reason = _choices(leaf.type) or _lower_first(str(error).replace("`", ""))
        raise ConfigError(f"{origin}: {key} = {_shown(value)}: {reason}") from None
    return Setting(key, converted, origin)


def _assemble(struct: type[Struct], prefix: str, values: Mapping[str, object]) -> Struct:
    arguments: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        key = prefix + field.name
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            arguments[field.name] = _assemble(field.type, key + ".", values)
        else:
            arguments[field.name] = values[key]
    return struct(**arguments)


def _check_accounts(config: Config) -> None:
    names: set[str] = set()
    for account in config.accounts:
        if account.name in names:
            raise ConfigError(f"accounts: the name {account.name!r} is used twice")
        names.add(account.name)
        if bool(account.client_id) != bool(account.client_secret):
            raise ConfigError(
                f"accounts: {account.name!r} needs client_id and client_secret together, or neither"
            )


def _check_families(config: Config) -> None:
    families = config.instruments.families
    if not families:
        raise ConfigError("instruments.families: a venue needs at least one")
    if len(set(families)) < len(families):
        raise ConfigError(f"instruments.families: one of {', '.join(families)} is there twice")


def _row_type(leaf: _Leaf) -> type[Struct] | None:
    arguments = get_args(leaf.type) if get_origin(leaf.type) is tuple else ()
    first = arguments[0] if arguments else None
    return first if isinstance(first, type) and issubclass(first, Struct) else None


def _nearest(name: str, known: Mapping[str, object] | set[str] | list[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _flag(key: str) -> str:
    return "--" + key.rsplit(".", maxsplit=1)[-1].replace("_", "-")


def _choices(kind: object) -> str:
    """Return what a closed choice, or a list of them, accepts; empty for any other type."""
    if get_origin(kind) is Literal:
        return "expected one of " + ", ".join(map(str, get_args(kind)))
    return _choices(get_args(kind)[0]) if get_origin(kind) is tuple else ""


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _kind(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    # Accounts hold secrets; a message must not.
    return (
        f"{len(value)} tables" if isinstance(value, list) and _holds_tables(value) else repr(value)
    )


def _holds_tables(value: list[object]) -> bool:
    return any(isinstance(item, dict) for item in value)
