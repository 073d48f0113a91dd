"""What a step gives out are values, and secrets stay inside."""

from strikewire.client.outputs import Close, Credentials, Options


def test_outputs_compare_by_value() -> None:
    assert Close(1000, "") == Close(1000, "")


def test_a_key_shows_its_id_only() -> None:
    assert "hidden" not in f"{Credentials('id', 'hidden')!r} {Credentials('id', 'hidden')}"


def test_requests_time_out_and_heartbeats_are_asked_for_by_default() -> None:
    assert Options().request_timeout_ms == 10_000
    assert Options().heartbeat_s == 10
