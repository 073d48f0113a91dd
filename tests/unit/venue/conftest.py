"""A small venue in this process: one coin, one expiry, free ports, no TLS unless asked for."""

import asyncio
import secrets
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from strikewire.client.surroundings import steady_clock
from strikewire.venue.config import (
    AccountConfig,
    Config,
    InstrumentsConfig,
    MakersConfig,
    ServerConfig,
)
from strikewire.venue.datadir import DataDir
from strikewire.venue.venue import Surroundings

ConfigMaker = Callable[..., Config]


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings(
        clock=steady_clock(), sleep=asyncio.sleep, entropy=secrets.token_bytes, progress=None
    )


@pytest.fixture
def folder(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


@pytest.fixture
def small() -> ConfigMaker:
    def make(*, makers: bool = False, tls: bool = False, port: int = 0) -> Config:
        return Config(
            server=ServerConfig(port=port, tls=tls, tls_port=0),
            instruments=InstrumentsConfig(families=("BTC",), option_expiries=1, option_strikes=3),
            makers=MakersConfig(enabled=makers),
            accounts=(
                AccountConfig(name="one", deposits={"BTC": Decimal(10)}),
                AccountConfig(name="two", deposits={"BTC": Decimal(10)}),
            ),
        )

    return make
