"""Names looked up as the system does it, in threads for which nothing else waits.

Those of the loop are few (in uvloop two), and the broker's name needs them too. A look-up cannot be broken
off: one whose servers keep silent takes a thread for longer than whoever asked has waited.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult

AT_ONCE = 32
"""What is more waits; what nobody waits for any more is not begun."""


class SystemNames(AbstractResolver):
    """Asks the system, so many times at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the name; raises OSError if there is none."""
        look_up = partial(
            socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Begin no more. What has been begun ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
