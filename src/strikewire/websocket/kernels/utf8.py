# cython: annotation_typing=False, boundscheck=False, wraparound=False
"""Validate UTF-8 as it arrives, and stop at the first byte that cannot be right.

Theory of operation. A text is validated in pieces of any size; what is carried from one piece to
the next is one small integer, the state: which bytes may come next.

    state     | next byte | then
    ----------|-----------|---------
    COMPLETE  | a first byte of a character: _FIRST says which state follows
    TAIL_1    | 80..BF    | COMPLETE
    TAIL_2    | 80..BF    | TAIL_1
    TAIL_3    | 80..BF    | TAIL_2
    AFTER_E0  | A0..BF    | TAIL_1      (below: an overlong form)
    AFTER_ED  | 80..9F    | TAIL_1      (above: a surrogate)
    AFTER_F0  | 90..BF    | TAIL_2      (below: an overlong form)
    AFTER_F4  | 80..8F    | TAIL_2      (above: beyond U+10FFFF)
    REJECT    | no byte can mend it

A message is valid when its last piece leaves COMPLETE.

Source: RFC 3629 section 4; The Unicode Standard, table 3-7 "Well-Formed UTF-8 Byte Sequences".
"""

COMPLETE = 0
TAIL_1 = 1
TAIL_2 = 2
TAIL_3 = 3
AFTER_E0 = 4
AFTER_ED = 5
AFTER_F0 = 6
AFTER_F4 = 7
REJECT = 8

# Indexed by state; COMPLETE's entries are never looked at.
_LOWEST = bytes([0x00, 0x80, 0x80, 0x80, 0xA0, 0x80, 0x90, 0x80])
_HIGHEST = bytes([0x00, 0xBF, 0xBF, 0xBF, 0xBF, 0x9F, 0xBF, 0x8F])
_THEN = bytes([COMPLETE, COMPLETE, TAIL_1, TAIL_2, TAIL_1, TAIL_1, TAIL_2, TAIL_2])

# Indexed by the first byte of a character.
_FIRST = (
    bytes([COMPLETE]) * 0x80
    + bytes([REJECT]) * (0xC2 - 0x80)  # tails without a head; C0 and C1 start overlong forms
    + bytes([TAIL_1]) * (0xE0 - 0xC2)
    + bytes([AFTER_E0])
    + bytes([TAIL_2]) * (0xED - 0xE1)
    + bytes([AFTER_ED])
    + bytes([TAIL_2]) * (0xF0 - 0xEE)
    + bytes([AFTER_F0])
    + bytes([TAIL_3]) * (0xF4 - 0xF1)
    + bytes([AFTER_F4])
    + bytes([REJECT]) * (0x100 - 0xF5)
)


def advance(state: int, data: bytes) -> int:
    """Return the state after `data`.

    Args:
        state: COMPLETE at the start of a text, else what the last piece returned; not REJECT.
        data: The next piece, any length.

    Returns:
        REJECT at the first byte that no continuation could make valid; COMPLETE if the text may
        end here; else a state in the middle of a character.
    """
    if state == 0 and data.isascii():
        return 0
    first = _FIRST
    lowest = _LOWEST
    highest = _HIGHEST
    then = _THEN
    source = data
    for i in range(len(data)):
        byte = source[i]
        if state == 0:
            state = first[byte]
            if state == 8:
                return 8
        elif lowest[state] <= byte <= highest[state]:
            state = then[state]
        else:
            return 8
    return state
