"""What clients want: orders, changes of mind, and questions, one after the other or in bursts."""

from functools import partial
from typing import Final

import msgspec
from msgspec import UNSET, Raw

from strikewire.api.block_trades import BlockTrade, BlockTradeSignature
from strikewire.api.combos import Combo
from strikewire.api.market_data import OrderBook
from strikewire.api.quoting import MassQuoteResult
from strikewire.api.trading import Order, OrderAndTrades
from strikewire.client.errors import ClientError, UnknownOutcomeError
from strikewire.model import NS_PER_MS, NS_PER_S, AccountId
from strikewire.testing.simulation.agenda import Agenda
from strikewire.testing.simulation.client import Ask, Client
from strikewire.testing.simulation.combos import SPREAD, creation, spread_wish
from strikewire.testing.simulation.dice import Dice
from strikewire.testing.simulation.hall import Hall
from strikewire.testing.simulation.keys import Keys
from strikewire.testing.simulation.promises import Promises
from strikewire.testing.simulation.quotes import (
    INDICES,
    mass_quote,
    protection,
    second_thought,
)
from strikewire.testing.simulation.subscriptions import order_fact
from strikewire.testing.simulation.truth import WAITING, OrderFact, Truth
from strikewire.testing.simulation.violations import check
from strikewire.testing.simulation.wishes import GRIDS, Params, amount, trigger_price, wish

THINK_NS_MAX: Final = 9_000 * NS_PER_MS
"""How long a trader thinks at most while faults come; when they are over, it takes its time."""

CALM_NS_MAX: Final = 36_000 * NS_PER_MS
BURST_MAX: Final = 5

PLACES: Final = ("private/buy", "private/sell")

_combo: Final = msgspec.json.Decoder(Combo).decode
_quoted: Final = msgspec.json.Decoder(MassQuoteResult).decode
_signed: Final = msgspec.json.Decoder(BlockTradeSignature).decode
_dealt: Final = msgspec.json.Decoder(BlockTrade).decode
_placed: Final = msgspec.json.Decoder(OrderAndTrades).decode
_order: Final = msgspec.json.Decoder(Order).decode
_orders: Final = msgspec.json.Decoder(list[Order]).decode
_book: Final = msgspec.json.Decoder(OrderBook).decode


