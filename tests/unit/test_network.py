"""Tests reach this machine and no other: a guard stands in front of every connection."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_a_connection_to_this_machine_is_let_through() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_a_connection_to_any_other_address_is_refused_before_it_is_tried() -> None:
    with (
        socket.socket() as client,
        pytest.warns(UserWarning, match="A test tried to use"),
        pytest.raises(SocketConnectBlockedError, match=r"127\.0\.0\.2"),
    ):
        client.connect(("127.0.0.2", 9))
