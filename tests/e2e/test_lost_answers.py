"""The page sends a file again whose answer it has lost: that makes no second job."""

from pathlib import Path

from playwright.async_api import Browser, Route, expect

from tests.e2e.page import choose_and_upload, files
from tests.rig import Rig


async def test_a_file_that_is_sent_again_after_its_answer_was_lost_makes_one_job(
    rig: Rig, browser: Browser
) -> None:
    await rig.start(workers=1)
    page = await browser.new_page()
    keys = []

    async def lose_first_answer(route: Route) -> None:
        keys.append(await route.request.header_value("Idempotency-Key"))
        answer = await route.fetch()
        if len(keys) == 1:
            await route.abort("connectionreset")
        else:
            await route.fulfill(response=answer)

    await page.route("**/upload", lose_first_answer)
    await page.goto(rig.url)
    await choose_and_upload(page, files(1))

    await page.locator('#job-list [data-action="retry"]:visible').click()

    await expect(page.locator('#job-list [data-status="done"]')).to_have_count(1)
    await expect(page.locator("#job-list > li")).to_have_count(1)
    assert keys[0] and keys == [keys[0]] * 2
    assert len(job_folders(rig.storage)) == 1


def job_folders(storage: Path) -> list[Path]:
    return list(storage.glob("uploads/*/*"))
