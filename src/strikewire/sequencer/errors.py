"""Why a command was not carried out, other than that the exchange rejected it."""


class QueueFull(Exception):
    """As many commands wait for the journal as may; this one was not taken.

    Attributes:
        limit: How many may wait.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} commands are waiting already")


class CommandTooLarge(Exception):
    """A command's bytes are more than the journal is given at a time; it was not taken.

    Attributes:
        size: Bytes of the command.
        limit: Bytes that a command may have.
    """

    def __init__(self, *, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(f"command has {size} bytes, at most {limit} are taken")


class SequencerStopped(Exception):
    """The sequencer takes and answers nothing any more.

    Attributes:
        reason: Why.
        in_doubt: True where the command may have been carried out all the same: its journal
            record was under way. Only a restart can tell. False: it certainly was not.
    """

    def __init__(self, reason: str, *, in_doubt: bool = False) -> None:
        self.reason = reason
        self.in_doubt = in_doubt
        super().__init__(f"the sequencer has stopped: {reason}")
