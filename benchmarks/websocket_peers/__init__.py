"""The servers that are compared, each in a process of its own.

`python -m benchmarks.websocket_peers KIND [--deflate] [--tls FILE]` prints its port and serves
until stdin ends. A file below holds the kinds of one library, written as its own documentation
would have it be fast. What they do is the same for all:

- on `/echo` a message comes back, as text or binary as it came;
- a message on `/publish` goes, as text, to every connection on `/subscribe`;
- where there is HTTP, `GET /` is answered with 250 bytes of JSON.

`--deflate` agrees on permessage-deflate with clients that offer it; without, nothing is compressed.
`--interpreted` runs our own kernels uncompiled.
"""
