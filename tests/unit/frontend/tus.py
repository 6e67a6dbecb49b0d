"""A tus client of the tests, which does what it is told, right or wrong."""

import base64
from collections.abc import AsyncIterator

from aiohttp import ClientResponse

from pipeline.ids import JobId
from tests.unit.frontend.conftest import Client
from tests.unit.frontend.requests import PNG

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = TUS | {"Content-Type": "application/offset+octet-stream"}
BIG = PNG + bytes(2_000_000)
"""An image, as far as anybody here looks, that is written in several goes."""


def metadata(**pairs: str) -> dict[str, str]:
    """The header with these pairs."""
    coded = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items()]
    return {"Upload-Metadata": ",".join(coded)}


async def created(
    client: Client, length: int, body: bytes | None = None, /, **headers: str
) -> ClientResponse:
    """The answer to a creation."""
    all_headers = (TUS if body is None else CHUNK) | {"Upload-Length": str(length)} | headers
    async with client.post("/files/", data=body, headers=all_headers) as response:
        await response.read()
        return response


async def begun(client: Client, length: int = len(PNG), **pairs: str) -> str:
    """The path of an upload that has begun; the pairs are its metadata."""
    response = await created(client, length, **metadata(**pairs))
    assert response.status == 201, await response.text()
    return response.headers["Location"]


async def sent(
    client: Client, path: str, body: bytes | AsyncIterator[bytes], offset: int = 0, /, **headers: str
) -> ClientResponse:
    """The answer to more bytes."""
    all_headers = CHUNK | {"Upload-Offset": str(offset)} | headers
    async with client.patch(path, data=body, headers=all_headers) as response:
        await response.read()
        return response


async def asked(client: Client, path: str) -> ClientResponse:
    """The answer to the question how far it has come."""
    async with client.head(path, headers=TUS) as response:
        return response


async def offset_of(client: Client, path: str) -> int:
    """How far an upload has come."""
    return int((await asked(client, path)).headers["Upload-Offset"])


async def part(client: Client, data: bytes) -> str:
    """The path of a part that is whole."""
    response = await created(client, len(data), data, **{"Upload-Concat": "partial"})
    assert response.status == 201, await response.text()
    return response.headers["Location"]


async def joined(client: Client, *parts: str, **headers: str) -> ClientResponse:
    """The answer to making one of these parts."""
    all_headers = TUS | {"Upload-Concat": f"final;{' '.join(parts)}"} | headers
    async with client.post("/files/", headers=all_headers) as response:
        await response.read()
        return response


def id_of(path: str) -> JobId:
    """The id in the path of an upload."""
    return JobId(path.rpartition("/")[2])


async def code_of(response: ClientResponse) -> tuple[int, str]:
    """The status and code of a refusal."""
    problem = await response.json(content_type="application/problem+json")
    return response.status, problem["code"]
