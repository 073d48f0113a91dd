"""Packed commands and events in machine words: `packed.py` says what each of them means.

A part of `lane.pyx`, which includes it.
"""

cdef enum:  # as in `packed.py`
    PLACE = 1
    EDIT = 2
    CANCEL = 3
    POST_ONLY_FLAG = 1
    REJECT_POST_ONLY_FLAG = 2
    REDUCE_ONLY_FLAG = 4
    POST_ONLY_SAID = 8
    REDUCE_ONLY_SAID = 16
    ORDER_EVENT = 1
    TRADE_EVENT = 2
    FILL_EVENT = 3
    POSITION_EVENT = 4
    BALANCE_EVENT = 5
    LEVEL_EVENT = 6
    REJECTED_EVENT = 7

cdef struct Command:
    uint8_t op
    int8_t side
    uint8_t kind, force
    uint16_t flags, label_bytes
    int64_t account_id, other_id, price, amount, valid_until_ns

cdef struct Event:
    uint8_t kind
    int8_t side
    uint8_t state, flags
    uint32_t instrument_id
    int64_t a, b, c, d, e
