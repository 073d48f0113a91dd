import msgspec

from strikewire.exchange import CancelQuotes, MassQuote, Quote, QuoteSide, SetMmp, decode
from strikewire.model import AccountId, InstrumentId, Lots


def test_a_quote_leaves_as_it_is_what_it_does_not_name() -> None:
    entry = ["mass_quote", 1, "wings", [[2], [3, "calls", [None, 4]]]]

    command = decode(msgspec.msgpack.encode(entry))

    assert command == MassQuote(
        account_id=AccountId(1),
        mmp_group="wings",
        quotes=(
            Quote(instrument_id=InstrumentId(2), quote_set_id="", bid=None, ask=None),
            Quote(
                instrument_id=InstrumentId(3),
                quote_set_id="calls",
                bid=QuoteSide(price=None, amount=Lots(4)),
                ask=None,
            ),
        ),
    )


def test_who_names_no_quotes_takes_all_of_an_account_back_and_may_quote_on() -> None:
    command = decode(msgspec.msgpack.encode(["cancel_quotes", 1]))

    assert command == CancelQuotes(account_id=AccountId(1), is_freezing=False)
    assert (command.quote_set_id, command.instrument_id, command.kind) == (None, None, None)
    assert (command.currency, command.index, command.deltas_e5) == (None, None, None)


def test_a_protection_without_a_configuration_is_taken_away() -> None:
    command = decode(msgspec.msgpack.encode(["mmp", 1, "btc_usd"]))

    assert command == SetMmp(AccountId(1), "btc_usd", "", None)
