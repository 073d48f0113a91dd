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
