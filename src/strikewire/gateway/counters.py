"""What the gateway did since it began, for `status` pages and `doctor`."""

from msgspec import Struct


class Counters(Struct):
    """Numbers that only grow, except those that say now.

    Attributes:
        connections: WebSocket connections open now.
        connections_opened: Ever.
        connections_refused: Over a limit on connections.
        requests: Taken, over WebSocket and REST.
        errors: Requests answered with an error.
        rate_limited: Requests for which there were no credits.
        commands: Handed to the sequencer.
        commands_refused: Not taken by it.
        notifications: Made, each counted once.
        notifications_sent: To readers, each counted for each of them.
    """

    connections: int = 0
    connections_opened: int = 0
    connections_refused: int = 0
    requests: int = 0
    errors: int = 0
    rate_limited: int = 0
    commands: int = 0
    commands_refused: int = 0
    notifications: int = 0
    notifications_sent: int = 0
