"""The client under test: asks the suite for its cases, and echoes what each of them sends."""

from __future__ import annotations

import sys

from compliance import testee
from strikewire.websocket import HandshakeError, connect


async def main(uri: str, agent: str, engine: str) -> None:
    """Run every case, then have the report written."""
    keywords = testee.keywords(connect, engine)
    async with connect(f"{uri}/getCaseCount", **keywords) as connection:
        cases = int(await connection.receive())
    for case in range(1, 1 + cases):
        target = f"{uri}/runCase?case={case}&agent={agent}"
        try:
            async with connect(target, **keywords) as connection:
                testee.echo(connection)
                await connection.wait_closed()
        except HandshakeError as error:
            print(f"case {case}: {error}", file=sys.stderr)
    async with connect(f"{uri}/updateReports?agent={agent}", **keywords) as connection:
        await connection.wait_closed()


if __name__ == "__main__":
    parser = testee.options(__doc__)
    parser.add_argument("uri", help="where the suite listens, such as ws://127.0.0.1:9001")
    parser.add_argument("agent", help="the name to have in its report")
    arguments = parser.parse_args()
    testee.run(main(arguments.uri, arguments.agent, arguments.engine), arguments.loop)
