"""Who watches what: for each watcher a bounded queue and a task that writes it to its line.

Sending waits for a client that does not read, and nobody else may wait for it. So what is published goes
into the queues at once, and a watcher whose queue overflows is sent away to come back for a new snapshot.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from typing import TypeVar

from aiohttp import WSCloseCode

from frontend.client import Client
from frontend.lines import Line, Message
from pipeline.ids import BatchId, JobId

Wish = TypeVar("Wish", bound=str)

MOST_MESSAGES = 2000
"""So many may wait for one watcher: about a megabyte or two."""
MOST_CHARACTERS = 8_000_000
"""Nor so much: the places of 10,000 waiting jobs are half a megabyte, and told every second."""
CLOSE_TIMEOUT_S = 1.0
PORTION = 100
"""So many watchers are written to in a row: some milliseconds."""
MESSAGES_TO_ALL_PER_S = 2000
"""What is for everybody interests nobody much: no more than this may be sent of it in a second."""

MessageFor = Callable[[Client], Message | None]
"""The message as it is for one client, which may not know everything; None if there is nothing for it."""

Farewell = tuple[int, bytes]
"""The code and the reason with which a connection is ended."""
GOING_AWAY: Farewell = (WSCloseCode.GOING_AWAY, b"the server stops")
TOO_SLOW: Farewell = (WSCloseCode.TRY_AGAIN_LATER, b"too slow; come back for what you have missed")


class Watcher:
    """One client, and what it wants to hear of besides the pipeline: a batch, a job, or nothing."""

    def __init__(
        self, line: Line, client: Client, *, batch: BatchId | None = None, job: JobId | None = None
    ) -> None:
        self.client = client
        self.batch = batch
        self.job = job
        self._line = line
        self._messages: asyncio.Queue[Message] = asyncio.Queue(MOST_MESSAGES)
        self._characters = 0
        self._writer: asyncio.Task[None] | None = None
        self._has_overflowed = False
        self._farewell: Farewell | None = None
        self._is_closed = False

    def put(self, message: Message) -> None:
        """Send a message when its turn comes. A watcher that has fallen too far behind is given up."""
        if self._messages.full() or self._characters >= MOST_CHARACTERS:
            self._has_overflowed = True
            if self._writer is not None:
                self._writer.cancel()
            return
        self._messages.put_nowait(message)
        self._characters += len(message.text)

    def begin(self, first: Sequence[Message]) -> None:
        """Start to send: these messages instead of all that was put so far, then what is put from now on."""
        self._messages, self._characters = asyncio.Queue(MOST_MESSAGES), 0
        self._has_overflowed = False
        self._writer = asyncio.create_task(self._write(deque(first)), name="watcher")

    async def stay(self) -> None:
        """Return when the client has gone, or has been sent away."""
        assert self._writer is not None, "begin() comes first"
        if self._farewell is not None:
            await self._close(*self._farewell)
        reader = asyncio.create_task(self._line.gone(), name="watcher reader")
        try:
            await asyncio.wait({reader, self._writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            self._writer.cancel()
            await asyncio.gather(reader, self._writer, return_exceptions=True)
        if self._has_overflowed:
            await self._close(*TOO_SLOW)

    def expel(self, farewell: Farewell) -> None:
        """Send the client away as soon as it stays."""
        self._farewell = farewell

    async def close(self, farewell: Farewell) -> None:
        """Send the client away now, or as soon as it stays if its line is not open yet."""
        if self._writer is None:
            self.expel(farewell)
        else:
            await self._close(*farewell)

    async def _close(self, code: int, reason: bytes) -> None:
        """End the connection, once; one that does not answer is not waited for."""
        if self._is_closed:
            return
        self._is_closed = True
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._line.close(code, reason)

    async def _write(self, first: deque[Message]) -> None:
        """Send these, then what comes. What is sent is let go: a snapshot may be large."""
        with suppress(ConnectionError):
            while first:
                await self._line.send(first.popleft())
            while True:
                await self._line.send(await self._next())

    async def _next(self) -> Message:
        message = await self._messages.get()
        self._characters -= len(message.text)
        return message


class Live:
    """All the watchers of this frontend."""

    def __init__(self) -> None:
        self._watchers: dict[Watcher, None] = {}
        self._by_batch: dict[str, set[Watcher]] = {}
        self._by_job: dict[JobId, set[Watcher]] = {}
        self._is_closed = False

    @property
    def has_watchers(self) -> bool:
        """Whether anybody is looking."""
        return bool(self._watchers)

    @property
    def count(self) -> int:
        """How many are looking."""
        return len(self._watchers)

    def join(self, watcher: Watcher) -> None:
        """From now on the watcher gets what concerns it."""
        if self._is_closed:
            watcher.expel(GOING_AWAY)
        self._watchers[watcher] = None
        if watcher.batch is not None:
            self._by_batch.setdefault(watcher.batch, set()).add(watcher)
        if watcher.job is not None:
            self._by_job.setdefault(watcher.job, set()).add(watcher)

    def leave(self, watcher: Watcher) -> None:
        """The watcher gets nothing more."""
        self._watchers.pop(watcher, None)
        if watcher.batch is not None:
            _take_out(self._by_batch, watcher.batch, watcher)
        if watcher.job is not None:
            _take_out(self._by_job, watcher.job, watcher)

    def watchers_of(self, *, batch: str | None, job: JobId) -> list[Watcher]:
        """Those who want to hear of this job, or of the batch that it belongs to."""
        return [*self._by_job.get(job, ()), *self._by_batch.get(batch or "", ())]

    def watched_batches(self) -> Set[str]:
        """The batches that somebody is watching, as they are at any time."""
        return self._by_batch.keys()

    def put_to_batch(self, batch: str, message_for: MessageFor) -> None:
        """Send those who watch this batch what each of them may know."""
        for watcher in self._by_batch.get(batch, ()):
            _put(watcher, message_for)

    def put_to_all(self, message_for: MessageFor) -> None:
        """Send everybody what each may know, to some at a time: other news shall not wait for all of it."""
        self._put_to_portion(list(self._watchers), message_for)

    def _put_to_portion(self, watchers: list[Watcher], message_for: MessageFor) -> None:
        for watcher in watchers[:PORTION]:
            _put(watcher, message_for)
        if rest := watchers[PORTION:]:
            pause_s = PORTION / MESSAGES_TO_ALL_PER_S
            asyncio.get_running_loop().call_later(pause_s, self._put_to_portion, rest, message_for)

    async def close(self) -> None:
        """Send everybody away, because this frontend stops: another one, or the next one, will take them."""
        self._is_closed = True
        await asyncio.gather(*(watcher.close(GOING_AWAY) for watcher in self._watchers))


def _put(watcher: Watcher, message_for: MessageFor) -> None:
    message = message_for(watcher.client)
    if message is not None:
        watcher.put(message)


def _take_out(index: dict[Wish, set[Watcher]], wish: Wish, watcher: Watcher) -> None:
    watchers = index.get(wish)
    if watchers is not None:
        watchers.discard(watcher)
        if not watchers:
            del index[wish]
