"""A WebSocket-first venue and data network for crypto options and derivatives."""

__version__ = "0.1.0"
