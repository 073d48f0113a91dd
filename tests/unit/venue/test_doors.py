"""Every door is tried before a venue begins, and its addresses are told as clients reach them."""

import socket

import pytest

from strikewire.venue.config import ServerConfig
from strikewire.venue.doors import AddressError, Addresses, addresses, try_doors
from strikewire.venue.settings import ConfigError
from strikewire.websocket import AddressInUseError


async def test_doors_that_were_tried_are_free_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    await try_doors(ServerConfig(port=port, tls_port=0))

    with socket.socket() as again:
        again.bind(("127.0.0.1", port))


@pytest.mark.parametrize("which", ["port", "tls_port"])
async def test_a_door_that_another_program_has_is_named(which: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = {"port": 0, "tls_port": 0, which: other.getsockname()[1]}

        with pytest.raises(AddressInUseError, match=str(ports[which])):
            await try_doors(ServerConfig(**ports))


async def test_a_taken_port_for_tls_is_nothing_to_a_venue_without() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        await try_doors(ServerConfig(port=0, tls=False, tls_port=other.getsockname()[1]))


async def test_two_doors_need_two_ports() -> None:
    with pytest.raises(ConfigError, match=r"server\.tls_port = 9000: server\.port is the same"):
        await try_doors(ServerConfig(port=9000, tls_port=9000))


@pytest.mark.parametrize("host", ["192.0.2.1", "a\0b"])
async def test_a_host_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(AddressError, match="cannot listen on "):
        await try_doors(ServerConfig(host=host, port=0, tls=False))


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
    ],
)
def test_clients_are_told_how_they_reach_the_host(host: str, reached: str) -> None:
    assert addresses(host, 1, 2, ca_file="ca.pem") == Addresses(
        http=f"http://{reached}:1",
        ws=f"ws://{reached}:1/ws/api/v2",
        https=f"https://{reached}:2",
        wss=f"wss://{reached}:2/ws/api/v2",
        ca_file="ca.pem",
    )


def test_without_tls_there_is_nothing_to_trust() -> None:
    assert addresses("127.0.0.1", 1, 0, ca_file="ca.pem") == Addresses(
        http="http://127.0.0.1:1", ws="ws://127.0.0.1:1/ws/api/v2"
    )
