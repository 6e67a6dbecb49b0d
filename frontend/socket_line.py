"""A WebSocket as a line to a watcher."""

import asyncio

from aiohttp import web

from frontend.lines import Message

HEARTBEAT_S = 20.0
MOST_BYTES_FROM_CLIENT = 1024
LINGER_S = 30.0
"""So long a client that has stopped reading may still find out why it was sent away."""


class SocketLine:
    """The WebSocket that answers this request."""

    def __init__(self, request: web.Request) -> None:
        # Compressed, a connection would cost ten times the memory and a send three times the time.
        self.response = web.WebSocketResponse(
            compress=False, heartbeat=HEARTBEAT_S, max_msg_size=MOST_BYTES_FROM_CLIENT
        )
        self._request = request

    async def open(self) -> None:
        """Shake hands."""
        await self.response.prepare(self._request)

    async def send(self, message: Message) -> None:
        """Send the text."""
        await self.response.send_str(message.text)

    async def gone(self) -> None:
        """Return when the socket is closed."""
        async for _ in self.response:
            """What a client says means nothing; reading is how its leaving is noticed."""

    async def close(self, code: int, reason: bytes) -> None:
        """Close the socket with this code. Who does not read is given a while, and then cut off."""
        transport = self._request.transport
        try:
            await self.response.close(code=code, message=reason)
        except BaseException:
            if transport is not None:
                asyncio.get_running_loop().call_later(LINGER_S, transport.abort)
            raise
