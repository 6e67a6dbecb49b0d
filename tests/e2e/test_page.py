"""The page in a real browser, with the real services behind it."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Route, expect

from pipeline.broker import Publisher
from pipeline.ids import new_job_id
from pipeline.messages import JobStarted
from tests.e2e.browser import complaints_of
from tests.e2e.images import small_photograph
from tests.e2e.page import choose_and_upload, files, jpeg_file, upload_by_form
from tests.eventually import eventually
from tests.links import opened
from tests.rig import Rig

HOSTILE_NAME = "<img src=x onerror=alert(1)>.jpg"
COUNT_MOST_ROWS = """() => {
    const list = document.querySelector("#job-list");
    window.mostRows = 0;
    new MutationObserver(() => (window.mostRows = Math.max(window.mostRows, list.children.length)))
        .observe(list, { childList: true });
}"""


async def test_files_become_thumbnails_while_one_watches(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=2)
    page = await browser.new_page()
    complaints = complaints_of(page)
    await page.goto(rig.url)

    await choose_and_upload(page, files(5))

    done = page.locator('#job-list [data-job-id][data-status="done"]')
    await expect(done).to_have_count(5)
    await expect(done.first.locator(".job-state")).to_contain_text("by worker-")
    await expect(done.first).to_contain_text("640 × 480")
    await expect(done.first).to_contain_text("300 × 300")
    await expect(page.locator("#summary")).to_contain_text("5 of 5 done")
    sizes = await done.locator(".job-thumbnail").evaluate_all(
        """async images => Promise.all(images.map(async image => {
            image.loading = "eager";
            await image.decode();
            return [image.naturalWidth, image.naturalHeight];
        }))"""
    )
    assert sizes == [[300, 300]] * 5
    assert complaints == []


async def test_a_file_waits_in_its_place_until_a_worker_comes(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    await page.goto(rig.url)

    await choose_and_upload(page, files(12))

    states = page.locator('#job-list [data-job-id][data-status="queued"] .job-state')
    await expect(states).to_have_count(12)
    first = states.filter(has_text=re.compile("next in the queue(?! of)"))
    await expect(first).to_have_count(1)
    await expect(states.filter(has_text="10th in the queue")).to_have_count(1)
    await expect(states.filter(has_text="2nd in the queue of large batches")).to_have_count(1)
    await expect(page.locator("#queue-depth")).to_contain_text("12 waiting")
    await expect(page.locator("#bulk-depth")).to_contain_text("2 of them in large batches")

    rig.add_worker("worker-7")

    await expect(page.locator('[data-worker="worker-7"]')).to_be_visible()
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(12)
    await expect(page.locator("#queue-depth")).to_contain_text("0 waiting")
    await expect(page.locator("#bulk-depth")).to_be_hidden()


async def test_what_cannot_be_resized_says_why_and_names_are_only_text(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    complaints = complaints_of(page)
    await page.goto(rig.url)
    photograph = small_photograph(1)

    await choose_and_upload(
        page,
        [
            jpeg_file(HOSTILE_NAME, photograph),
            jpeg_file("half.jpg", photograph[: len(photograph) // 2]),
            jpeg_file("text.jpg", b"only text"),
        ],
    )

    rows = page.locator("#job-list > *")
    hostile = rows.filter(has_text=HOSTILE_NAME)
    await expect(hostile).to_have_attribute("data-status", "done")
    await expect(hostile.locator(".job-name")).to_have_text(HOSTILE_NAME)
    assert await page.locator('img[src="x"]').count() == 0
    half = rows.filter(has_text="half.jpg")
    await expect(half.locator(".job-error")).to_contain_text("ends too early")
    await expect(rows.filter(has_text="text.jpg").locator(".job-error")).to_contain_text("Not an image")
    await expect(rows).to_have_count(3)
    assert complaints == []


async def test_a_file_has_one_row_though_its_job_is_told_of_before_its_upload_is_answered(
    rig: Rig, browser: Browser, amqp_url: str
) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    may_answer = asyncio.Event()
    news: list[str] = []

    async def hold_answer(route: Route) -> None:
        answer = await route.fetch()
        await may_answer.wait()
        await route.fulfill(response=answer)

    await page.route("**/upload", hold_answer)
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: news.append(str(text))))
    await page.goto(rig.url)
    await page.evaluate(COUNT_MOST_ROWS)
    batch_id = await page.get_attribute("#main", "data-batch-id")

    await choose_and_upload(page, files(2))
    await eventually(lambda: sum('"status":"done"' in text for text in news) == 2)
    # The first news of a job may not tell how large its image is: it may be any of those under way.
    stranger = JobStarted(job_id=new_job_id(), batch_id=batch_id, name="stranger.jpg", worker="worker-9")
    async with opened(Publisher(amqp_url, service="worker-of-a-test")) as publisher:
        await publisher.publish_event(stranger)
    await eventually(lambda: any("stranger.jpg" in text for text in news))
    await expect(page.locator('#job-list > [data-status="uploading"]')).to_have_count(2)
    assert await page.evaluate("window.mostRows") == 2
    may_answer.set()

    await expect(page.locator('#job-list > [data-status="done"]')).to_have_count(2)
    await expect(page.locator("#job-list > *")).to_have_count(3)
    assert await page.evaluate("window.mostRows") == 3


async def test_a_page_that_lost_its_server_misses_nothing(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()
    await page.goto(rig.url)
    await choose_and_upload(page, files(4))
    await expect(page.locator('#job-list [data-status="queued"]')).to_have_count(4)

    rig.frontend.kill()
    await expect(page.locator("#connection-state")).to_contain_text("Reconnecting")
    rig.add_worker("worker-1")
    rig.frontend.start()

    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(4)
    await expect(page.locator("#connection-state")).to_contain_text("Live")


async def test_a_reloaded_page_shows_the_same_batch(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    await page.goto(rig.url)
    await choose_and_upload(page, files(2))
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(2)

    await page.reload()

    assert "/batches/" in page.url
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(2)


async def test_it_works_without_javascript(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(rig.url)

    await upload_by_form(page, files(1) + files(1, name=HOSTILE_NAME))
    await page.wait_for_url("**/batches/*")
    await expect(page.locator('#job-list [data-status="queued"]')).to_have_count(2)
    rig.add_worker("worker-1")

    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(2)
    await expect(page.locator("#job-list .job-name").filter(has_text=HOSTILE_NAME)).to_have_count(1)


async def test_it_works_with_the_keyboard_alone(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    await page.goto(rig.url)
    reached = []
    for _ in range(10):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("document.activeElement.id"))

    assert {"file-input", "upload-button"} <= set(reached)
    await page.set_input_files("#file-input", files(1))
    await page.focus("#upload-button")
    await page.keyboard.press("Enter")
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(1)


@pytest.mark.parametrize("width", [360, 390, 820])
async def test_it_fits_a_phone_in_the_dark(rig: Rig, browser: Browser, width: int) -> None:
    await rig.start(workers=1)
    page = await browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark")
    await page.goto(rig.url)
    await choose_and_upload(page, files(1, name="a-very-long-name-" * 12 + ".jpg"))
    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(1)

    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in background[4:-1].split(",")) < 3 * 64
