"""What people do to jobs on the page: retry, cancel, remove; and what it says when that cannot be done."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from deploy.local.broker_node import BrokerNode
from pipeline.broker import Publisher
from pipeline.messages import JobRetrying
from tests.e2e.browser import complaints_of
from tests.e2e.images import small_photograph
from tests.e2e.page import choose_and_upload, files, jpeg_file, upload_by_form
from tests.links import opened
from tests.rig import Rig


def rows(page: Page, status: str) -> Locator:
    return page.locator(f'#job-list > [data-status="{status}"]')


def action(row: Locator, name: str) -> Locator:
    return row.locator(f"[data-action={name}]")


async def see(page: Page, status: str, count: int) -> None:
    await expect(rows(page, status)).to_have_count(count)


async def open_page(rig: Rig, browser: Browser, path: str = "/", **options: Any) -> Page:
    page = await (await browser.new_context(**options)).new_page()
    await page.goto(rig.url + path)
    return page


async def batch_path(page: Page) -> str:
    return str(await page.get_attribute("#main", "data-batch-url"))


def broken_files(count: int) -> list[Any]:
    """Photographs of which the end is missing."""
    return [jpeg_file(f"half-{number}.jpg", small_photograph(number)[:3000]) for number in range(count)]


def sent_images(rig: Rig) -> list[Path]:
    return sorted(rig.storage.glob("uploads/*/*/*.jpg"))


def mend(rig: Rig) -> None:
    """Put whole images in the place of those that were sent."""
    for number, path in enumerate(sent_images(rig)):
        path.write_bytes(small_photograph(number))


async def test_a_failed_job_is_tried_again_at_the_press_of_a_button(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    complaints = complaints_of(page)
    await choose_and_upload(page, broken_files(1))
    await see(page, "failed", 1)
    await expect(page.locator("#retry-failed")).to_be_hidden()
    mend(rig)

    await action(rows(page, "failed"), "retry").click()

    await see(page, "done", 1)
    await expect(rows(page, "done").locator(".job-error")).to_be_hidden()
    await expect(page.locator("#summary")).to_contain_text("1 of 1 done")
    assert complaints == []


async def test_all_failed_jobs_are_tried_again_at_once(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await choose_and_upload(page, broken_files(3) + files(1))
    await see(page, "failed", 3)
    mend(rig)

    await page.get_by_role("button", name="Retry all failed (3)").click()

    await see(page, "done", 4)
    await expect(page.locator("#retry-failed")).to_be_hidden()


async def test_why_a_job_cannot_be_tried_again_is_said_in_its_row(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await choose_and_upload(page, broken_files(1))
    await see(page, "failed", 1)
    for path in sent_images(rig):
        path.unlink()

    await action(rows(page, "failed"), "retry").click()

    await expect(rows(page, "failed").locator(".job-problem")).to_contain_text("There is no image")
    await expect(action(rows(page, "failed"), "retry")).to_have_attribute("aria-disabled", "false")


async def test_a_waiting_job_is_cancelled_and_those_behind_move_up(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)
    await choose_and_upload(page, files(2))
    await expect(page.locator("#job-list")).to_contain_text("2nd in the queue")
    first = rows(page, "queued").filter(has_text="next in the queue")
    other = await open_page(rig, browser, await batch_path(page))

    await action(first, "cancel").dblclick()

    await see(page, "cancelled", 1)
    await see(other, "cancelled", 1)
    await expect(rows(page, "queued")).to_contain_text("next in the queue")
    rig.add_worker("worker-1")
    await see(page, "done", 1)
    await see(page, "cancelled", 1)
    await expect(page.locator("#summary")).to_contain_text("1 of 2 done, 1 cancelled")


async def test_a_removed_job_leaves_every_page_and_the_disk(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await choose_and_upload(page, files(2))
    await see(page, "done", 2)
    other = await open_page(rig, browser, await batch_path(page))
    await see(other, "done", 2)

    await action(rows(page, "done").first, "remove").click()

    await see(page, "done", 1)
    await see(other, "done", 1)
    assert len(sent_images(rig)) == 1


async def test_a_page_that_was_not_connected_learns_that_a_job_was_removed(
    rig: Rig, browser: Browser
) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    await choose_and_upload(page, files(2))
    await see(page, "done", 2)
    other = await open_page(rig, browser, await batch_path(page))
    await page.context.set_offline(True)
    await expect(page.locator("#connection-state")).to_contain_text("Reconnecting")

    await action(rows(other, "done").first, "remove").click()
    await see(other, "done", 1)
    await see(page, "done", 2)
    await page.context.set_offline(False)

    await see(page, "done", 1)


async def test_the_keyboard_goes_on_with_the_next_row(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)
    await choose_and_upload(page, files(2))
    await see(page, "queued", 2)

    await action(rows(page, "queued").first, "cancel").focus()
    await page.keyboard.press("Enter")
    await see(page, "cancelled", 1)
    await expect(action(rows(page, "cancelled"), "retry")).to_be_focused()
    # The news of it may come before the answer, and until then the buttons of the row rest.
    await expect(action(rows(page, "cancelled"), "remove")).to_have_attribute("aria-disabled", "false")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await see(page, "cancelled", 0)
    await expect(action(rows(page, "queued"), "cancel")).to_be_focused()


async def test_a_job_that_waits_for_its_next_attempt_says_why_and_counts_down(
    rig: Rig, browser: Browser, amqp_url: str
) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser)
    await choose_and_upload(page, files(1))
    await see(page, "queued", 1)
    job_id = str(await rows(page, "queued").get_attribute("data-job-id"))
    batch_id = await page.get_attribute("#main", "data-batch-id")
    async with opened(Publisher(amqp_url, service="worker-of-a-test")) as publisher:
        reason = "The disk is full."
        await publisher.publish_event(
            JobRetrying(job_id=job_id, batch_id=batch_id, attempt=2, reason=reason, delay_s=50)
        )

    sentence = rows(page, "retrying").locator(".job-state-text")
    await expect(sentence).to_contain_text("Attempt 2 failed: The disk is full; again in ")
    [seconds] = re.findall(r"again in (\d+) s", await sentence.inner_text())
    await expect(sentence).to_contain_text(re.compile(rf"again in (?!{seconds} s)\d+ s"))
    plain = await open_page(rig, browser, await batch_path(page), java_script_enabled=False)
    await expect(rows(plain, "retrying")).to_contain_text(
        re.compile(r"Attempt 2 failed: The disk is full; again in \d+ s")
    )


async def test_without_a_broker_the_page_says_so_and_takes_images(
    rig: Rig, browser: Browser, node: BrokerNode
) -> None:
    await rig.start(workers=1)
    page = await open_page(rig, browser)
    banner = page.locator("#queue-away")
    await expect(page.locator("#connection-state")).to_contain_text("Live")
    await expect(banner).to_be_hidden()
    node.stop()
    try:
        await expect(banner).to_contain_text("The queue cannot be reached just now.")

        await choose_and_upload(page, files(1))

        await expect(rows(page, "queued")).to_contain_text("Waiting for the queue")
        plain = await open_page(rig, browser, await batch_path(page), java_script_enabled=False)
        await expect(plain.locator("#queue-away")).to_contain_text("cannot be reached")
        await expect(rows(plain, "queued")).to_contain_text("Waiting for the queue")
    finally:
        node.start()
    await see(page, "done", 1)
    await expect(banner).to_be_hidden()


async def test_a_page_to_which_nothing_comes_by_itself_asks_every_few_seconds(
    rig: Rig, browser: Browser
) -> None:
    await rig.start(workers=0)
    page = await browser.new_page()

    await page.route_web_socket("**/ws?*", lambda socket: socket.close())
    await page.route("**/api/events?*", lambda route: route.abort())
    await page.goto(rig.url)
    await expect(page.locator("#connection-state")).to_contain_text("Updating every 3 s")

    await choose_and_upload(page, files(2))
    await see(page, "queued", 2)
    rig.add_worker("worker-1")
    await see(page, "done", 2)
    await action(rows(page, "done").first, "remove").click()
    await see(page, "done", 1)


async def test_forms_do_the_same_without_javascript(rig: Rig, browser: Browser) -> None:
    await rig.start(workers=0)
    page = await open_page(rig, browser, java_script_enabled=False)
    await upload_by_form(page, broken_files(2))
    await page.wait_for_url("**/batches/*")
    await action(rows(page, "queued").first, "cancel").click()
    await see(page, "cancelled", 1)
    rig.add_worker("worker-1")
    await see(page, "failed", 1)

    await action(rows(page, "cancelled"), "retry").click()
    await see(page, "failed", 2)
    mend(rig)
    await page.get_by_role("button", name="Retry all failed (2)").click()
    await see(page, "done", 2)
    await action(rows(page, "done").first, "remove").click()

    await see(page, "done", 1)
    assert "/batches/" in page.url
