import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from strikewire.exchange import (
    SNAPSHOT_VERSION,
    Exchange,
    FeeKind,
    FeeRates,
    Limits,
    MarginModel,
    NoteState,
    SelfTrading,
    Verdict,
)
from strikewire.exchange.commands import NO_LIMITS
from strikewire.exchange.mmp import MmpConfig
from strikewire.exchange.state.hashing import STATE_HASH_BYTES, state_hash
from strikewire.exchange.state.ledgers import Holding
from strikewire.exchange.state.markets import Market
from strikewire.exchange.state.protection import Protection
from strikewire.exchange.state.state import State
from strikewire.exchange.state.windows import Exposure
from strikewire.model import COMBO_ID_FIRST, Units
from strikewire.testing.exchange import ALICE, BOB, CAROL
from tests.twins import interpreted
from tests.unit.exchange.state import test_snapshot
from tests.unit.exchange.state.test_snapshot import busy_floor

_, _, plain = interpreted("strikewire.exchange.state", "folding", "sealing", "hashing")

# Of `busy_floor` on every machine and Python. If a change of the code changes it, hashes that were
# written down before can no longer be compared: count `SNAPSHOT_VERSION` up.
HASH = "5259131d7f9a4deb161aa6dcb12222f25488c9e9fe62cc9cd6510aac4893ca69"


def test_equal_states_have_equal_hashes_whatever_was_looked_at() -> None:
    first, second = busy_floor(), busy_floor()
    for account_id in (ALICE, BOB, CAROL):
        second.exchange.summary(account_id, "ETH")
        second.exchange.position(account_id, second.id())
        second.exchange.state_hash()

    assert first.exchange.state_hash() == second.exchange.state_hash()
    assert len(first.exchange.state_hash()) == STATE_HASH_BYTES


def test_without_a_compiler_the_hash_is_the_same() -> None:
    floor = busy_floor()

    for _ in range(2):
        found = state_hash(floor.exchange._state)
        floor.exchange._state.reached = None
        assert plain.state_hash(floor.exchange._state) == found
        floor.apply(NoteState(SNAPSHOT_VERSION, found))
        floor.buy(ALICE, 5, at=120_010)


def test_a_restored_state_has_the_hash_of_the_one_it_was_taken_of() -> None:
    exchange = busy_floor().exchange

    assert Exchange.restore(exchange.snapshot()).state_hash() == exchange.state_hash()


