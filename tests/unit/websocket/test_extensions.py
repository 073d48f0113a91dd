from typing import Literal

import pytest

from strikewire.websocket import extensions
from strikewire.websocket.errors import HandshakeError
from strikewire.websocket.extensions import Agreement, Compression, conclude, parse_extensions

FULL = Compression(server_window_bits_max=15, client_window_bits_max=15)
SMALL = Compression(server_window_bits_max=10, client_window_bits_max=11)
FORGETFUL = Compression(
    server_window_bits_max=15,
    client_window_bits_max=15,
    server_keeps_context=False,
    client_keeps_context=False,
)


def answer(header: str, compression: Compression = FULL) -> str | None:
    parsed = parse_extensions([header])
    assert parsed is not None
    answered = extensions.answer(parsed, compression)
    return None if answered is None else answered[1]


def agreement(header: str, compression: Compression = FULL) -> Agreement:
    parsed = parse_extensions([header])
    assert parsed is not None
    answered = extensions.answer(parsed, compression)
    assert answered is not None
    return answered[0]


def concluded(header: str, compression: Compression | None = FULL) -> Agreement | None:
    parsed = parse_extensions([header])
    assert parsed is not None
    return conclude(parsed, compression)


class TestGrammar:
    """RFC 6455 9.1. Negotiating Extensions"""

    def test_names_parameters_and_values(self) -> None:
        assert parse_extensions(["foo, bar; baz=2; qux", 'a;b="c"']) == [
            ("foo", ()),
            ("bar", (("baz", "2"), ("qux", None))),
            ("a", (("b", "c"),)),
        ]

    def test_space_is_allowed_around_everything(self) -> None:
        assert parse_extensions(["  a ;\tb = 1 , , c "]) == [("a", (("b", "1"),)), ("c", ())]

    def test_no_header_is_no_extension(self) -> None:
        assert parse_extensions([]) == []

    @pytest.mark.parametrize(
        "header", ["a b", "a=1", ";", "a;", "a;=1", 'a;b="c d"', 'a;b="c', "é"]
    )
    def test_anything_else_is_malformed(self, header: str) -> None:
        assert parse_extensions([header]) is None


class TestAnswers:
    """RFC 7692 7.1. Negotiation, as a server"""

    def test_a_plain_offer_is_taken(self) -> None:
        assert answer("permessage-deflate") == "permessage-deflate"

    def test_other_extensions_are_passed_over(self) -> None:
        assert answer("x-webkit-deflate-frame, permessage-deflate") == "permessage-deflate"

    def test_nothing_is_answered_to_nothing(self) -> None:
        assert answer("x-webkit-deflate-frame") is None

    @pytest.mark.parametrize(
        "offer",
        [
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; client_max_window_bits; client_max_window_bits",
            "permessage-deflate; unknown",
        ],
    )
    def test_an_offer_that_breaks_the_rules_is_passed_over(self, offer: str) -> None:
        assert answer(offer) is None
        assert answer(f"{offer}, permessage-deflate") == "permessage-deflate"

    def test_the_first_good_offer_is_taken(self) -> None:
        header = (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9,"
            " permessage-deflate"
        )

        assert answer(header) == (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"
        )

    def test_the_smaller_window_is_agreed_on(self) -> None:
        offer = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9"

        agreed = agreement(offer, SMALL)

        assert (agreed.server_window_bits, agreed.client_window_bits) == (10, 9)
        assert answer(offer, SMALL) == (
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9"
        )

    def test_a_client_that_leaves_its_window_open_is_given_ours(self) -> None:
        assert (
            agreement("permessage-deflate; client_max_window_bits", SMALL).client_window_bits == 11
        )

    def test_a_client_that_does_not_speak_of_its_window_keeps_it(self) -> None:
        agreed = agreement("permessage-deflate", SMALL)

        assert agreed.client_window_bits == 15
        assert answer("permessage-deflate", SMALL) == (
            "permessage-deflate; server_max_window_bits=10"
        )

    def test_the_offered_server_window_is_echoed_even_at_its_widest(self) -> None:
        assert answer("permessage-deflate; server_max_window_bits=15") == (
            "permessage-deflate; server_max_window_bits=15"
        )

    def test_contexts_are_given_up_when_the_client_asks(self) -> None:
        offer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

        agreed = agreement(offer)

        assert (agreed.server_keeps_context, agreed.client_keeps_context) == (False, False)
        assert answer(offer) == offer

    def test_contexts_are_given_up_when_we_want_to(self) -> None:
        agreed = agreement("permessage-deflate", FORGETFUL)

        assert (agreed.server_keeps_context, agreed.client_keeps_context) == (False, False)
        assert answer("permessage-deflate", FORGETFUL) == (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        )


