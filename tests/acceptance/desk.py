"""Two traders at one venue, who leave nothing behind."""

from decimal import Decimal
from typing import Any

from .wire import Socket


def exact(number: Any) -> Decimal:
    """The number as the venue printed it."""
    return Decimal(str(number))


class Desk:
    """Two traders; what they leave behind is gone before the next test.

    Attributes:
        alice: The first account.
        bob: The second account.
    """

    def __init__(self, alice: Socket, bob: Socket) -> None:
        self.alice = alice
        self.bob = bob
        self._before: dict[Socket, dict[str, dict[str, Decimal]]] = {}

    async def open(self) -> None:
        """Note what both have, so that `moved` can tell what has changed."""
        for trader in (self.alice, self.bob):
            found = await trader.call("private/get_account_summaries")
            self._before[trader] = {one["currency"]: figures(one) for one in found["summaries"]}

    async def moved(self, trader: Socket, currency: str) -> dict[str, Decimal]:
        """Return how far every figure of an account is from where the test began."""
        before = self._before[trader][currency]
        return {name: now - before[name] for name, now in (await summary(trader, currency)).items()}

    async def mark(self, name: str, step: float) -> float:
        """Return a price on the tick near the mark."""
        ticker = await self.alice.call("public/ticker", instrument_name=name)
        return float(max(round(ticker["mark_price"] / step), 1) * exact(step))

    async def close(self) -> None:
        """Cancel everything and trade both accounts back to no position."""
        for trader in (self.alice, self.bob):
            await trader.call("private/cancel_all")
        for position in await self.alice.call("private/get_positions"):
            name, size = position["instrument_name"], position["size"]
            listed = await self.alice.call("public/get_instrument", instrument_name=name)
            step = max([listed["tick_size"], *(s["tick_size"] for s in listed["tick_size_steps"])])
            price = await self.mark(name, step)
            long, short = (self.alice, self.bob) if size > 0 else (self.bob, self.alice)
            await buy(short, name, abs(size), price)
            await sell(long, name, abs(size), price)


async def buy(trader: Socket, name: str, amount: float, price: float, **more: Any) -> Any:
    """Place an order to buy and return the answer."""
    return await trader.call(
        "private/buy", instrument_name=name, amount=amount, price=price, **more
    )


async def sell(trader: Socket, name: str, amount: float, price: float, **more: Any) -> Any:
    """Place an order to sell and return the answer."""
    return await trader.call(
        "private/sell", instrument_name=name, amount=amount, price=price, **more
    )


async def summary(trader: Socket, currency: str) -> dict[str, Decimal]:
    """Return the figures of an account in a currency, exactly as printed."""
    return figures(await trader.call("private/get_account_summary", currency=currency))


def figures(found: dict[str, Any]) -> dict[str, Decimal]:
    """Return the numbers among the fields."""
    return {name: exact(one) for name, one in found.items() if type(one) in (int, float)}
