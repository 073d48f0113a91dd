"""Every value has a default that works, and limits that hold."""

import msgspec
import pytest

from strikewire.venue.config import Config


def test_the_defaults_are_a_whole_venue_on_this_machine_alone() -> None:
    config = Config()

    assert (config.server.host, config.server.port, config.server.tls_port) == (
        "127.0.0.1",
        8080,
        8443,
    )
    assert config.instruments.families == ("BTC", "ETH", "BTC_USDC")
    assert config.makers.enabled is False
    assert config.accounts == ()


@pytest.mark.parametrize(
    "table",
    [
        {"server": {"port": -1}},
        {"server": {"tls_port": 65_536}},
        {"instruments": {"option_strikes": 2}},
        {"prices": {"speed": 0}},
        {"prices": {"index_interval_ms": 10}},
        {"limits": {"connections": 0}},
        {"journal": {"snapshot_every": 1}},
        {"accounts": [{"name": ""}]},
    ],
)
def test_a_value_outside_its_limits_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Config)
