"""A proxy that holds back what clients send, so that they can be stopped in the middle of it."""

import asyncio
import math
from types import TracebackType

from tests.cutting_proxy import READ_BYTES, CuttingProxy


class HoldingProxy(CuttingProxy):
    """While `most_bytes` is set no connection passes on more than that; the rest waits until it is lifted."""

    def __init__(self, target: int) -> None:
        super().__init__(target, bytes_per_s=math.inf)
        self.most_bytes: int | None = None
        self.is_holding = False
        self._lifted = asyncio.Event()

    def lift(self) -> None:
        """Pass on all from now on."""
        self.most_bytes = None
        self._lifted.set()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_counted: bool
    ) -> None:
        passed = 0
        while data := await reader.read(READ_BYTES):
            if is_counted:
                self.sent += len(data)
                await self._hold(passed)
            passed += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _hold(self, passed: int) -> None:
        if self.most_bytes is not None and passed >= self.most_bytes:
            self.is_holding = True
            await self._lifted.wait()

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lift()
        await super().__aexit__(error_type, error, traceback)
