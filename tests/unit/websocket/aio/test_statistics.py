import asyncio

from strikewire.websocket import Connection, connect, serve


async def test_every_counter_counts_what_it_says() -> None:
    met: list[Connection] = []

    def handler(connection: Connection) -> None:
        met.append(connection)
        connection.on_message(
            lambda payload, is_text: connection.send_nowait(payload, text=is_text)
        )

    async with (
        serve(handler, compression=False) as server,
        connect(f"ws://127.0.0.1:{server.port}") as client,
    ):
        await client.send("x" * 200)
        await client.receive()
        await client.ping()
        server_side, client_side = met[0].statistics, client.statistics

    assert (server_side.messages_received, server_side.bytes_received) == (1, 200)
    assert (server_side.messages_sent, server_side.bytes_sent) == (1, 200)
    assert server_side.wire_bytes_received == (4 + 4 + 200) + (2 + 4 + 8)  # message, ping
    assert server_side.wire_bytes_sent == (4 + 200) + (2 + 8)  # message, pong
    assert server_side.sends == 2
    assert server_side.compressed is None
    assert client_side.round_trips is not None
    assert client_side.round_trips.count == 1


async def test_compression_is_counted_on_both_ends() -> None:
    async def handler(connection: Connection) -> None:
        async for message in connection:
            await connection.send(message)
            met.append(connection)

    met: list[Connection] = []
    async with serve(handler) as server, connect(f"ws://127.0.0.1:{server.port}") as client:
        await client.send("x" * 1000)
        await client.receive()
        await asyncio.sleep(0)
        sent, received = client.statistics.compressed, met[0].statistics.inflated

    assert sent is not None
    assert received is not None
    assert sent.plain_bytes == received.plain_bytes == 1000
    assert sent.wire_bytes == received.wire_bytes
    assert sent.ratio < 0.1


async def test_a_server_adds_up_those_that_are_here_and_those_that_are_gone() -> None:
    def handler(connection: Connection) -> None:
        connection.on_message(lambda payload, _: connection.send_nowait(payload, text=True))

    async with serve(handler, compression=False) as server:
        uri = f"ws://127.0.0.1:{server.port}"
        async with connect(uri) as stays:
            async with connect(uri) as leaves:
                await leaves.send("abc")
                await leaves.receive()
            await stays.send("12345")
            await stays.receive()
            while len(server.connections) > 1:  # noqa: ASYNC110 - the server's side ends when it does
                await asyncio.sleep(0.001)

            total = server.statistics

    assert (total.connections, total.opened) == (1, 2)
    assert (total.closed, total.closed_by_us) == ({1000: 1}, 0)
    assert (total.messages_received, total.bytes_received) == (2, 8)
    assert (total.messages_sent, total.bytes_sent) == (2, 8)
    assert total.compressed.messages == 0


async def test_what_compression_saved_is_added_up() -> None:
    def handler(connection: Connection) -> None:
        connection.on_message(lambda payload, _: connection.send_nowait(payload, text=True))

    async with serve(handler) as server:
        uri = f"ws://127.0.0.1:{server.port}"
        async with connect(uri) as one, connect(uri) as other:
            for client in (one, other):
                await client.send("x" * 500)
                await client.receive()

            total = server.statistics

    assert (total.inflated.messages, total.inflated.plain_bytes) == (2, 1000)
    assert (total.compressed.messages, total.compressed.plain_bytes) == (2, 1000)
    assert total.compressed.ratio < 0.2
