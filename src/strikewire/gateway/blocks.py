"""What accounts have agreed to and others may execute: signatures, made and kept by the venue.

Theory of operation. Who verifies a block trade gets a signature over the terms, made with a secret
that never leaves the process. The venue keeps whose it is: so nothing about an account is written
into what travels between the two, and a signature can be taken back. Who executes names the same
terms, the other role, and the signature; only then the two accounts become one command. Signatures
end with the process: whoever waited for one asks again.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from strikewire.api import ApiError, ErrorCode
from strikewire.api.block_trades import Role
from strikewire.exchange import BLOCK_VALID_MS, BlockLeg
from strikewire.model import AccountId, ns_to_ms

SECRET_BYTES: Final = 32

SIGNATURES_KEPT_MAX: Final = 100
"""Valid signatures of an account; when one more is made, its oldest is forgotten."""


class Terms(NamedTuple):
    """What two accounts agree on.

    Attributes:
        timestamp_ms: When, milliseconds since the Unix epoch; from it on it holds for so long.
        nonce: The two's own word.
        legs: With the maker's sides.
    """

    timestamp_ms: int
    nonce: str
    legs: tuple[BlockLeg, ...]


class Proposal(NamedTuple):
    """What one account has agreed to."""

    account_id: AccountId
    role: Role
    terms: Terms


class Proposals:
    """Every signature that is valid.

    Args:
        entropy: Returns that many unpredictable bytes: `secrets.token_bytes`.
    """

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._secret = b""
        self._kept: dict[str, Proposal] = {}
        self._of: dict[AccountId, list[str]] = {}

    def sign(self, now_ns: int, proposal: Proposal) -> str:
        """Return the signature of what an account agrees to; the same for the same again.

        Raises:
            ApiError: 13888, the terms are too old, or too far in the future.
        """
        _check_time(now_ns, proposal.terms)
        if not self._secret:
            self._secret = self._entropy(SECRET_BYTES)
        signature = self._signature(proposal)
        if signature not in self._kept:
            self._forget(proposal.account_id, now_ns)
            self._kept[signature] = proposal
            self._of.setdefault(proposal.account_id, []).append(signature)
        return signature

    def counterparty(self, now_ns: int, role: Role, terms: Terms, signature: str) -> AccountId:
        """Return who has signed these terms in the other role.

        Args:
            now_ns: Nanoseconds since the Unix epoch.
            role: Of the one who asks.
            terms: As he names them.
            signature: Of the other side.

        Raises:
            ApiError: 13888, the terms are not valid now; 11043, nobody signed them with this
                signature, or it was taken back.
        """
        _check_time(now_ns, terms)
        found = self._kept.get(signature)
        if found is None or found.role == role or found.terms != terms:
            raise _unknown("counterparty_signature")
        return found.account_id

    def take_back(self, account_id: AccountId, signature: str) -> None:
        """Let nobody execute with a signature any more.

        Raises:
            ApiError: 11043, it is none of the account's.
        """
        found = self._kept.get(signature)
        if found is None or found.account_id != account_id:
            raise _unknown("signature")
        self._drop([signature], account_id)

    def void(self, proposal: Proposal) -> None:
        """Let nobody execute what an account has agreed to, if it has."""
        signature = self._signature(proposal)
        if signature in self._kept:
            self._drop([signature], proposal.account_id)

    def _signature(self, proposal: Proposal) -> str:
        text = msgspec.json.encode(proposal)
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    def _forget(self, account_id: AccountId, now_ns: int) -> None:
        """Make room for one more signature of an account."""
        signatures = self._of.get(account_id, [])
        over = [one for one in signatures if not is_valid(now_ns, self._kept[one].terms)]
        self._drop(over, account_id)
        if len(self._of.get(account_id, ())) >= SIGNATURES_KEPT_MAX:
            self._drop(self._of[account_id][:1], account_id)

    def _drop(self, signatures: Sequence[str], account_id: AccountId) -> None:
        for one in signatures:
            del self._kept[one]
            self._of[account_id].remove(one)
        if not self._of.get(account_id, True):
            del self._of[account_id]


def is_valid(now_ns: int, terms: Terms) -> bool:
    """Say whether terms are neither too old nor too far in the future."""
    return abs(ns_to_ms(now_ns) - terms.timestamp_ms) < BLOCK_VALID_MS


def _check_time(now_ns: int, terms: Terms) -> None:
    if not is_valid(now_ns, terms):
        reason = f"{terms.timestamp_ms} is not within {BLOCK_VALID_MS} ms of now"
        raise ApiError(ErrorCode.TIMED_OUT, param="timestamp", reason=reason)


def _unknown(param: str) -> ApiError:
    reason = "is none of these terms, or was taken back"
    return ApiError(ErrorCode.BAD_ARGUMENT, param=param, reason=reason)