class TestOffers:
    """RFC 7692 7.1. Negotiation, as a client"""

    def test_the_plainest_offer_still_lets_the_server_choose_our_window(self) -> None:
        assert extensions.offer(FULL) == "permessage-deflate; client_max_window_bits"

    def test_windows_are_offered_when_small(self) -> None:
        assert extensions.offer(SMALL) == (
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=11"
        )

    def test_contexts_are_offered_up(self) -> None:
        assert extensions.offer(FORGETFUL) == (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover;"
            " client_max_window_bits"
        )

    def test_no_answer_is_no_compression(self) -> None:
        assert concluded("") is None

    def test_a_plain_answer_leaves_the_server_its_full_window(self) -> None:
        agreed = concluded("permessage-deflate")

        assert agreed is not None
        assert (agreed.server_window_bits, agreed.client_window_bits) == (15, 15)
        assert (agreed.server_keeps_context, agreed.client_keeps_context) == (True, True)

    def test_the_server_may_narrow_what_was_offered(self) -> None:
        agreed = concluded(
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10;"
            " server_no_context_takeover; client_no_context_takeover",
            SMALL,
        )

        assert agreed is not None
        assert (agreed.server_window_bits, agreed.client_window_bits) == (9, 10)
        assert (agreed.server_keeps_context, agreed.client_keeps_context) == (False, False)

    @pytest.mark.parametrize(
        ("header", "compression", "why"),
        [
            ("permessage-deflate", None, "not offered"),
            ("x-other", FULL, "not offered"),
            ("permessage-deflate, permessage-deflate", FULL, "not offered"),
            ("permessage-deflate; unknown", FULL, "answered"),
            ("permessage-deflate; server_max_window_bits=16", FULL, "answered"),
            ("permessage-deflate; client_max_window_bits", FULL, "answered"),
            ("permessage-deflate; server_max_window_bits=11", SMALL, "a window of 2"),
            ("permessage-deflate", SMALL, "a window of 2"),
            (
                "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12",
                SMALL,
                "allows us a window of 2",
            ),
            ("permessage-deflate", FORGETFUL, "keeps its context"),
        ],
    )
    def test_an_answer_to_something_else_fails_the_handshake(
        self, header: str, compression: Compression | None, why: str
    ) -> None:
        with pytest.raises(HandshakeError, match=why):
            concluded(header, compression)


@pytest.mark.parametrize("role", ["client", "server"])
def test_what_one_end_deflates_the_other_inflates(role: Literal["client", "server"]) -> None:
    agreed = agreement("permessage-deflate; client_max_window_bits", SMALL)
    other: Literal["client", "server"] = "server" if role == "client" else "client"

    data = agreed.deflater(role).deflate(b"Hello" * 100, last=True)

    target = agreed.inflater(other)
    assert target.inflate(data, room=1000) + target.finish(room=500) == b"Hello" * 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"server_window_bits_max": 7},
        {"client_window_bits_max": 16},
        {"level": 10},
        {"memory": 0},
        {"memory": 10},
        {"message_bytes_min": -1},
        {"ratio_max": -1},
        {"ratio_bytes_min": -1},
    ],
)
def test_compression_is_what_zlib_can_do(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"are 8 to 15|is 0 to 9|not negative"):
        Compression(**wrong)  # type: ignore[arg-type] # keywords from a table
