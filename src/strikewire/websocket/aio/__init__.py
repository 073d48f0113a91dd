"""WebSockets and HTTP over asyncio (or uvloop): the shell that drives the sans-I/O room around it.

Bytes come in through here and leave through here; every rule of the protocol lives one floor up.
"""

from strikewire.websocket.aio.backlog import SlowReader as SlowReader
from strikewire.websocket.aio.client import connect as connect
from strikewire.websocket.aio.connection import Connection as Connection
from strikewire.websocket.aio.server import Handler as Handler
from strikewire.websocket.aio.server import HttpHandler as HttpHandler
from strikewire.websocket.aio.server import Server as Server
from strikewire.websocket.aio.server import serve as serve
from strikewire.websocket.aio.topics import Topic as Topic
