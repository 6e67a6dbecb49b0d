"""A person at a page for which a key is needed: signs in, watches, is led back when the key is taken away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.e2e.page import choose_and_upload, files
from tests.rig import Rig
from tests.unit.frontend.key_files import KeyFile, api_keys, key_file


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.toml", shop="", rival="", slow="requests_per_minute = 12")


@pytest_asyncio.fixture(loop_scope="session")
async def guarded(amqp_url: str, tmp_path: Path, keys: KeyFile) -> AsyncIterator[Rig]:
    """A rig for which a key is needed."""
    async with Rig(amqp_url, tmp_path, API_KEYS=str(keys.path)) as prepared:
        await prepared.start(workers=1)
        yield prepared


async def sign_in(page: Page, key: str) -> None:
    await page.fill("#key", key)
    async with page.expect_navigation(wait_until="load"):
        await page.click("button[type=submit]")


async def test_a_person_signs_in_and_watches_what_nobody_else_sees(
    guarded: Rig, browser: Browser, keys: KeyFile
) -> None:
    page = await browser.new_page()
    await page.goto(guarded.url)
    await sign_in(page, "ir_wrong")
    await expect(page.locator("[role=alert]")).to_contain_text("no API key")

    await sign_in(page, keys.secrets["shop"])
    await choose_and_upload(page, files(2))

    await expect(page.locator('#job-list > [data-status="done"]')).to_have_count(2)
    await expect(page.locator(".signed-in-as")).to_have_text("shop")
    other = await (await browser.new_context()).new_page()
    await other.goto(page.url)
    await sign_in(other, keys.secrets["rival"])
    await expect(other.locator(".error-facts")).to_contain_text("batch_not_found")


async def test_a_page_whose_key_is_taken_away_is_led_to_where_another_can_be_given(
    guarded: Rig, browser: Browser, keys: KeyFile
) -> None:
    page = await browser.new_page()
    await page.goto(guarded.url)
    await sign_in(page, keys.secrets["shop"])
    await choose_and_upload(page, files(1))
    await expect(page.locator('#job-list > [data-status="done"]')).to_have_count(1)
    address = page.url

    assert api_keys("remove", "shop", file=keys.path) == 0
    guarded.frontend.kill()
    guarded.frontend.start()

    await page.wait_for_url("**/sign-in?next=*")
    assert address.removeprefix(guarded.url) == await page.locator("[name=next]").get_attribute("value")


async def test_a_person_signs_out(guarded: Rig, browser: Browser, keys: KeyFile) -> None:
    page = await browser.new_page()
    await page.goto(guarded.url)
    await sign_in(page, keys.secrets["shop"])

    await page.click("text=Sign out")

    await expect(page.locator("#key")).to_be_visible()
    await page.goto(guarded.url)
    await expect(page.locator("#key")).to_be_visible()


async def test_files_that_are_too_many_for_a_minute_are_sent_when_their_time_comes(
    guarded: Rig, browser: Browser, keys: KeyFile
) -> None:
    page = await browser.new_page()
    await page.goto(guarded.url)
    await sign_in(page, keys.secrets["slow"])

    await choose_and_upload(page, files(15))

    waiting = page.locator('#job-list > [data-status="waiting"]', has_text="Trying again in")
    await expect(waiting.first).to_be_visible()
    await expect(page.locator('#job-list > [data-status="done"]')).to_have_count(15)


async def test_a_file_that_is_sent_by_somebody_who_has_signed_out_can_be_sent_again(
    guarded: Rig, browser: Browser, keys: KeyFile
) -> None:
    context = await browser.new_context()
    page, other = await context.new_page(), await context.new_page()
    await page.goto(guarded.url)
    await sign_in(page, keys.secrets["shop"])
    await other.goto(guarded.url)
    await other.click("text=Sign out")
    await expect(other.locator("#key")).to_be_visible()

    await choose_and_upload(page, files(1))

    await expect(page.locator("#job-list > *")).to_contain_text("Sign in on another tab")
    await sign_in(other, keys.secrets["shop"])
    await page.click("#job-list [data-action=retry]")
    await expect(page.locator('#job-list > [data-status="done"]')).to_have_count(1)
