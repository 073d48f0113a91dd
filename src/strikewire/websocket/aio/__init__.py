"""WebSockets and HTTP over asyncio (or uvloop): the shell that drives the sans-I/O room around it.

Bytes come in through here and leave through here; every rule of the protocol lives one floor up.
"""

from strikewire.websocket.aio.admission import Admission as Admission
from strikewire.websocket.aio.admission import Admit as Admit
from strikewire.websocket.aio.admission import DirectAdmission as DirectAdmission
from strikewire.websocket.aio.asgi import Asgi as Asgi
from strikewire.websocket.aio.asgi import StartupError as StartupError
from strikewire.websocket.aio.asgi import serve_asgi as serve_asgi
from strikewire.websocket.aio.backlog import SlowReader as SlowReader
from strikewire.websocket.aio.client import connect as connect
from strikewire.websocket.aio.connection import Connection as Connection
from strikewire.websocket.aio.response_writer import DirectResponse as DirectResponse
from strikewire.websocket.aio.response_writer import HttpHandler as HttpHandler
from strikewire.websocket.aio.response_writer import ResponseWriter as ResponseWriter
from strikewire.websocket.aio.router import Router as Router
from strikewire.websocket.aio.server import Handler as Handler
from strikewire.websocket.aio.server import Server as Server
from strikewire.websocket.aio.server import serve as serve
from strikewire.websocket.aio.static_files import StaticFiles as StaticFiles
from strikewire.websocket.aio.topics import Topic as Topic
from strikewire.websocket.aio.upgrader import Upgrader as Upgrader
from strikewire.websocket.aio.workers import Workers as Workers
from strikewire.websocket.aio.workers import serve_workers as serve_workers