class Trader:
    """The user of one client.

    Attributes:
        client: Set right after it is made.
        is_trading: Whether it still begins anything.
        think_ns_max: How long it thinks at most before it does something again.
        acknowledged: Orders of its own that were acknowledged.
        open_orders: The account's, as the last answer to that question said.
        guarded: Labels of orders, and ids of quotes, sent while cancel on disconnect was on, by
            connection.
        resent: Labels of orders that were sent again on a later connection.
        keys: Its marked requests.
    """

    client: Client

    def __init__(
        self,
        name: str,
        account_id: AccountId,
        *,
        agenda: Agenda,
        dice: Dice,
        promises: Promises,
        truth: Truth,
        hall: Hall,
        instruments: list[str],
        combines: bool = False,
    ) -> None:
        self.is_trading = True
        self.think_ns_max = THINK_NS_MAX
        self.acknowledged = 0
        self.open_orders: list[Order] | None = None
        self.guarded: dict[int, set[str]] = {}
        self.resent: set[str] = set()
        self.keys = Keys()
        self._name = name
        self._account_id = account_id
        self._agenda = agenda
        self._dice = dice
        self._promises = promises
        self._truth = truth
        self._hall = hall
        self._instruments = instruments
        self._is_guarded = False
        self._own: dict[str, Order] = {}
        self._labels = 0
        self._marks = dice.chance(0.8)
        self._quotes = dice.chance(0.4)
        self._protected: set[str] = set()
        self._marked = 0
        # Dice of their own: where nothing is combined, everything is as it would be without.
        self._combining = dice.child("combos") if combines else None
        self._has_spread = False

    def begin(self) -> None:
        """Think, and act, and think again."""
        self._agenda.after(self._dice.up_to(self.think_ns_max), self._act)

    def prove(self) -> None:
        """Ask for orders, second by second, until one more is acknowledged; do nothing else."""
        self.is_trading = False
        self._prove(self.acknowledged)

    def _prove(self, acknowledged: int) -> None:
        if self.acknowledged > acknowledged:
            return
        if self.client.machine.is_ready:
            self._place()
        self._agenda.after(NS_PER_S, partial(self._prove, acknowledged))

    def ask_for_orders(self) -> None:
        """Ask which orders of the account are open."""
        self.open_orders = None
        self.client.call("private/get_open_orders", {})

    def known_orders(self) -> list[OrderFact] | None:
        """Return what the last answer to that said; None if there was none."""
        if self.open_orders is None:
            return None
        return [order_fact(order) for order in self.open_orders]

    # What the client tells

    def connected(self) -> None:
        """Take up where the last connection broke off."""
        self._is_guarded = False
        if self._dice.chance(0.3):
            self.client.call("private/enable_cancel_on_disconnect", {"scope": "connection"})
        self._ask_again()
        self.ask_for_orders()

    def told(self, order: Order) -> None:
        """Remember a state of an order."""
        self._promises.keep(self._account_id, order)
        if order.order_state in WAITING:
            self._own[order.order_id] = order
        else:
            self._own.pop(order.order_id, None)

    def answered(self, ask: Ask, result: Raw) -> None:
        """Take an answer."""
        self.keys.answered(ask, result)
        match ask.method:
            case "private/buy" | "private/sell" | "private/edit":
                self.acknowledged += 1
                self.told(_placed(result).order)
            case "private/cancel":
                self.told(_order(result))
            case "private/mass_quote":
                orders = _quoted(result).orders
                for order in [] if orders is UNSET else orders:
                    self.told(order)
            case "private/get_open_orders":
                self._compare(_orders(result))
            case "public/get_order_book":
                book = _book(result)
                levels = tuple(book.bids), tuple(book.asks)
                self.client.compare(book.instrument_name, book.change_id, levels)
            case "private/verify_block_trade":
                self._hall.signed(self._account_id, ask.params, _signed(result).signature)
            case "private/execute_block_trade":
                self._hall.executed(self._account_id, ask.params, _dealt(result).id)
            case "private/create_combo":
                self._follow_spread(_combo(result).id)
            case "private/enable_cancel_on_disconnect":
                self._is_guarded = True
            case _:
                pass

    def _follow_spread(self, name: str) -> None:
        """Listen to the book of the combo that was made, once."""
        check(name == SPREAD, "the same legs are the same combo", name)
        if not self._has_spread:
            self._has_spread = True
            self.client.follow(name, "raw")

    def _compare(self, orders: list[Order]) -> None:
        """Check that an answer knows what was told before it, and remember it."""
        self.open_orders = orders
        listed = {order.order_id for order in orders}
        missing = (self._own.keys() & self._truth.open_orders) - listed
        check(not missing, "a question sees what was told before its answer", sorted(missing))
        for order in orders:
            self.told(order)

    def failed(self, ask: Ask, error: ClientError) -> None:
        """Take note that nothing was done, unless nobody knows."""
        label = ask.params.get("label")
        is_open = self.keys.is_open(ask, error) or isinstance(error, UnknownOutcomeError)
        if isinstance(label, str) and ask.method in PLACES and not is_open:
            self._promises.refused(label)
        order_id = ask.params.get("order_id")
        if isinstance(order_id, str):
            self._own.pop(order_id, None)

    # What it does

    def _act(self) -> None:
        if not self.is_trading:
            return
        burst = self._dice.between(1, BURST_MAX) if self._dice.chance(0.4) else 1
        if self.client.machine.is_ready:
            self._ask_again()
        for _ in range(burst):
            if self.client.machine.is_ready:
                self._do_something()
        self.begin()

    def _do_something(self) -> None:
        if self._quotes and self._dice.chance(0.35):
            self._quote()
            return
        if self._dice.chance(0.06):
            self._deal()
            return
        if self._combining is not None and self._combining.chance(0.3):
            self._combine(self._combining)
            return
        draw = self._dice.up_to(99)
        if draw < 50 or (draw < 75 and not self._own):
            self._place()
        elif draw < 67:
            self._change("private/cancel", {"order_id": self._one_of_its_own()})
        elif draw < 75:
            self._edit()
        elif draw < 78:
            self._cancel_some()
        elif draw < 86:
            name = self._dice.pick(self._instruments)
            params: dict[str, object] = {"instrument_name": name, "depth": 1_000}
            self.client.call("public/get_order_book", params)
        elif draw < 94:
            self.client.call("private/get_open_orders", {})
        elif draw < 97:
            self.client.call("private/enable_cancel_on_disconnect", {"scope": "connection"})
        else:
            self.client.renew(self._dice.pick(list(self.client.books)))

    def _place(self) -> None:
        name = self._dice.pick(self._instruments)
        label = self._next_label()
        is_buy = self._dice.chance(0.5)
        self._order(wish(self._dice, name, label, is_buy=is_buy), is_buy=is_buy)

    def _combine(self, dice: Dice) -> None:
        """Trade the combo, once it is there; look at its book now and then."""
        if not self._has_spread:
            self._change("private/create_combo", creation(dice))
        elif dice.chance(0.1):
            self.client.call("public/get_order_book", {"instrument_name": SPREAD, "depth": 1_000})
        else:
            label, is_buy = self._next_label(), dice.chance(0.5)
            self._order(spread_wish(dice, label, is_buy=is_buy), is_buy=is_buy)

    def _next_label(self) -> str:
        self._labels += 1
        return f"{self._name}-{self._labels}"

    def _order(self, params: Params, *, is_buy: bool) -> None:
        ask = self._change("private/buy" if is_buy else "private/sell", params)
        if self._is_guarded and "trigger" not in params:
            self.guarded.setdefault(ask.link, set()).add(str(params["label"]))

    def _quote(self) -> None:
        """Do what a market maker does, once what it needs for that is there."""
        dice, account_id = self._dice, self._account_id
        index = INDICES[dice.pick(self._instruments)]
        if not self._is_guarded:
            self.client.call("private/enable_cancel_on_disconnect", {"scope": "connection"})
        elif index not in self._protected:
            self._protected.add(index)
            self._change("private/set_mmp_config", protection(dice, index, account_id))
        elif dice.chance(0.2):
            self._change(*second_thought(dice, self._instruments, account_id))
        else:
            quote_id = self._next_label()
            ask = self._change(
                "private/mass_quote", mass_quote(dice, self._instruments, account_id, quote_id)
            )
            self.guarded.setdefault(ask.link, set()).add(quote_id)

    def _deal(self) -> None:
        """Agree on a block trade, or carry out what another account has agreed to."""
        params = self._hall.take(self._dice, self._account_id)
        if params is not None:
            self._change("private/execute_block_trade", params)
            return
        name = self._dice.pick(self._instruments)
        terms = self._hall.terms(self._dice, name, self._agenda.now_ns)
        self.client.call("private/verify_block_trade", terms)

    def _edit(self) -> None:
        order = self._own[self._one_of_its_own()]
        name = order.instrument_name
        params: dict[str, object] = {
            "order_id": order.order_id,
            "amount": amount(self._dice, name),
        }
        if order.order_state == "untriggered":
            if isinstance(order.trigger_price, float) and self._dice.chance(0.5):
                is_above = order.trigger_price > GRIDS["BTC-PERPETUAL"].middle
                params["trigger_price"] = trigger_price(self._dice, is_above=is_above)
        elif self._dice.chance(0.5):
            params["price"] = GRIDS[name].price(self._dice.between(-6, 6))
        self._change("private/edit", params)

    def _cancel_some(self) -> None:
        """Cancel by one of the filters there are."""
        name = self._dice.pick(self._instruments)
        method, params = self._dice.pick(
            (
                ("private/cancel_all", {}),
                ("private/cancel_all_by_instrument", {"instrument_name": name}),
                ("private/cancel_all_by_currency", {"currency": "BTC"}),
                ("private/cancel_by_label", {"label": f"{self._name}-{self._labels}"}),
            )
        )
        self._change(method, dict(params))

    def _change(self, method: str, params: dict[str, object]) -> Ask:
        """Ask for a change; who marks requests is now and then so impatient as to ask twice."""
        if not self._marks:
            return self.client.call(method, params)
        self._marked += 1
        marked = {**params, "idempotency_key": f"{self._name}-{self._marked}"}
        ask = self.client.call(method, marked)
        if self._dice.chance(0.1):
            self.client.call(method, marked)
        return ask

    def _ask_again(self) -> None:
        """Send the marked requests whose outcome is not known once more."""
        for method, params in list(self.keys.lost.values()):
            label = params.get("label", params.get("quote_id"))
            if isinstance(label, str):
                # It may be placed on this connection, and outlive the one it was sent on first.
                self.resent.add(label)
            self.client.call(method, params)

    def _one_of_its_own(self) -> str:
        return self._dice.pick(list(self._own))


class Onlooker:
    """The user of a client without keys: it only listens."""

    def connected(self) -> None:
        """Do nothing."""

    def told(self, order: Order) -> None:
        """Do nothing."""

    def answered(self, ask: Ask, result: Raw) -> None:
        """Do nothing."""

    def failed(self, ask: Ask, error: ClientError) -> None:
        """Do nothing."""
