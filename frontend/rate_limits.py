"""How much a client may send in a minute, and how it is told what is left of that.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10 of the IETF: RateLimit-Policy says what there
is, RateLimit what is left of it.
"""

import logging

from aiohttp import web

from frontend.client import Client
from frontend.errors import RateLimited
from pipeline.meters import WINDOW_S, Level, Meters

POLICY_HEADER = "RateLimit-Policy"
LEFT_HEADER = "RateLimit"
_UNITS = {"requests": "", "bytes": ';qu="content-bytes"'}

log = logging.getLogger(__name__)

Headers = dict[str, str]
_LEVELS = web.RequestKey[list[Level]]("rate_limit_levels")


class RateLimits:
    """Counts what clients send."""

    def __init__(self, meters: Meters, *, max_request_bytes: int) -> None:
        self._meters = meters
        self._max_request_bytes = max_request_bytes

    async def count(self, request: web.Request, client: Client) -> None:
        """Count a request with the bytes that it says it brings. Raises RateLimited."""
        if not any(client.allowance):
            return
        levels = await self._use(client, 1, self._size(request))
        request[_LEVELS] = levels
        wait_s = max((level.wait_s for level in levels), default=0.0)
        if wait_s:
            raise RateLimited(wait_s)

    def _size(self, request: web.Request) -> int:
        """The bytes that the request says it brings; 1 if it does not, or says so many that none are read.

        That is 1 too for one which has some fetched from elsewhere.
        """
        size = request.content_length or 0
        if 0 < size <= self._max_request_bytes:
            return size
        return int(request.body_exists or "url" in request.query)

    async def count_rest(self, request: web.Request, client: Client) -> None:
        """Make good, once it is over, what was counted of a request: it brought more than it said, or less.

        More of one that did not say how much; less of one that broke off or was refused, which is given back.
        """
        if not client.allowance.bytes or not request.body_exists:
            return
        brought = request.content.total_bytes
        if request.content_length is not None:
            brought = min(brought - self._size(request), 0)
        if brought:
            await self._use(client, 0, brought)

    async def count_fetched(self, client: Client, size: int) -> None:
        """Count bytes that were fetched because the client wanted it."""
        if client.allowance.bytes:
            await self._use(client, 0, size)

    async def _use(self, client: Client, requests: int, size: int) -> list[Level]:
        """The levels; none when the meter cannot be kept, which is no reason to refuse what can be done."""
        try:
            return await self._meters.use(client.name, client.allowance, (requests, size))
        except OSError as error:
            log.warning("%s is not counted: %s", client.name, error)
            return []


def headers_of(request: web.Request) -> Headers:
    """What the client is told of its limits; nothing where it has none."""
    levels = request.get(_LEVELS)
    if not levels:
        return {}
    return {POLICY_HEADER: ", ".join(map(_policy, levels)), LEFT_HEADER: ", ".join(map(_left, levels))}


def _policy(level: Level) -> str:
    return f'"{level.kind}";q={level.most};w={WINDOW_S:.0f}{_UNITS[level.kind]}'


def _left(level: Level) -> str:
    return f'"{level.kind}";r={level.left};t={round(level.full_in_s)}'
