"""A client of the simulated venue: the SDK's own machines, on a simulated socket.

It does what the SDK's asyncio shell does: one connection at a time, a timer set by the machine's
deadline, notes handed to the readers. What it sends, hears and concludes is checked on the way.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec
from msgspec import Raw, Struct

from strikewire.api.signing import sign_client_data
from strikewire.api.trading import Order
from strikewire.client.book import BookStream
from strikewire.client.connection import ClientConnection
from strikewire.client.errors import ClientError, VenueError
from strikewire.client.events import Connected, Disconnected, Gap
from strikewire.client.outputs import (
    Answered,
    Close,
    Credentials,
    Failed,
    Happened,
    Open,
    Options,
    Output,
    Pushed,
    Send,
)
from strikewire.client.readers import Readers
from strikewire.model import AccountId
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.network import Link, Network
from strikewire.testing.simulation.subscriptions import Wiretap
from strikewire.testing.simulation.truth import Levels, Truth
from strikewire.testing.simulation.violations import Violation, check

OPTIONS: Final = Options(request_timeout_ms=5_000, retry_ms_max=2_000)

_decode_orders: Final = msgspec.json.Decoder(Order | list[Order]).decode


class Ask(Struct, eq=False):
    """A request of the client's user.

    Attributes:
        number: Counts the requests of the client.
        method: Of the API.
        params: Its parameters.
        link: Number of the connection it went out on.
        has_cancel_on_disconnect: Whether that was confirmed when it went out.
    """

    number: int
    method: str
    params: dict[str, object]
    link: int
    has_cancel_on_disconnect: bool = False


class User(Protocol):
    """Who uses the client."""

    def connected(self) -> None:
        """Take note that requests can be made, and that nothing is left of the old connection."""

    def answered(self, ask: Ask, result: Raw) -> None:
        """Take an answer."""

    def failed(self, ask: Ask, error: ClientError) -> None:
        """Take note that there is none, or that it is an error."""

    def told(self, order: Order) -> None:
        """Take a state of an order of the account."""


class Client:
    """One client.

    Attributes:
        name: Of the client; unique.
        account_id: Whose it is; None without keys.
        machine: The SDK's connection machine.
        books: What it reads of books, by channel.
        waiting: Requests without an answer.
        links: Connections it has had.
        user: Who uses it.
    """

    def __init__(
        self,
        name: str,
        credentials: Credentials | None,
        account_id: AccountId | None,
        *,
        agenda: Agenda,
        dice: Dice,
        network: Network,
        truth: Truth,
        user: User,
    ) -> None:
        self.name = name
        self.account_id = account_id
        self.user = user
        self.wiretap = Wiretap(truth, account_id)
        self.books: dict[str, BookStream] = {}
        self.waiting: dict[int, Ask] = {}
        self.links = 0
        self._agenda = agenda
        self._dice = dice
        self._network = network
        self._truth = truth
        self._link: Link | None = None
        self._is_dialling = False
        self._wants_open = False
        self._timer_ns: int | None = None
        self._asked = 0
        self._answered = 0
        self.machine = ClientConnection(
            credentials=credentials, options=OPTIONS, sign=self._sign, jitter=dice.up_to
        )
        now = agenda
        self._readers = Readers(
            want=lambda channels: self._perform(self.machine.want(now.now_ns, channels)),
            drop=lambda channels: self._perform(self.machine.drop(now.now_ns, channels)),
            renew=lambda channel: self._perform(self.machine.renew(now.now_ns, channel)),
        )

    # What its user does

    def start(self) -> None:
        """Begin to connect."""
        self._perform(self.machine.start())

    def follow(self, instrument_name: str, interval: str) -> None:
        """Keep a book."""
        stream = self._readers.add_book(instrument_name, interval, None)
        self.books[stream.channel] = stream

    def subscribe(self, channels: Sequence[str]) -> None:
        """Listen to channels."""
        self._perform(self.machine.want(self._agenda.now_ns, channels))

    def call(self, method: str, params: dict[str, object]) -> Ask:
        """Make a request; its user hears the outcome."""
        self._asked += 1
        ask = Ask(self._asked, method, params, self._link.number if self._link else 0)
        self.waiting[ask.number] = ask
        self._perform(self.machine.call(self._agenda.now_ns, ask, method, params))
        return ask

    def renew(self, channel: str) -> None:
        """Ask for a fresh snapshot, as after a gap."""
        self._perform(self.machine.renew(self._agenda.now_ns, channel))

    # What the network tells

    def opened(self, link: Link) -> None:
        """Take a connection that stands."""
        self._is_dialling = False
        self._link = link
        self.links += 1
        self._answered = 0
        self.wiretap.connected()
        self._perform(self.machine.opened(self._agenda.now_ns))

    def refused(self, reason: str) -> None:
        """Take note that no connection came about."""
        self._is_dialling = False
        self._gone(reason)

    def received(self, link: Link, payload: bytes) -> None:
        """Take a message of the venue."""
        assert link is self._link
        self.wiretap.received(payload)
        self._perform(self.machine.received(self._agenda.now_ns, payload))

    def ended(self, link: Link, reason: str) -> None:
        """Take note that the connection is gone."""
        if link is self._link or self._link is None:
            self._link = None
            self._is_dialling = False
            self._gone(reason)

    def _gone(self, reason: str) -> None:
        if not self._wants_open:
            self._perform(self.machine.closed(self._agenda.now_ns, reason))
        self._open_if_wanted()

    # What the machine asks for

    def _perform(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Send(payload):
                    self._send(payload)
                case Pushed(channel, data, first):
                    self._deliver(channel, data, is_first=first)
                case Answered(token, result):
                    assert isinstance(token, Ask)
                    self._in_order(token)
                    self.user.answered(token, result)
                case Failed(token, error):
                    assert isinstance(token, Ask)
                    self._fail(token, error)
                case Happened(event):
                    self._happened(event)
                case Open():
                    self._wants_open = True
                    self._open_if_wanted()
                case Close():
                    if self._link is not None:
                        self._link.hang_up(self)
        self._set_timer()

    def _open_if_wanted(self) -> None:
        """Connect, once the connection before has ended: the SDK holds one at a time."""
        if self._wants_open and self._link is None and not self._is_dialling:
            self._wants_open = False
            self._is_dialling = True
            self._network.dial(self)

    def _send(self, payload: bytes) -> None:
        if self._link is not None:
            self.wiretap.sent(payload)
            self._link.send_up(payload)

    def _deliver(self, channel: str, data: Raw, *, is_first: bool) -> None:
        self.wiretap.told(channel, data)
        if channel.startswith("user.orders."):
            orders = _decode_orders(data)
            for order in orders if isinstance(orders, list) else [orders]:
                self.user.told(order)
        self._readers.deliver(channel, data, now_ns=self._agenda.now_ns, is_first=is_first)
        if channel in self.books:
            self._check_book(channel)

    def _fail(self, ask: Ask, error: ClientError) -> None:
        if isinstance(error, VenueError):
            self._in_order(ask)
        self.waiting.pop(ask.number, None)
        self.user.failed(ask, error)

    def _in_order(self, ask: Ask) -> None:
        """Check that a connection answers in the order in which it was asked."""
        check(
            ask.number > self._answered,
            "answers come in the order of their requests",
            f"{self.name}: {ask.number} after {self._answered}",
        )
        self._answered = ask.number
        self.waiting.pop(ask.number, None)

    def _happened(self, event: object) -> None:
        if isinstance(event, Gap):
            check(False, "chains of books do not break", f"{self.name}: {event}")
        self._readers.tell(event)  # type: ignore[arg-type]  # whatever the machine tells
        if isinstance(event, Connected):
            self.user.connected()
        elif isinstance(event, Disconnected):
            trusted = [channel for channel, one in self.books.items() if not one.book.is_stale]
            check(not trusted, "a book without connection is marked stale", trusted)

    def _check_book(self, channel: str) -> None:
        """Compare a book with the venue's at the same change."""
        book = self.books[channel].book
        check(book.gaps == 0, "chains of books do not break", f"{self.name} {channel}")
        if not book.is_stale:
            view = book.view()
            self.compare(view.instrument_name, view.change_id, (view.bids, view.asks))

    def compare(self, name: str, change_id: int, levels: Levels) -> None:
        """Check levels against what was let out at a change."""
        expected = self._truth.books.get((name, change_id))
        if levels != expected:
            raise Violation(
                "a client's book is the venue's at the same change",
                f"{self.name}, {name} at {change_id}: {levels} against {expected}",
            )

    # Time and proof

    def _set_timer(self) -> None:
        due_ns = self.machine.deadline_ns()
        if due_ns is not None and (self._timer_ns is None or due_ns < self._timer_ns):
            self._timer_ns = due_ns
            self._agenda.at(due_ns, partial(self._ring, due_ns))

    def _ring(self, due_ns: int) -> None:
        if due_ns == self._timer_ns:
            self._timer_ns = None
            self._perform(self.machine.tick(self._agenda.now_ns))

    def _sign(self, credentials: Credentials, timestamp_ms: int) -> dict[str, object]:
        nonce = self._dice.bytes(8).hex()
        signature = sign_client_data(
            credentials.client_secret, timestamp=str(timestamp_ms), nonce=nonce, data=""
        )
        return {
            "grant_type": "client_signature",
            "client_id": credentials.client_id,
            "timestamp": timestamp_ms,
            "nonce": nonce,
            "data": "",
            "signature": signature,
        }
