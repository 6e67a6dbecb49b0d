"""The page is told by itself what becomes of its jobs, whatever breaks, and whatever does not get through."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from yarl import URL

from pipeline.log_id import parse_log_id
from tests.e2e.page import choose_and_upload, files
from tests.rig import Rig

NO_WEB_SOCKETS = "delete window.WebSocket;"
NO_WAY_FOR_WEB_SOCKETS = """
    window.WebSocket = class extends EventTarget {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new Event("close")));
      }
      close() {}
    };
"""


def rows(page: Page, status: str) -> Locator:
    return page.locator(f'#job-list > [data-status="{status}"]')


async def see(page: Page, status: str, count: int) -> None:
    await expect(rows(page, status)).to_have_count(count)


async def see_connection(page: Page, words: str) -> None:
    await expect(page.locator("#connection-state")).to_contain_text(words)


def places_asked_for(page: Page) -> list[str | None]:
    """After which place of the log the page asks with each WebSocket, filled from now on."""
    asked: list[str | None] = []
    page.on("websocket", lambda socket: asked.append(URL(socket.url).query.get("after")))
    return asked


async def test_a_page_whose_frontend_was_killed_goes_on_where_it_was(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    asked = places_asked_for(page)
    await page.goto(rig.url)
    await choose_and_upload(page, files(2))
    await see(page, "queued", 2)

    rig.frontend.kill()
    await see_connection(page, "Reconnecting")
    rig.add_worker("worker-1")
    rig.frontend.start()

    await see(page, "done", 2)
    await see_connection(page, "Live")
    assert asked[0] is None
    assert len(asked) > 1
    assert all(after is not None and parse_log_id(after) for after in asked[1:])


async def test_a_page_that_comes_back_is_told_only_what_it_has_missed(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    told: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: told.append(str(text))))
    await page.goto(rig.url)
    await choose_and_upload(page, files(2))
    await see(page, "queued", 2)

    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    rig.add_worker("worker-1")
    await see(page, "done", 2)

    assert sum('"type":"snapshot"' in text for text in told) == 1


@pytest.mark.parametrize("script", [NO_WEB_SOCKETS, NO_WAY_FOR_WEB_SOCKETS], ids=["none", "shut"])
async def test_a_page_without_websockets_is_told_live_all_the_same(
    rig: Rig, browser: Browser, script: str
) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    await page.add_init_script(script)
    questions: list[str] = []
    page.on("request", lambda request: questions.append(URL(request.url).path))
    await page.goto(rig.url)
    await see_connection(page, "Live")

    await choose_and_upload(page, files(2))
    await see(page, "queued", 2)
    rig.frontend.kill()
    await see_connection(page, "Reconnecting")
    rig.frontend.start()
    rig.add_worker("worker-1")

    await see(page, "done", 2)
    await see_connection(page, "Live")
    assert "/api/events" in questions
