"""The client of the tests of a frontend: what the OpenAPI document does not allow is a failure."""

import json
from typing import Any

from aiohttp import ClientResponse, ClientWebSocketResponse, WSMessage, WSMsgType, web
from aiohttp.test_utils import TestClient

from tests.checked_session import check_answer, check_passed
from tests.unit.frontend.contract import CONTRACT


class CheckedSocket(ClientWebSocketResponse):
    """Checks every message."""

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109  # aiohttp's own
        message = await super().receive(timeout)
        if message.type is WSMsgType.TEXT:
            CONTRACT.check_message(json.loads(message.data))
        return message


class CheckedClient(TestClient[web.Request, web.Application]):
    """Checks every answer, those on the way of a redirection too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, ws_response_class=CheckedSocket, **options)

    async def _request(self, method: str, path: Any, **options: Any) -> ClientResponse:
        response: ClientResponse = await super()._request(method, path, **options)
        for passed in response.history:
            check_passed(passed)
        await check_answer(response)
        return response
