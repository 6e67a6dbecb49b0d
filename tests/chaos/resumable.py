"""Parcels sent by tus: each in several goes, at any frontend, so that most are on their way when one dies."""

import base64
from random import Random

import aiohttp

from tests.chaos.parcels import Parcel

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = TUS | {"Content-Type": "application/offset+octet-stream"}
JOB_HEADER = "Upload-Job"
GOES = 2


class ResumableUploads:
    """Knows of each parcel where its upload has begun."""

    def __init__(self, batch_id: str, dice: Random) -> None:
        self._batch_id = batch_id
        self._dice = dice
        self._begun: dict[int, str] = {}

    async def go_on(
        self, http: aiohttp.ClientSession, urls: list[str], parcel: Parcel
    ) -> aiohttp.ClientResponse:
        """Begin, or go on where it stands, until an answer names the job or refuses it: that one."""
        if parcel.number not in self._begun:
            response = await self._begin(http, self._dice.choice(urls), parcel)
            if response.status != 201:
                return response
            self._begun[parcel.number] = response.headers["Location"]
        response = await self._ask(http, urls, parcel)
        while response.status in (200, 204) and JOB_HEADER not in response.headers:
            response = await self._send_some(http, urls, parcel, int(response.headers["Upload-Offset"]))
        return response

    async def _begin(self, http: aiohttp.ClientSession, url: str, parcel: Parcel) -> aiohttp.ClientResponse:
        said = {"filename": parcel.name, "batch_id": self._batch_id, **parcel.fields}
        metadata = ",".join(f"{key} {base64.b64encode(said[key].encode()).decode()}" for key in said)
        headers = TUS | {"Upload-Length": str(len(parcel.data)), "Upload-Metadata": metadata}
        return await _answer(http, "POST", f"{url}/files/", headers)

    async def _ask(
        self, http: aiohttp.ClientSession, urls: list[str], parcel: Parcel
    ) -> aiohttp.ClientResponse:
        return await _answer(http, "HEAD", self._dice.choice(urls) + self._begun[parcel.number], TUS)

    async def _send_some(
        self, http: aiohttp.ClientSession, urls: list[str], parcel: Parcel, offset: int
    ) -> aiohttp.ClientResponse:
        size = max(1, len(parcel.data) // GOES)
        url = self._dice.choice(urls) + self._begun[parcel.number]
        headers = CHUNK | {"Upload-Offset": str(offset)}
        return await _answer(http, "PATCH", url, headers, parcel.data[offset : offset + size])


async def _answer(
    http: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], data: bytes | None = None
) -> aiohttp.ClientResponse:
    async with http.request(method, url, headers=headers, data=data) as response:
        await response.read()
        return response