LATER = 10**18
CHANGES: dict[str, Callable[[State], None]] = {
    "an account's name": lambda state: setattr(state.accounts[ALICE], "name", "other"),
    "when it was opened": lambda state: setattr(state.accounts[ALICE], "opened_ns", LATER),
    "its owner": lambda state: setattr(state.accounts[ALICE], "owner", BOB),
    "its changes": lambda state: setattr(state.accounts[ALICE], "changes", 99),
    "its count of payments": lambda state: setattr(state.accounts[ALICE], "transactions", 99),
    "until when it quotes nothing": lambda state: setattr(
        state.accounts[ALICE], "quotes_frozen_until_ns", LATER
    ),
    "its lock": lambda state: setattr(state.accounts[ALICE], "is_locked", True),
    "its margin model": lambda state: setattr(
        state.accounts[ALICE], "margin_model", MarginModel.CROSS
    ),
    "its self-trading": lambda state: setattr(
        state.accounts[ALICE], "self_trading", SelfTrading.REJECT_TAKER
    ),
    "and how far that goes": lambda state: setattr(
        state.accounts[ALICE], "self_trading_extended", True
    ),
    "its limits": lambda state: setattr(state.accounts[ALICE], "limits", Limits(open_orders_max=1)),
    "its fees": lambda state: state.accounts[ALICE].fees.update(
        {(FeeKind.FUTURE, "BTC"): FeeRates(0, 1)}
    ),
    "its closed orders": lambda state: state.accounts[ALICE].closed.append(
        next(iter(state.accounts[BOB].closed))
    ),
    "its fills": lambda state: state.accounts[ALICE].fills.append(
        next(iter(state.accounts[BOB].fills))
    ),
    "its conditional orders": lambda state: state.accounts[ALICE].conditional.clear(),
    "what a protection counted": lambda state: state.accounts[ALICE].protections.update(
        {("btc_usd", ""): counted()}
    ),
    "a balance": lambda state: setattr(state.accounts[ALICE].ledgers["BTC"], "balance", 1),
    "a session's profit": lambda state: setattr(
        state.accounts[ALICE].ledgers["BTC"], "session_rpl", 1
    ),
    "that of options": lambda state: setattr(
        state.accounts[ALICE].ledgers["BTC"], "options_session_rpl", 1
    ),
    "a session's funding": lambda state: setattr(
        state.accounts[ALICE].ledgers["BTC"], "session_funding", 1
    ),
    "fees paid": lambda state: setattr(state.accounts[ALICE].ledgers["BTC"], "fees_paid", 1),
    "a verdict": lambda state: setattr(
        state.accounts[ALICE].ledgers["BTC"],
        "verdict",
        Verdict(1, Units(1), Units(1)),
    ),
    "a ledger's payments": lambda state: (
        state.accounts[ALICE]
        .ledgers["BTC"]
        .transactions.append(next(iter(state.accounts[BOB].ledgers["BTC"].transactions)))
    ),
    "a position": lambda state: setattr(holding(state).position, "size", 77),
    "what it was entered at": lambda state: setattr(holding(state).position, "entry_value", 77),
    "its average": lambda state: setattr(holding(state).position, "average_price", 77),
    "its profit": lambda state: setattr(holding(state).position, "realized", 77),
    "its funding": lambda state: setattr(holding(state).position, "funding", 77),
    "when it last paid": lambda state: setattr(holding(state), "funding_ms", 77),
    "what had been paid": lambda state: setattr(holding(state), "funding_paid", 2**70),
    "a trade": lambda state: market(state).trades.append(next(iter(state.accounts[BOB].fills))),
    "an order in a book": lambda state: setattr(
        next(iter(market(state).book.bids.orders())), "updated_ns", LATER
    ),
    "a book's count": lambda state: setattr(market(state).book, "change_id", 99),
    "a market's count": lambda state: setattr(market(state), "trade_seq", 99),
    "a treasury": lambda state: setattr(state.treasury("BTC"), "rounding", 99),
    "the seal": lambda state: setattr(state, "seal", b"another"),
    "an id": lambda state: setattr(state, "next_order_id", 99),
    "who made a combo": lambda state: state.combos.makers.update({COMBO_ID_FIRST: ALICE}),
    "the number of the next one": lambda state: setattr(
        state.combos, "next_id", COMBO_ID_FIRST + 1
    ),
    "a lock": lambda state: state.locks.add("btc_usd"),
}


def counted() -> Protection:
    config = MmpConfig(interval_s=1, frozen_s=1, max_quote_quantity_e8=1, quantity_e8=9)
    one = Protection("btc_usd", "", config)
    one.count(LATER, Exposure(1, 0, 0))
    return one


def market(state: State) -> Market:
    return state.market_by_name["BTC-PERPETUAL"]


def holding(state: State) -> Holding:
    return state.accounts[ALICE].ledgers["BTC"].holdings[market(state).instrument_id]


@pytest.mark.parametrize("what", CHANGES)
def test_everything_counts(what: str) -> None:
    one, other = busy_floor().exchange._state, busy_floor().exchange._state
    for state in (one, other):
        state.accounts[ALICE].limits = NO_LIMITS
        holding(state).funding_ms = 1

    CHANGES[what](other)

    assert state_hash(other) != state_hash(one)


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_is_the_same_in_every_process(seed: str) -> None:
    program = f"""
import runpy
print(runpy.run_path({test_snapshot.__file__!r})["busy_floor"]().exchange.state_hash().hex())
"""

    printed = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert printed.strip() == HASH
