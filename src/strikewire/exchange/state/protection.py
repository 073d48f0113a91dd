"""One market-maker protection: what was traded under it, and whether it has acted.

Theory of operation.

| state     | trade                                       | time passes               | reset    |
|-----------|---------------------------------------------|---------------------------|----------|
| counting  | counts; at a limit it is triggered          | what is too old leaves    | counting |
| triggered | does not count (it comes of the same sweep) | counting, when it is over | counting |

What is counted with a trade is what was traded within the interval before it. When a protection has
acted, counting goes on from zero: what had been traded has had its consequence.

Source: Deribit, "Market Maker Protection (MMP) API Configuration".
"""

from strikewire.exchange.mmp import MmpConfig, MmpStatus
from strikewire.exchange.state.windows import Exposure, Part, Window
from strikewire.model import NS_PER_S


class Protection:
    """The protection of one account in one index: of its orders, or of one group of its quotes."""

    __slots__ = (
        "config",
        "frozen_until_ns",
        "group",
        "index",
        "is_triggered",
        "window",
    )

    def __init__(self, index: str, group: str, config: MmpConfig) -> None:
        self.index = index
        self.group = group
        self.config = config
        self.window = Window(config.interval_s)
        self.is_triggered = False
        self.frozen_until_ns = 0

    def configure(self, config: MmpConfig) -> None:
        """Let other limits be in force from the next trade on; what was counted stays."""
        self.config = config
        self.window.stretch(config.interval_s)

    def is_frozen(self, time_ns: int) -> bool:
        """Say whether no protected orders may come in."""
        return self.is_triggered and (self.frozen_until_ns == 0 or time_ns < self.frozen_until_ns)

    def bears(self, time_ns: int, trades: Exposure) -> bool:
        """Say whether trades would be counted, and it would not act on what they come to."""
        if self.is_triggered:
            return False
        return not self._is_reached(*self.window.left(time_ns).plus(trades))

    def count(self, time_ns: int, trade: Exposure) -> bool:
        """Count a trade, and say whether the protection acts on it."""
        if self.is_frozen(time_ns):
            return False
        if self.is_triggered:
            self.reset()
        window = self.window
        window.forget(time_ns)
        window.put(Part(time_ns, time_ns, *trade))
        if not self._is_reached(window.quantity_e8, window.delta_e8, window.vega_e8):
            return False
        self.is_triggered = True
        frozen_ns = self.config.frozen_s * NS_PER_S
        self.frozen_until_ns = time_ns + frozen_ns if frozen_ns else 0
        return True

    def reset(self) -> None:
        """Count from zero, and let orders come in."""
        self.window.clear()
        self.frozen_until_ns = 0
        self.is_triggered = False

    def status(self) -> MmpStatus:
        """Return the protection as it is now."""
        return MmpStatus(
            index=self.index,
            group=self.group,
            config=self.config,
            is_triggered=self.is_triggered,
            frozen_until_ns=self.frozen_until_ns,
            quantity_e8=self.window.quantity_e8,
            delta_e8=self.window.delta_e8,
            vega_e8=self.window.vega_e8,
        )

    def _is_reached(self, quantity_e8: int, delta_e8: int, vega_e8: int) -> bool:
        """Say whether what was traded is at a limit, or beyond."""
        config = self.config
        return bool(
            (config.quantity_e8 and quantity_e8 >= config.quantity_e8)
            or (config.delta_e8 and abs(delta_e8) >= config.delta_e8)
            or (config.vega_e8 and abs(vega_e8) >= config.vega_e8)
        )
