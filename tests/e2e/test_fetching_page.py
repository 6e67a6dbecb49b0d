"""The field for addresses on the page, in a real browser; a worker does the rest."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, expect

from frontend.app import create_app
from frontend.keys import FETCHER
from frontend.settings import FrontendSettings
from frontend.url_fetcher import UrlFetcher
from tests.e2e.browser import complaints_of
from tests.rig import Rig
from tests.unit.frontend.hostile_host import EXEMPT, HostileHost, Names, hostile_host


@pytest_asyncio.fixture(loop_scope="session")
async def host() -> AsyncIterator[HostileHost]:
    """A host that means no good."""
    async with hostile_host() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def fetching(rig: Rig, amqp_url: str, host: HostileHost) -> AsyncIterator[str]:
    """The address of a frontend that fetches, with an exemption for that host, beside those of the rig."""
    settings = FrontendSettings(
        amqp_url=amqp_url, storage_dir=rig.storage, min_free_bytes=0, url_hosts=("*",)
    )
    app = create_app(settings)
    app[FETCHER] = UrlFetcher(("*",), max_redirects=3, rule=EXEMPT, resolver=Names(host.port))
    runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("has_javascript", [True, False])
async def test_addresses_become_thumbnails_and_what_fails_says_why(
    rig: Rig, browser: Browser, host: HostileHost, fetching: str, has_javascript: bool
) -> None:
    await rig.start(workers=1)
    page = await browser.new_page(java_script_enabled=has_javascript)
    complaints = complaints_of(page)
    await page.goto(fetching)

    await page.get_by_label("Or from addresses").fill(f"{host.url('holiday.png')}\n{host.url('missing')}\n")
    await page.click("#upload-button")

    done = page.locator('#job-list [data-job-id][data-status="done"]')
    await expect(done).to_have_count(1)
    await expect(done).to_contain_text("holiday.png")
    reason = "answered with status 404" if has_javascript else "not answered with an image"
    await expect(page.locator("#main")).to_contain_text(reason)
    assert complaints == []
