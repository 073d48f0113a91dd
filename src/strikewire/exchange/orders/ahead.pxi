"""What the commands of a batch will touch, fetched before their turn comes.

A part of `lane.pyx`, which includes it. A thousand accounts do not fit into the memory that is near
the processor, and each command touches some twenty places that nothing foretells; waiting for one
after the other takes longer than all the work. So while a command is carried out, the places of
those behind it are already on their way, one step further with each command: where to look, then
what is there, then what that refers to. Nothing is changed here, and nothing depends on it.
"""

cdef extern from *:
    """
    #define fetch(place) __builtin_prefetch(place)
    #define fetch_block(place, bytes) do { \
        for (size_t at_ = 0; at_ < (bytes); at_ += 64) __builtin_prefetch((char*)(place) + at_); \
    } while (0)
    """
    void fetch(const void* place) noexcept
    void fetch_block(const void* place, size_t size) noexcept

cdef enum:
    STAGES = 4
    STRIDE = 3  # commands from one stage to the next
    HEADER = 24  # of an object, before its fields


cdef struct Cursor:
    Py_ssize_t at
    Command command


cdef inline void advance(Cursor* cursor, const char* start, Py_ssize_t size) noexcept:
    """Read the next record, as far as there is one; else stay at the end."""
    if size - cursor.at < <Py_ssize_t>sizeof(Command):
        cursor.at, cursor.command.op = size, 0
        return
    memcpy(&cursor.command, start + cursor.at, sizeof(Command))
    cursor.at += sizeof(Command) + cursor.command.label_bytes


cdef inline void fetch_owner(PyObject* at) noexcept:
    """Fetch what stands behind a holding."""
    cdef Holding holding = <Holding>at
    fetch(<void*>holding.position)
    fetch(<char*><void*>holding.queue + HEADER)
    if holding.ledger != NULL:
        fetch_block(holding.ledger, 128)
        fetch_block(holding.account, 128)
