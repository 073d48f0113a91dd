"""RFC 6455 and 7692 without I/O, and asyncio over it: bytes in, messages out, and back.

Nothing here knows what a message means: this is the way in and out for every other room.
"""

from strikewire.websocket.aio import Admission as Admission
from strikewire.websocket.aio import Asgi as Asgi
from strikewire.websocket.aio import Connection as Connection
from strikewire.websocket.aio import DirectAdmission as DirectAdmission
from strikewire.websocket.aio import DirectResponse as DirectResponse
from strikewire.websocket.aio import ResponseWriter as ResponseWriter
from strikewire.websocket.aio import Router as Router
from strikewire.websocket.aio import Server as Server
from strikewire.websocket.aio import SlowReader as SlowReader
from strikewire.websocket.aio import StartupError as StartupError
from strikewire.websocket.aio import StaticFiles as StaticFiles
from strikewire.websocket.aio import Topic as Topic
from strikewire.websocket.aio import Upgrader as Upgrader
from strikewire.websocket.aio import Workers as Workers
from strikewire.websocket.aio import connect as connect
from strikewire.websocket.aio import serve as serve
from strikewire.websocket.aio import serve_asgi as serve_asgi
from strikewire.websocket.aio import serve_workers as serve_workers
from strikewire.websocket.aio.retrying import may_pass as may_pass
from strikewire.websocket.backoff import Backoff as Backoff
from strikewire.websocket.backoff import Retry as Retry
from strikewire.websocket.close_codes import CloseCode as CloseCode
from strikewire.websocket.errors import AddressInUseError as AddressInUseError
from strikewire.websocket.errors import ConnectionClosedError as ConnectionClosedError
from strikewire.websocket.errors import HandshakeError as HandshakeError
from strikewire.websocket.errors import HandshakeLostError as HandshakeLostError
from strikewire.websocket.errors import HandshakeStatusError as HandshakeStatusError
from strikewire.websocket.errors import HandshakeTimeoutError as HandshakeTimeoutError
from strikewire.websocket.errors import InvalidProxyError as InvalidProxyError
from strikewire.websocket.errors import InvalidURIError as InvalidURIError
from strikewire.websocket.errors import LocalProtocolError as LocalProtocolError
from strikewire.websocket.errors import PingTimeoutError as PingTimeoutError
from strikewire.websocket.errors import ProtocolError as ProtocolError
from strikewire.websocket.errors import ProxyError as ProxyError
from strikewire.websocket.errors import RedirectError as RedirectError
from strikewire.websocket.errors import RemoteProtocolError as RemoteProtocolError
from strikewire.websocket.errors import SlowReaderError as SlowReaderError
from strikewire.websocket.errors import WebSocketError as WebSocketError
from strikewire.websocket.http import HttpRequest as HttpRequest
from strikewire.websocket.http import HttpResponse as HttpResponse
from strikewire.websocket.limits import Limits as Limits
from strikewire.websocket.prepared import Prepared as Prepared
from strikewire.websocket.prepared import prepare as prepare
from strikewire.websocket.shared_deflate import SharedDeflater as SharedDeflater
from strikewire.websocket.timeouts import Phase as Phase
from strikewire.websocket.timeouts import Timeouts as Timeouts
