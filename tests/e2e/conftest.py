"""A rig for each test: the real services as processes, an aiohttp client to talk to them, a browser for all.

All tests here run in one event loop: a browser, and what drives it, belongs to the loop in which it began,
and to begin one takes longer than most of what a page is asked to do.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.checked_session import checked_session
from tests.conftest import HAS_FAILED
from tests.e2e.browser import open_browser
from tests.rig import Rig

HERE = Path(__file__).parent
IN_ONE_LOOP = pytest.mark.asyncio(loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of this folder run in the loop of the session."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(IN_ONE_LOOP, append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def rig(amqp_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """Nothing of it has been started yet; all of it is ended afterwards."""
    async with Rig(amqp_url, tmp_path) as prepared:
        yield prepared


@pytest_asyncio.fixture(loop_scope="session")
async def http(rig: Rig) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the rig's frontend."""
    async with checked_session(rig.url) as session:
        yield session


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A real browser."""
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """The browser, with no page that an earlier test has opened, and nothing of what it has kept.

    What stood on the pages of a test that has failed is shown with it.
    """
    yield chromium
    for context in chromium.contexts:
        if request.node.stash.get(HAS_FAILED, False):
            for page in context.pages:
                print(f"{page.url}\n{await page.inner_text('body')}")  # noqa: T201
        await context.close()
