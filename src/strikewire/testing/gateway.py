"""A gateway to stand on in tests: its connections are lists, its sequencer is a queue.

The whole venue behind the doors is there (exchange, market data, sessions, hub), and nothing of it
waits: a command is carried out when the test says so, and time passes when the test says so.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from strikewire.exchange import (
    Command,
    Deposit,
    Event,
    Exchange,
    ListInstrument,
    Mark,
    OpenAccount,
    SetMarks,
)
from strikewire.gateway import RATES_OFF, ApiKey, Authenticator, Gateway, KeyStore, Limits, Rate
from strikewire.gateway.blocks import Proposals
from strikewire.gateway.desk import Desk
from strikewire.gateway.gateway import (
    Action,
    CloseConnection,
    SendTo,
    SetReading,
    SubmitCommand,
)
from strikewire.gateway.hub import TICK_NS, Delivery
from strikewire.gateway.judge import Judge
from strikewire.gateway.limits import RateLimiter
from strikewire.gateway.steps import Called
from strikewire.marketdata import Market, MarketData
from strikewire.model import CURRENCIES, InstrumentId, instrument, price_e8
from strikewire.testing.exchange import ACCOUNTS, ALICE, BOB, PLENTY, START_NS

VERSION = "9.9.9"

KEYS = {
    ALICE: ApiKey(client_id="alice", client_secret="alices-secret", account_id=ALICE),
    BOB: ApiKey(client_id="bob", client_secret="bobs-secret", account_id=BOB),
}


class Wire:
    """One client's end of a connection.

    Attributes:
        connection_id: As the gateway counts it.
        inbox: Every message that came, decoded.
        closed: Close code and reason once the gateway closed it.
        is_reading: Whether the gateway takes messages.
    """

    def __init__(self, floor: "GatewayFloor", connection_id: int) -> None:
        self._floor = floor
        self._ids = count(1)
        self.connection_id = connection_id
        self.inbox: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.is_reading = True

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Send a request and return its id; what it submits waits for `GatewayFloor.commit`."""
        request_id = next(self._ids)
        self.send_text(
            json.dumps(
                {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}}
            )
        )
        return request_id

    def send_text(self, text: str | bytes) -> None:
        """Send any text, or bytes that are none."""
        payload = text.encode() if isinstance(text, str) else text
        floor = self._floor
        floor.act(floor.gateway.receive(floor.now_ns, self.connection_id, payload))

    def call(self, method: str, **params: object) -> Any:  # noqa: ANN401 (any result of the API)
        """Send a request, let it be carried out, and return its result; an error fails the test."""
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def fail(self, method: str, **params: object) -> dict[str, Any]:
        """As `call`, for a request that must be answered with an error, which is returned."""
        answer = self.ask(method, **params)
        assert "error" in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send a request, let it be carried out, and return the whole answer."""
        request_id = self.send(method, params)
        self._floor.commit()
        return self.answer(request_id)

    def answer(self, request_id: int) -> dict[str, Any]:
        """Return the only answer to a request."""
        (found,) = (message for message in self.inbox if message.get("id") == request_id)
        return found

    def told(self, channel: str) -> list[Any]:
        """Return the data of all notifications of a channel, oldest first."""
        return [
            message["params"]["data"]
            for message in self.inbox
            if message.get("method") == "subscription" and message["params"]["channel"] == channel
        ]

    def close(self) -> None:
        """Hang up."""
        floor = self._floor
        del floor.wires[self.connection_id]
        floor.act(floor.gateway.close(floor.now_ns, self.connection_id))


class GatewayFloor:
    """A gateway with Alice's and Bob's keys, and the instruments that a test names.

    Attributes:
        now_ns: The time of everything; `wait` moves it.
        wires: Open connections.
        submitted: Commands that wait for `commit`.
        refusals: What the sequencer does with the next commands instead of taking them.
    """

    def __init__(
        self,
        *names: str,
        limits: Limits | None = None,
        rates: Mapping[str, Rate] = RATES_OFF,
    ) -> None:
        self.now_ns = START_NS
        self.exchange = Exchange()
        self.market = MarketData()
        self.wires: dict[int, Wire] = {}
        self.submitted: deque[SubmitCommand] = deque()
        self.journal: list[Command] = []
        self.answers: dict[int, dict[str, Any]] = {}
        self.is_locked = False
        self.keys = KeyStore(KEYS.values())
        entropy = count(1)
        self.desk = Desk(
            judge=Judge(self.exchange),
            exchange=self.exchange,
            market=self.market,
            authenticator=Authenticator(self.keys, lambda size: next(entropy).to_bytes(size)),
            proposals=Proposals(lambda size: next(entropy).to_bytes(size)),
            limiter=RateLimiter(rates),
            limits=limits or Limits(),
            clock=lambda: self.now_ns,
            version=VERSION,
            testnet=True,
            is_locked=lambda: self.is_locked,
        )
        self.gateway = Gateway(self.desk)
        for account_id, name in ACCOUNTS.items():
            self.apply(OpenAccount(account_id, name))
            for currency in CURRENCIES:
                self.apply(Deposit(account_id, currency, PLENTY))
        for number, name in enumerate(names, 1):
            self.apply(ListInstrument(instrument(name, instrument_id=number)))

    # What clients do

    def connect(self, address: str = "10.0.0.1") -> Wire:
        """Open a connection."""
        wire = Wire(self, self.gateway.open(address))
        self.wires[wire.connection_id] = wire
        return wire

    def login(self, key: ApiKey = KEYS[ALICE]) -> Wire:
        """Open a connection and authenticate it."""
        wire = self.connect()
        wire.call(
            "public/auth",
            grant_type="client_credentials",
            client_id=key.client_id,
            client_secret=key.client_secret,
        )
        return wire

    def rest(self, request: Called, address: str = "10.0.0.1") -> dict[str, Any]:
        """Make a REST call, let it be carried out, and return the whole answer."""
        call_id, actions = self.gateway.call(self.now_ns, address, request)
        self.act(actions)
        self.commit()
        return self.answers.pop(call_id)

    # What the venue does

    def apply(self, command: Command) -> tuple[Event, ...]:
        """Carry out a command of the venue itself, and tell the world."""
        events = self._carry_out(command)
        self.act(self.gateway.publish(self.now_ns, events))
        return events

    def commit(self) -> None:
        """Carry out everything that was submitted, in order, until nothing is left."""
        while self.submitted:
            submitted = self.submitted.popleft()
            events = self.apply(submitted.command)
            self.act(self.gateway.applied(self.now_ns, submitted.token, events))

    def mark(
        self,
        name: str,
        price: float,
        *,
        index: float | None = None,
        underlying: float | None = None,
        iv: float = 0.0,
        funding_rate: int = 0,
    ) -> None:
        """Mark an instrument.

        Args:
            name: Of the instrument.
            price: In its quote currency.
            index: Of its index; the mark price if left out, which an option's cannot be.
            underlying: Forward of its expiry; the index if left out.
            iv: Volatility of an option, in percent.
            funding_rate: Of a perpetual, in 1e-12 per eight hours.
        """
        market = self.of(name)
        spot = price if index is None else index
        mark = Mark(
            InstrumentId(market.instrument.instrument_id),
            price_e8(price),
            round(iv * 10_000),
            price_e8(spot if underlying is None else underlying),
            funding_rate,
        )
        indices = ((market.instrument.price_index, price_e8(spot)),)
        self.apply(SetMarks(indices, (mark,)))

    def of(self, name: str) -> Market:
        """Return the market of an instrument."""
        market = self.market.named(name)
        assert market is not None
        return market

    def tick(self, ticks: int = 1) -> None:
        """Let time pass, a hub's tick at a time."""
        for _ in range(ticks):
            self.now_ns += TICK_NS
            self.act(self.gateway.tick(self.now_ns))

    def act(self, actions: Iterable[Action]) -> None:
        """Carry out what the gateway asks for; commands are kept for `commit`."""
        for action in actions:
            match action:
                case SendTo(connection_id, payload):
                    self._deliver(connection_id, json.loads(payload))
                case Delivery(subscribers, payload):
                    for connection_id in subscribers:
                        self._deliver(connection_id, json.loads(payload))
                case CloseConnection(connection_id, code, reason):
                    if connection_id in self.wires:
                        self.wires[connection_id].closed = (code, reason)
                case SetReading(connection_id, is_on):
                    self.wires[connection_id].is_reading = is_on
                case SubmitCommand():
                    self.submitted.append(action)

    def _deliver(self, connection_id: int, message: dict[str, Any]) -> None:
        if connection_id in self.wires:
            self.wires[connection_id].inbox.append(message)
        else:
            assert connection_id not in self.answers
            self.answers[connection_id] = message

    def _carry_out(self, command: Command) -> tuple[Event, ...]:
        self.journal.append(command)
        return self.exchange.apply(len(self.journal), self.now_ns, command)
