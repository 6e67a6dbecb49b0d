"""The description of the API in a real browser."""

import pytest
from playwright.async_api import Browser, expect

from tests.rig import Rig


@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_the_description_fits_the_screen_and_keeps_to_the_policy(
    rig: Rig, browser: Browser, width: int, has_scripts: bool
) -> None:
    await rig.start(workers=0)
    page = await browser.new_page(
        viewport={"width": width, "height": 900}, java_script_enabled=has_scripts, reduced_motion="reduce"
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    await page.goto(rig.url)
    if has_scripts:  # the browser complains of a connection that is let go before it stands
        await expect(page.locator("#connection-state")).to_contain_text("Live")
    await page.get_by_role("link", name="API", exact=True).click()
    await page.goto(f"{rig.url}/docs#getJob")

    sample = page.locator("#getJob .docs-sample")
    assert rig.url.removeprefix("http://") in await sample.inner_text()
    assert await sample.get_by_role("button", name="Copy").is_visible() is has_scripts
    box = await page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= width
    if has_scripts:
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
