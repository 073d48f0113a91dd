"""Run one server; see the package."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import inspect
import logging
import ssl
import sys

from benchmarks.websocket_peers.process import (
    Settings,
    TwinFinder,
    allow_many_files,
    end_with_parent,
)

# Kind, and where its function is: imported late, so that no server pays for the others' memory.
KINDS = {
    "ours": "ours:callback",
    "ours_iterator": "ours:iterator",
    "ours_turn": "ours:turn",
    "picows": "picows_core:serve",
    "picows_websockets": "picows_websockets:serve",
    "websockets": "websockets_asyncio:serve",
    "aiohttp": "aiohttp_web:serve",
    "socketify": "socketify_app:serve",
    "uvicorn": "uvicorn_asgi:serve",
}


def main() -> None:
    """Serve until stdin ends. A kind that is a coroutine function runs on uvloop."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.websocket_peers")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--tls", metavar="FILE", help="PEM file of a certificate and its key")
    parser.add_argument("--interpreted", action="store_true")
    options = parser.parse_args()

    if options.interpreted:
        sys.meta_path.insert(0, TwinFinder())
    logging.basicConfig(level=logging.CRITICAL)
    allow_many_files()
    end_with_parent()
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.tls)
    settings = Settings(deflate=options.deflate, tls=tls)

    module, _, function = KINDS[options.kind].partition(":")
    serve = getattr(importlib.import_module(f"benchmarks.websocket_peers.{module}"), function)
    gc.collect()
    if inspect.iscoroutinefunction(serve):
        run_on_uvloop(serve(settings))
    else:
        serve(settings)


def run_on_uvloop(work: object) -> None:
    """Run a coroutine on the fastest loop that all of these libraries take."""
    assert asyncio.iscoroutine(work)
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    main()
