"""The demo says when it is ready, and what it found when it ends."""

import asyncio

import msgspec

from strikewire.client import connect
from strikewire.venue.datadir import DataDir
from strikewire.venue.demo import DemoOptions, Ready, demo_config, run_demo
from strikewire.venue.venue import Surroundings, Venue

QUIET = DemoOptions(port=0, tls_port=0, makers=False)


def test_the_demo_has_two_funded_accounts_and_every_family() -> None:
    config = demo_config(DemoOptions(port=1, tls_port=2, makers=False, seed=7))

    assert [account.name for account in config.accounts] == ["demo-1", "demo-2"]
    for account in config.accounts:
        assert {name: str(coins) for name, coins in account.deposits.items()} == {
            "BTC": "100",
            "ETH": "1000",
            "USDC": "1000000",
        }
    assert config.instruments.families == ("BTC", "ETH", "BTC_USDC")
    assert (config.server.port, config.server.tls_port) == (1, 2)
    assert (config.makers.enabled, config.makers.seed) == (False, 7)


async def test_the_demo_is_announced_once_it_answers_and_runs_until_told(
    folder: DataDir, surroundings: Surroundings
) -> None:
    stopped = asyncio.Event()
    announced: list[Ready] = []

    def announce(ready: Ready, _venue: Venue) -> None:
        announced.append(ready)
        stopped.set()

    verdict = await run_demo(QUIET, folder, surroundings, announce=announce, stopped=stopped)

    assert verdict is None
    (ready,) = announced
    printed = msgspec.json.decode(msgspec.json.encode(ready))
    assert list(printed) == ["http", "ws", "wss", "ca_file", "accounts"]
    assert [list(account) for account in printed["accounts"]] == [
        ["client_id", "client_secret"],
        ["client_id", "client_secret"],
    ]
    assert ready.ws.endswith("/ws/api/v2")
    assert ready.ca_file == str(folder.authority)


async def test_a_run_that_ends_by_itself_is_checked_even_without_makers(
    folder: DataDir, surroundings: Surroundings
) -> None:
    options = msgspec.structs.replace(QUIET, seconds=0.01)
    ready: list[Ready] = []

    verdict = await run_demo(
        options,
        folder,
        surroundings,
        announce=lambda one, _venue: ready.append(one),
        stopped=asyncio.Event(),
    )

    assert verdict is not None
    assert verdict.faults == ()
    assert verdict.fills == 1
    assert verdict.books == verdict.instruments
    assert verdict.state_hash == verdict.replay_hash


async def test_a_second_demo_in_the_same_folder_has_the_same_keys(
    folder: DataDir, surroundings: Surroundings
) -> None:
    keys = []
    for _ in range(2):
        stopped = asyncio.Event()

        def announce(ready: Ready, _venue: Venue, stopped: asyncio.Event = stopped) -> None:
            keys.append(ready.accounts)
            stopped.set()

        await run_demo(QUIET, folder, surroundings, announce=announce, stopped=stopped)

    assert keys[0] == keys[1]


async def test_the_accounts_can_trade_at_once(folder: DataDir, surroundings: Surroundings) -> None:
    stopped = asyncio.Event()
    ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            run_demo(
                QUIET,
                folder,
                surroundings,
                announce=lambda one, _venue: ready.set_result(one),
                stopped=stopped,
            )
        )
        address = await ready
        key = address.accounts[1]
        async with connect(
            address.wss, key.client_id, key.client_secret, ca_file=address.ca_file
        ) as client:
            summaries = await client.get_account_summaries()
        stopped.set()

    balances = {one.currency: one.balance for one in summaries.summaries}
    assert balances == {"BTC": 100.0, "ETH": 1_000.0, "USDC": 1_000_000.0}
