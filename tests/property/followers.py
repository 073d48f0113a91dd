"""One connection's place in shared streams, as `Connection.follow` and `unfollow` keep it."""

from strikewire.websocket.deflate import Deflater
from strikewire.websocket.shared_deflate import NOWHERE, SharedMessage, may_take, take


class Follower:
    """Follows the stream of the last keyframe it took."""

    def __init__(self, private: Deflater | None = None) -> None:
        self.shared_group: object = None
        self.next_shared = NOWHERE
        self._private = private

    @property
    def follows(self) -> bool:
        """Whether a compressed private message would cost it its place."""
        return self.shared_group is not None

    def may_take(self, message: SharedMessage) -> bool:
        """Return whether it could be sent `message` compressed now."""
        if message.stream is not self.shared_group:
            return message.is_keyframe
        return may_take(self, message)

    def take(self, message: SharedMessage) -> None:
        """Be sent `message` compressed."""
        if message.stream is not self.shared_group:
            if self._private is not None and self.shared_group is None:
                self._private.forget()
            self.shared_group = message.stream
            self.next_shared = NOWHERE
        assert take(self, message)

    def leave(self) -> None:
        """Follow no stream."""
        self.shared_group = None
        self.next_shared = NOWHERE
