import msgspec

from strikewire.websocket.timeouts import Phase, Timeouts


def test_no_phase_has_a_limit_of_its_own_unless_it_is_given() -> None:
    assert set(msgspec.structs.astuple(Timeouts())) == {0.0}


def test_every_phase_has_its_time() -> None:
    named = {f"{phase.name.lower()}_s" for phase in Phase}

    assert {field.name for field in msgspec.structs.fields(Timeouts)} == named


def test_a_phase_reads_as_words() -> None:
    assert f"it was the {Phase.TLS}" == "it was the tls handshake"
