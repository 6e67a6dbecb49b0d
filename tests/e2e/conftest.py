"""A rig for each test: the real services as processes, an aiohttp client to talk to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser

from tests.checked_session import checked_session
from tests.e2e.browser import open_browser
from tests.rig import Rig


@pytest.fixture
async def rig(amqp_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """Nothing of it has been started yet; all of it is ended afterwards."""
    async with Rig(amqp_url, tmp_path) as prepared:
        yield prepared


@pytest.fixture
async def http(rig: Rig) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the rig's frontend."""
    async with checked_session(rig.url) as session:
        yield session


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real browser."""
    async with open_browser() as opened:
        yield opened
