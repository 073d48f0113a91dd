# cython: annotation_typing=False, boundscheck=False, wraparound=False
"""Mask and unmask payloads.

Source: RFC 6455 section 5.3: octet i of the payload is XORed with octet i mod 4 of the key, and
the same operation undoes it.
"""

COMPILED = not __file__.endswith(".py")


def apply(data: bytes, key: bytes) -> bytes:
    """Return `data` masked, or unmasked, with `key`.

    Args:
        data: Payload, any length.
        key: Four bytes; its first byte meets the first byte of `data`.
    """
    assert len(key) == 4
    if not COMPILED:
        return _apply_as_integers(data, key)
    size = len(data)
    whole = size - size % 4
    out = bytes(size)
    source = data
    # Compiled, `target` is a pointer into new bytes that nobody has seen yet.
    target: bytearray = out  # type: ignore[assignment]  # so says the .pxd
    k0 = key[0]
    k1 = key[1]
    k2 = key[2]
    k3 = key[3]
    for i in range(0, whole, 4):  # four at a time: the C compiler makes vectors of it
        target[i] = source[i] ^ k0
        target[i + 1] = source[i + 1] ^ k1
        target[i + 2] = source[i + 2] ^ k2
        target[i + 3] = source[i + 3] ^ k3
    for i in range(whole, size):
        target[i] = source[i] ^ key[i % 4]
    return out


def _apply_as_integers(data: bytes, key: bytes) -> bytes:
    # Interpreted, a loop costs 50 ns a byte; Python XORs two long integers without one.
    size = len(data)
    keys = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")
    return masked.to_bytes(size, "little")
