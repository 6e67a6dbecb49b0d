"""What a watcher is told, and the kind of connection over which it is told."""

from typing import NamedTuple, Protocol


class Message(NamedTuple):
    """A JSON text. `id` names the place in the event log up to which it tells, if it tells of the log."""

    text: str
    id: str | None = None


class Line(Protocol):
    """The connection to a watcher: a WebSocket or a stream of events."""

    async def open(self) -> None:
        """Answer the request; from now on messages can be sent."""

    async def send(self, message: Message) -> None:
        """Send a message. A client that does not read keeps us here. Raises ConnectionError."""

    async def gone(self) -> None:
        """Return when the client has gone, or the line was closed."""

    async def close(self, code: int, reason: bytes) -> None:
        """Say why, in the codes of WebSockets, and end the connection."""
