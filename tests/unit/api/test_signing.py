import hashlib
import hmac

import pytest

from strikewire.api import ApiError, ErrorCode, signing


def test_a_client_signature_is_an_hmac_of_three_lines() -> None:
    signature = signing.sign_client_data(
        "AMANDASECRECT", timestamp="1576074319000", nonce="1iqt2wls", data=""
    )

    # The worked example of Deribit's documentation.
    assert signature == "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1"


def test_a_request_signature_covers_verb_uri_and_body() -> None:
    signature = signing.sign_request(
        "secret",
        timestamp="1732284000000",
        nonce="n",
        verb="get",
        uri="/api/v2/private/get_positions?currency=BTC",
        body=b"",
    )

    text = b"1732284000000\nn\nGET\n/api/v2/private/get_positions?currency=BTC\n\n"
    assert signature == hmac.new(b"secret", text, hashlib.sha256).hexdigest()


def test_two_equal_signatures_are_the_same_in_either_case() -> None:
    assert signing.is_same("ab01", "ab01")
    assert signing.is_same("AB01", "ab01")


@pytest.mark.parametrize("signature", ["", "ab02", "ab01 ", "\u00e4b01", "ab01\x00"])
def test_another_signature_is_not_the_same(signature: str) -> None:
    assert not signing.is_same(signature, "ab01")


@pytest.mark.parametrize("now_ms", [40_000, 100_000, 160_000])
def test_a_timestamp_within_a_minute_is_fresh(now_ms: int) -> None:
    assert signing.is_fresh("100000", now_ms)


@pytest.mark.parametrize("now_ms", [39_999, 160_001])
def test_a_timestamp_more_than_a_minute_away_is_stale(now_ms: int) -> None:
    assert not signing.is_fresh("100000", now_ms)


@pytest.mark.parametrize("text", ["", "-1", "1e5", "\u0661", "9" * 19, " 1", "1_0"])
def test_a_timestamp_that_is_no_number_is_stale(text: str) -> None:
    assert not signing.is_fresh(text, 1)


def test_a_header_is_read_with_its_fields_in_any_order() -> None:
    expected = signing.SignedRequest(client_id="me", timestamp="5", nonce="n", signature="ab")

    for header in (
        "deri-hmac-sha256 id=me,ts=5,sig=ab,nonce=n",
        "deri-hmac-sha256 nonce=n, sig=ab, id=me, ts=5",
        "DERI-HMAC-SHA256 id=me,ts=5,nonce=n,sig=ab",
    ):
        assert signing.parse_authorization(header) == expected


def test_a_header_that_was_built_is_read_back() -> None:
    request = signing.SignedRequest(client_id="me", timestamp="5", nonce="n", signature="ab")

    header = signing.build_authorization(request)

    assert header == "deri-hmac-sha256 id=me,ts=5,nonce=n,sig=ab"
    assert signing.parse_authorization(header) == request


def test_a_token_and_a_password_are_read_too() -> None:
    assert signing.parse_authorization("Bearer abc.def") == signing.Bearer("abc.def")
    assert signing.parse_authorization("bearer  abc ") == signing.Bearer("abc")
    # "me:a:b" in base 64: only the first colon separates.
    assert signing.parse_authorization("Basic bWU6YTpi") == signing.Basic("me", "a:b")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Digest x",
        "Bearer",
        "Bearer ",
        "Basic !!!",
        "Basic bWU=",
        "Basic /w==",
        "deri-hmac-sha256",
        "deri-hmac-sha256 id=me,ts=5,sig=ab",
        "deri-hmac-sha256 id=me,ts=5,sig=ab,nonce",
        "deri-hmac-sha256 id=me,id=you,ts=5,sig=ab,nonce=n",
    ],
)
def test_a_header_of_another_form_is_unauthorized_and_not_quoted(header: str) -> None:
    with pytest.raises(ApiError) as caught:
        signing.parse_authorization(header)

    assert caught.value.code == ErrorCode.UNAUTHORIZED
    assert caught.value.reason in {
        "unknown authorization scheme",
        "malformed authorization header",
    }


def test_secrets_stay_out_of_reprs() -> None:
    assert "s3cret" not in repr(signing.Basic("me", "s3cret"))
    assert "t0ken" not in repr(signing.Bearer("t0ken"))
