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
    STAGES = 5
    STRIDE = 3  # commands from one stage to the next
    WINDOW = 16  # more than all stages together, and a power of two
    HEADER = 24  # of an object, before its fields


cdef struct Incoming:
    Command command
    const char* record
    const char* label
    Seat* seat  # of a new order: where its holding is found
    PyObject* market  # NULL where it is the one that was traded in last, or not known


cdef struct Window:
    # The records that were read from a batch and are not carried out yet; each is read once.
    Incoming[WINDOW] records
    const char* at
    const char* end
    Py_ssize_t count  # how many were read so far, of which the last so many are here


cdef inline Incoming* incoming(Window* window, Py_ssize_t number) noexcept:
    return &window.records[number & (WINDOW - 1)]


cdef inline bint read_on(Window* window) noexcept:
    """Read the next record, if it is there as a whole."""
    cdef Incoming* one = incoming(window, window.count)
    if window.end - window.at < <Py_ssize_t>sizeof(Command):
        return False
    memcpy(&one.command, window.at, sizeof(Command))
    one.record, one.label = window.at, window.at + sizeof(Command)
    if window.end - one.label < one.command.label_bytes:
        return False
    window.at = one.label + one.command.label_bytes
    window.count += 1
    return True


cdef inline void fetch_owner(PyObject* at) noexcept:
    """Fetch what stands behind a holding."""
    cdef Holding holding = <Holding>at
    fetch(<void*>holding.position)
    fetch(<char*><void*>holding.queue + HEADER)
    if holding.ledger != NULL:
        fetch_block(holding.ledger, 128)
        fetch_block(holding.account, 128)


cdef inline void fetch_archives(PyObject* at, bint trades) noexcept:
    """Fetch where it is kept what becomes of the orders of a holding, and what they traded."""
    cdef Holding holding = <Holding>at
    if holding.account == NULL:
        return
    fetch_block(<char*><void*>(<Account>holding.account).closed + HEADER, 64)
    if trades:
        fetch_block(<char*><void*>(<Account>holding.account).fills + HEADER, 64)
        fetch_block(<char*><void*>(<Ledger>holding.ledger).transactions + HEADER, 64)


cdef inline void fetch_market(int stage, Market market) noexcept:
    """Fetch a market, then its book and terms, then both sides, then their ends, then the best."""
    cdef HalfBook bids, asks
    if stage == 4:
        fetch_block(<void*>market, 256)
        return
    if stage == 3:
        fetch_block(<void*>market.book, 128)
        fetch_block(<void*>market.terms, 576)
        return
    bids, asks = market.book.bids, market.book.asks
    if stage == 2:
        fetch(<void*>bids)
        fetch(<void*>asks)
    elif stage == 1:
        fetch(bids.rungs + bids.count - 1)
        fetch(asks.rungs + asks.count - 1)
    else:
        fetch(bids.first())
        fetch(asks.first())
