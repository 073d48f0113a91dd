"""Money that answers together: what an account has against what its positions need to be kept.

With segregated margin every currency of an account stands alone. Whoever asks whether an account is
under water, or what is left of it, asks its pools.
"""

from strikewire.exchange.ledgers import Holding, Ledger
from strikewire.exchange.state import Account, State


class Pool:
    """Some ledgers of one account, all valued at the last marks.

    Attributes:
        account: Whose.
        ledgers: By currency.
    """

    __slots__ = ("account", "ledgers")

    def __init__(self, account: Account, ledgers: dict[str, Ledger]) -> None:
        self.account = account
        self.ledgers = ledgers

    @property
    def funds(self) -> int:
        """What stands behind the positions."""
        return sum(ledger.funds for ledger in self.ledgers.values())

    @property
    def maintenance(self) -> int:
        """What the positions need to be kept."""
        return sum(ledger.maintenance_required for ledger in self.ledgers.values())

    @property
    def equity(self) -> int:
        """What would be left if everything were closed at the marks."""
        return sum(ledger.equity for ledger in self.ledgers.values())

    @property
    def lacking(self) -> int:
        """By how much the funds are less than what the positions need; negative if they are not."""
        return self.maintenance - self.funds

    @property
    def is_under_water(self) -> bool:
        """Whether positions have to be reduced."""
        return self.lacking > 0

    @property
    def is_by_verdict(self) -> bool:
        """Whether the need comes from outside, and no part of it belongs to one position."""
        return any(ledger.verdict is not None for ledger in self.ledgers.values())

    @property
    def holdings(self) -> list[Holding]:
        """What is held, by instrument."""
        held = {
            instrument_id: holding
            for ledger in self.ledgers.values()
            for instrument_id, holding in ledger.holdings.items()
            if holding.size
        }
        return [held[instrument_id] for instrument_id in sorted(held)]


def pools(state: State, account: Account) -> list[Pool]:
    """Return an account's pools, by currency."""
    return [
        Pool(account, {currency: state.ledger(account, currency)})
        for currency in sorted(account.ledgers)
    ]
