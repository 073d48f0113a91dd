"""Time, chance and trust come from the computer, and only here."""

import ssl
from pathlib import Path

import pytest

from strikewire.api.signing import sign_client_data
from strikewire.client.outputs import Credentials
from strikewire.client.surroundings import jitter, sign, steady_clock, trust


def test_the_clock_counts_nanoseconds_since_1970_and_never_goes_back() -> None:
    clock = steady_clock()
    readings = [clock() for _ in range(100)]

    assert readings == sorted(readings)
    assert readings[0] > 1_700_000_000 * 10**9


def test_jitter_stays_in_its_range() -> None:
    assert {jitter(1) for _ in range(200)} == {0, 1}
    assert jitter(0) == 0


def test_the_proof_of_a_secret_does_not_hold_the_secret() -> None:
    params = sign(Credentials("id", "secret"), 1_700_000_000_000)

    assert params["grant_type"] == "client_signature"
    assert "secret" not in params.values()
    assert params["signature"] == sign_client_data(
        "secret", timestamp="1700000000000", nonce=str(params["nonce"]), data=""
    )
    assert sign(Credentials("id", "secret"), 0)["nonce"] != params["nonce"]


def test_plain_addresses_need_no_trust_and_secure_ones_check_the_name() -> None:
    assert trust("ws://127.0.0.1:8080/ws/api/v2", "") is None
    context = trust("wss://127.0.0.1:8443/ws/api/v2", "")
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_an_authority_file_that_is_not_there_or_holds_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()

    for name in ("absent.pem", "empty.pem"):
        with pytest.raises(OSError, match=f"no authority to trust in .*{name}: "):
            trust("wss://127.0.0.1:8443/ws/api/v2", str(tmp_path / name))
