"""The options on the page: what is chosen is what is made, and what cannot be is said where it was chosen."""

import io
import re
import urllib.request
from pathlib import Path
from typing import Any, get_args

import pytest
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from benchmarks.photographs import make_photograph
from pipeline.messages import COMPASS, Fit, MetadataPolicy, OutputFormat
from tests.e2e.browser import complaints_of
from tests.e2e.images import small_photograph
from tests.e2e.page import choose_and_upload, files, jpeg_file, saved, upload_by_form
from tests.rig import Rig


async def open_page(rig: Rig, browser: Browser, *, with_options: bool = True) -> Page:
    page = await browser.new_page()
    await page.goto(rig.url)
    if with_options:
        await page.click("#own-options summary")
    return page


async def until_done(page: Page, count: int = 1) -> None:
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(count)


async def first_job(rig: Rig, page: Page) -> dict[str, Any]:
    job_id = await page.locator("[data-job-id]").first.get_attribute("data-job-id")
    return rig.get(f"/api/jobs/{job_id}")


def picture_at(rig: Rig, path: str) -> Image.Image:
    with urllib.request.urlopen(rig.url + path, timeout=10) as response:
        return Image.open(io.BytesIO(response.read()))


async def test_what_is_chosen_is_what_is_made(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await page.fill("#option-width", "200")
    await page.fill("#option-height", "200")
    await page.select_option("#option-fit", "contain")
    await page.select_option("#option-format", "png")
    await page.fill("#option-background", "#ff0000")
    await page.check('[name="position"][value="south"]')
    await expect(page.locator("#own-phrase")).to_have_text("200 × 200, with space around, PNG")

    await choose_and_upload(page, files(1))
    await until_done(page)

    [rendition] = (await first_job(rig, page))["renditions"]
    picture = picture_at(rig, rendition["url"]).convert("RGB")
    assert (picture.size, rendition["media_type"]) == ((200, 200), "image/png")
    assert picture.getpixel((100, 5)) == (255, 0, 0)
    assert picture.getpixel((100, 195)) != (255, 0, 0)


async def test_a_responsive_set_grows_as_one_watches_and_ends_as_html(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    complaints = complaints_of(page)
    await page.goto(rig.url)
    await page.select_option("#option-preset", "responsive")

    await choose_and_upload(page, [jpeg_file("lake.jpg", make_photograph(2400, 1600, seed=1))])

    row = page.locator("#job-list > *")
    await expect(row.locator(".job-state")).to_contain_text(" of 12")
    await until_done(page)
    await expect(row.locator(".rendition")).to_have_count(12)
    await expect(row.locator(".rendition", has_text="640w-webp")).to_contain_text("640 × 427 · ")
    await expect(row.locator(".job-thumbnail")).to_have_attribute("src", re.compile("/renditions/320w-"))
    await row.locator(".snippet summary").click()
    await row.locator(".snippet-copy").click()
    await expect(row.locator(".snippet-said")).to_have_text("Copied")
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.replace(rig.url, "") == (await first_job(rig, page))["picture"]
    assert complaints == []

    elsewhere = await context.new_page()  # a page of no site, which is another one than ours
    await elsewhere.set_content(copied)
    picture = elsewhere.locator("picture img")
    await picture.scroll_into_view_if_needed()
    await elsewhere.wait_for_function("document.querySelector('img').naturalWidth > 0")


async def test_the_viewer_shows_the_rendition_that_is_looked_at(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser, with_options=False)
    await page.select_option("#option-preset", "responsive")
    await choose_and_upload(page, files(1))
    await until_done(page)

    await page.click(".rendition-open[data-rendition='640w-webp']")
    after = page.locator("#viewer-after")
    await expect(page.locator("#viewer-rendition")).to_have_value("640w-webp")
    await expect(after).to_have_attribute("src", re.compile("/640w-webp$"))
    await page.select_option("#viewer-rendition", "320w-avif")

    await expect(after).to_have_js_property("naturalWidth", 320)
    await expect(page.locator("#viewer-after-size")).to_contain_text("AVIF")


async def test_a_wrong_option_is_said_at_its_field_and_nothing_is_stored(
    rig: Rig, browser: Browser, tmp_path: Path
) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    background = page.locator("#option-background")
    await background.fill("mauve")
    large = small_photograph(1) + bytes(20_000_000)  # it is still being sent when the answer comes
    chosen = saved([*files(4), jpeg_file("large.jpg", large)], tmp_path)

    await choose_and_upload(page, chosen)

    error = page.locator("#error-background")
    await expect(error).to_contain_text("'mauve'; allowed are white")
    await expect(background).to_be_focused()
    await expect(background).to_have_attribute("aria-invalid", "true")
    await expect(page.locator('#job-list [data-status="ready"]')).to_have_count(5)
    assert [path for path in (rig.storage / "uploads").rglob("*") if path.is_file()] == []

    await background.fill("white")
    await expect(error).to_be_hidden()
    await page.press("#upload-button", "Enter")
    await until_done(page, 5)


async def test_a_number_that_is_none_stays_at_home(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)
    await page.fill("#option-width", "0")
    await page.click("#own-options summary")

    await choose_and_upload(page, files(1))

    await expect(page.locator("#error-width")).to_be_visible()
    await expect(page.locator("#option-width")).to_be_focused()
    await expect(page.locator('#job-list [data-status="ready"]')).to_have_count(1)


async def test_a_preset_puts_own_options_aside(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await page.fill("#option-width", "640")
    await page.select_option("#option-preset", "avatar")
    await expect(page.locator("#option-width")).to_be_disabled()

    await choose_and_upload(page, files(1))
    await until_done(page)

    [rendition] = (await first_job(rig, page))["renditions"]
    assert (rendition["width"], rendition["height"]) == (256, 256)
    await page.select_option("#option-preset", "")
    await expect(page.locator("#option-width")).to_have_value("640")
    await expect(page.locator("#option-width")).to_be_enabled()


async def test_an_option_that_a_format_does_not_have_cannot_be_chosen(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)

    await page.select_option("#option-format", "jpeg")
    await expect(page.locator("[name=lossless]")).to_be_disabled()
    await page.select_option("#option-format", "webp")
    await expect(page.locator("[name=progressive]")).to_be_disabled()
    await expect(page.locator("[name=lossless]")).to_be_enabled()


async def test_options_are_remembered_until_they_are_put_back(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)
    await page.fill("#option-height", "480")
    await page.check("[name=lossless]")
    await page.check("[name=position][value=attention]")

    await page.reload()
    await expect(page.locator("#own-phrase")).to_have_text("480 high, lossless")
    await expect(page.locator("[name=position][value=attention]")).to_be_checked()
    await page.click("#own-options summary")
    await page.click("#own-options [type=reset]")
    await expect(page.locator("#own-phrase")).to_have_text("300 × 300, cropped to fill")

    await page.reload()
    await expect(page.locator("#own-phrase")).to_have_text("300 × 300, cropped to fill")


async def test_options_work_without_javascript(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(rig.url)
    await page.select_option("#option-preset", "responsive")

    await upload_by_form(page, files(1))
    await page.wait_for_url("**/batches/*")
    await until_done(page)

    await expect(page.locator("#job-list .rendition")).to_have_count(12)
    await page.click(".snippet summary")
    await expect(page.locator(".snippet code")).to_contain_text("<picture>")

    await page.click("#own-options summary")
    await page.fill("#option-width", "120")
    await page.check("[name=without_enlargement]")
    await upload_by_form(page, files(1))
    await until_done(page, 2)

    await expect(page.locator("#job-list .rendition-open", has_text="120w")).to_have_count(1)


async def test_a_wrong_option_without_javascript_is_a_page_that_names_it(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(rig.url)
    await page.click("#own-options summary")
    await page.fill("#option-background", "mauve")

    await upload_by_form(page, files(1))

    await expect(page.locator(".error-detail")).to_contain_text("'mauve'; allowed are white")
    await expect(page.locator(".error-facts")).to_contain_text("background")


async def test_what_could_not_be_kept_is_said(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await page.select_option("#option-format", "jpeg")

    await choose_and_upload(page, [FilePayload(name="a.gif", mimeType="image/gif", buffer=animation())])
    await until_done(page)

    job = await first_job(rig, page)
    await expect(page.locator(".job-notes li")).to_have_text(job["notes"])
    assert "frame" in " ".join(job["notes"])


async def test_a_kind_that_no_browser_shows_is_taken_and_named(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser, with_options=False)
    picture = io.BytesIO()
    Image.new("RGB", (400, 300), "navy").save(picture, "TIFF")

    await choose_and_upload(page, [FilePayload(name="a.tif", mimeType="", buffer=picture.getvalue())])
    await until_done(page)
    await page.click(".job-open")

    await expect(page.locator("#viewer-before-missing")).to_have_text("The browser does not show this TIFF.")
    await expect(page.locator("#viewer-before-missing")).to_be_visible()
    await expect(page.locator("#viewer-after-missing")).to_be_hidden()


async def test_the_page_offers_every_word_that_the_server_takes(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser, with_options=False)

    async def offered(selector: str) -> list[str]:
        values: list[str] = await page.locator(selector).evaluate_all("all => all.map(one => one.value)")
        return values

    # The empty one is the default, which comes first where there is an order.
    assert await offered("[name=fit] option") == ["", *get_args(Fit)[1:]]
    assert await offered("[name=format] option") == ["", *get_args(OutputFormat)[1:]]
    assert await offered("[name=metadata] option") == ["", *get_args(MetadataPolicy)[1:]]
    assert sorted(await offered("[name=position]")) == sorted(["", *COMPASS, "attention"])


@pytest.mark.parametrize("width", [360, 820])
async def test_all_options_and_many_renditions_fit_a_phone(rig: Rig, browser: Browser, width: int) -> None:
    await rig.start(workers=1)
    page = await browser.new_page(viewport={"width": width, "height": 800})
    await page.goto(rig.url)
    await page.select_option("#option-preset", "responsive")
    await choose_and_upload(page, files(1))
    await until_done(page)
    await page.click(".snippet summary")
    await page.select_option("#option-preset", "")
    await page.click("#own-options summary")

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    right_ends: list[float] = await page.locator("#options *:visible, .job *:visible:not(code)").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(right_ends) <= width


def animation() -> bytes:
    """A GIF of two frames."""
    first, second = (Image.new("RGB", (80, 80), colour) for colour in ("red", "blue"))
    target = io.BytesIO()
    first.save(target, "GIF", save_all=True, append_images=[second], duration=100, loop=0)
    return target.getvalue()
