"""What the page does with results: something to see before they have come, and all of them at once."""

import asyncio
from zipfile import ZipFile

from playwright.async_api import Browser, Route, expect

from tests.e2e.browser import complaints_of
from tests.e2e.page import choose_and_upload, files
from tests.rig import Rig

MEAN_COLOUR = """picture => {
    const width = picture.naturalWidth ?? picture.width, height = picture.naturalHeight ?? picture.height;
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const sums = [0, 0, 0, 0];
    data.forEach((value, place) => (sums[place % 4] += value));
    return [width, height, ...sums.map(sum => sum / (width * height))];
}"""
"""Width, height, and the mean of red, green, blue and alpha of an image or a canvas."""
RESIZED_BEFORE = "Done at once: it was resized before"


async def test_a_blurred_picture_is_shown_until_the_thumbnail_has_come(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    complaints, may_come = complaints_of(page), asyncio.Event()

    async def hold(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/renditions/*", hold)
    await page.goto(rig.url)

    await choose_and_upload(page, files(1))

    placeholder = page.locator("#job-list .job-placeholder")
    await expect(placeholder).to_be_visible()
    width, height, *blurred = await placeholder.evaluate(MEAN_COLOUR)
    may_come.set()
    await expect(placeholder).to_be_hidden()
    _, _, *thumbnail = await page.locator("#job-list .job-thumbnail").evaluate(MEAN_COLOUR)
    assert (width, height) == (32, 32)
    assert all(abs(one - other) < 12 for one, other in zip(blurred, thumbnail, strict=True))
    assert complaints == []


async def test_the_viewer_shows_a_blurred_picture_until_the_large_one_has_come(
    rig: Rig, browser: Browser
) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    complaints, may_come = complaints_of(page), asyncio.Event()

    async def hold(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route("**/renditions/640w-webp", hold)
    await page.route("**/renditions/640w-avif", lambda route: route.abort())
    await page.goto(rig.url)
    await page.select_option("#option-preset", "responsive")
    await choose_and_upload(page, files(1))
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(1)

    await page.click(".rendition-open[data-rendition='640w-webp']")
    placeholder, picture = page.locator("#viewer-placeholder"), page.locator("#viewer-after")
    await expect(placeholder).to_be_visible()
    _, _, *blurred = await placeholder.evaluate(MEAN_COLOUR)
    may_come.set()
    await expect(placeholder).to_be_hidden()
    await expect(picture).to_be_visible()
    _, _, *large = await picture.evaluate(MEAN_COLOUR)
    await page.select_option("#viewer-rendition", "640w-avif")
    await expect(page.locator("#viewer-after-missing")).to_be_visible()

    await expect(placeholder).to_be_hidden()
    assert all(abs(one - other) < 12 for one, other in zip(blurred, large, strict=True))
    assert complaints == []


async def test_an_image_that_comes_again_says_why_it_is_done_at_once(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    await page.goto(rig.url)
    states = page.locator('#job-list [data-status="done"] .job-state')
    again = files(1)

    await choose_and_upload(page, again)
    await expect(states.filter(has_text="by worker-1")).to_have_count(1)
    await choose_and_upload(page, again)

    await expect(states.filter(has_text=RESIZED_BEFORE)).to_have_count(1)
    plain = await (await browser.new_context(java_script_enabled=False)).new_page()
    await plain.goto(page.url)
    states = plain.locator('#job-list [data-status="done"] .job-state')
    await expect(states.filter(has_text=RESIZED_BEFORE)).to_have_count(1)


async def test_all_results_are_downloaded_at_once(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    await page.goto(rig.url)
    await choose_and_upload(page, files(2))
    await expect(page.locator('#job-list [data-status="queued"]')).to_have_count(2)
    link = page.get_by_role("link", name="Download all")
    await expect(link).to_be_hidden()

    rig.add_worker("worker-1")
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(2)
    async with page.expect_download() as download:
        await link.click()

    archive = ZipFile(await (await download.value).path())
    assert sorted(archive.namelist()) == ["photo-0_300x300.jpg", "photo-1_300x300.jpg"]
    assert archive.testzip() is None
