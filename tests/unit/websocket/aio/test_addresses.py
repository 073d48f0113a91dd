from strikewire.websocket import Limits
from strikewire.websocket.aio.addresses import Addresses


def counting(connections: int = 0, rate: float = 0.0) -> Addresses:
    return Addresses(
        Limits(connections_per_address_max=connections, requests_per_address_per_s=rate)
    )


class TestConnections:
    def test_an_address_holds_so_many_and_no_more(self) -> None:
        addresses = counting(connections=2)

        assert [addresses.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
        assert addresses.enter("192.0.2.2")

    def test_one_that_leaves_makes_room(self) -> None:
        addresses = counting(connections=1)
        addresses.enter("192.0.2.1")

        addresses.leave("192.0.2.1")

        assert addresses.enter("192.0.2.1")

    def test_of_ipv6_a_64_is_one_address(self) -> None:
        addresses = counting(connections=1)

        assert addresses.enter("2001:db8::1")
        assert not addresses.enter("2001:db8::ffff:2")
        assert addresses.enter("2001:db8:0:1::1")

    def test_a_link_local_address_has_a_zone(self) -> None:
        addresses = counting(connections=1)

        assert addresses.enter("fe80::1%eth0")
        assert not addresses.enter("fe80::1%eth0")

    def test_an_ipv4_address_may_come_as_ipv6(self) -> None:
        addresses = counting(connections=1)

        assert addresses.enter("::ffff:192.0.2.1")
        assert not addresses.enter("192.0.2.1")
        assert addresses.enter("::ffff:192.0.2.2")

    def test_without_a_limit_or_an_address_nobody_is_counted(self) -> None:
        assert all(counting().enter("192.0.2.1") for _ in range(10))
        assert all(counting(connections=1).enter("") for _ in range(10))
        counting().leave("192.0.2.1")
        counting(connections=1).leave("")


class TestRate:
    def test_a_seconds_worth_may_come_at_once(self) -> None:
        addresses = counting(rate=4)

        waits = [addresses.wait_s("192.0.2.1", 100.0) for _ in range(5)]

        assert waits == [0.0, 0.0, 0.0, 0.0, 1.0]
        assert addresses.wait_s("192.0.2.2", 100.0) == 0.0

    def test_the_rest_comes_one_by_one(self) -> None:
        addresses = counting(rate=4)
        for _ in range(4):
            addresses.wait_s("192.0.2.1", 100.0)

        assert addresses.wait_s("192.0.2.1", 100.25) == 0.0
        assert addresses.wait_s("192.0.2.1", 100.25) == 1.0

    def test_a_rate_below_one_a_second(self) -> None:
        addresses = counting(rate=0.5)

        assert addresses.wait_s("192.0.2.1", 100.0) == 0.0
        assert addresses.wait_s("192.0.2.1", 101.0) == 1.0
        assert addresses.wait_s("192.0.2.1", 102.0) == 0.0

    def test_without_a_rate_nobody_waits(self) -> None:
        assert [counting().wait_s("192.0.2.1", 0.0) for _ in range(3)] == [0.0] * 3

    def test_addresses_that_were_quiet_are_forgotten(self) -> None:
        addresses = counting(rate=10)
        for number in range(10_000):
            addresses.wait_s(f"10.0.{number // 256}.{number % 256}", 100.0)

        addresses.wait_s("192.0.2.1", 200.0)

        assert list(addresses._debts) == ["192.0.2.1"]
