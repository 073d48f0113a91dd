from strikewire.gateway.heartbeat import Beat, Heartbeat, Life

S = 1_000_000_000
NOW = 1_767_225_600 * S


def started() -> Heartbeat:
    heartbeat = Heartbeat()
    heartbeat.start(NOW, 10 * S)
    return heartbeat


def test_nothing_is_asked_of_who_did_not_ask_for_it() -> None:
    heartbeat = Heartbeat()

    assert heartbeat.due_ns is None
    assert heartbeat.tick(NOW + 3_600 * S) is None


def test_a_silent_client_is_asked_and_then_closed() -> None:
    heartbeat = started()

    beats = [heartbeat.tick(NOW + seconds * S) for seconds in (9, 10, 19, 20, 30)]

    assert beats == [None, Beat.TEST_REQUEST, None, Beat.CLOSE, None]
    assert heartbeat.life is Life.OFF


def test_a_busy_client_is_told_that_the_venue_lives() -> None:
    heartbeat = started()

    for interval in range(1, 4):
        heartbeat.heard(is_test=False)
        assert heartbeat.tick(NOW + interval * 10 * S) is Beat.HEARTBEAT


def test_only_public_test_answers_a_test_request() -> None:
    heartbeat = started()
    assert heartbeat.tick(NOW + 10 * S) is Beat.TEST_REQUEST

    heartbeat.heard(is_test=False)
    assert heartbeat.life is Life.ASKED
    heartbeat.heard(is_test=True)

    assert heartbeat.tick(NOW + 20 * S) is Beat.HEARTBEAT


def test_a_second_request_begins_anew_with_its_own_interval() -> None:
    heartbeat = started()
    assert heartbeat.tick(NOW + 10 * S) is Beat.TEST_REQUEST

    heartbeat.start(NOW + 11 * S, 60 * S)

    assert heartbeat.tick(NOW + 70 * S) is None
    assert heartbeat.tick(NOW + 71 * S) is Beat.TEST_REQUEST


def test_once_stopped_it_asks_no_more() -> None:
    heartbeat = started()

    heartbeat.stop()

    assert heartbeat.tick(NOW + 100 * S) is None
