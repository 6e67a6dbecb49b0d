"""The examples of docs/client.md, run as they stand but for the address."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from deploy.local.broker_node import BrokerNode
from tests.e2e.browser import complaints_of
from tests.e2e.command import WITHIN_S, Command
from tests.e2e.images import small_photograph
from tests.e2e.page import files, jpeg_file
from tests.rig import ROOT, Rig

PAGE = (ROOT / "docs" / "client.md").read_text()

RESUMABLE_BYTES = 8_000_001
"""So large a file is sent by tus."""


def block(language: str) -> str:
    """The one ``` block of the page in this language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def site(node: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a frontend, with a worker behind it."""
    rig = Rig(node.amqp_url, tmp_path_factory.mktemp("client-page"), MIN_FREE_BYTES="0")
    try:
        asyncio.run(rig.start(workers=1))
        yield rig.url
    finally:
        rig.end()


@pytest.fixture
def command(site: str, tmp_path: Path) -> Command:
    """The command in a folder with two photographs."""
    for seed, name in enumerate(("holiday.jpg", "beach.jpg")):
        (tmp_path / name).write_bytes(small_photograph(seed))
    return Command(tmp_path, site)


async def said_by(command: Command, *program: str, text: str) -> str:
    """What a program says on stdout that is given a text to read; it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *program,
        cwd=command.folder,
        env=command.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        output, errors = await process.communicate(text.encode())
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_the_session_goes_as_it_is_shown(command: Command) -> None:
    session = block("console").splitlines()
    typed = [line.removeprefix("$ ") for line in session if line.startswith("$ ")]
    shown = [line for line in session if not line.startswith("$ ")]

    said = await said_by(command, "bash", "-e", text="\n".join(typed))

    # Of two images either may be ready first.
    assert sorted(said.splitlines()) == sorted(shown)
    assert sorted(path.name for path in (command.folder / "small").iterdir()) == sorted(
        Path(line).name for line in shown if line.startswith("small/")
    )


async def test_the_python_example_works_when_it_is_pasted(command: Command, site: str) -> None:
    text = block("python").replace("http://localhost:5000", site)

    said = await said_by(command, sys.executable, "-", text=text)

    assert said.splitlines() == [
        "[PosixPath('small/holiday_640w-webp.webp')]",
        "holiday.jpg ['holiday_300x300.jpg'] None",
        "beach.jpg ['beach_300x300.jpg'] None",
        "done",
    ]


async def test_a_page_of_ones_own_sends_follows_and_tries_again(site: str, browser: Browser) -> None:
    page = await browser.new_page()
    complaints = complaints_of(page)

    async def own_page(route: Route) -> None:
        await route.fulfill(body=block("html"), content_type="text/html")

    await page.route(f"{site}/own.html", own_page)
    await page.goto(f"{site}/own.html")
    chosen = [
        *files(1),
        jpeg_file("bad.jpg", small_photograph(2)[:5000]),
        jpeg_file("no.jpg", b"no image"),
        jpeg_file("large.jpg", small_photograph(3).ljust(RESUMABLE_BYTES, b"\0")),
    ]
    async with page.expect_response(lambda response: response.request.method == "PATCH"):
        await page.set_input_files("#files", chosen)

    rows = page.locator("#jobs li")
    await expect(rows).to_have_count(4)
    await expect(rows.filter(has_text="photo-0.jpg: done").locator("img")).to_have_count(1)
    await expect(rows.filter(has_text="large.jpg: done").locator("img")).to_have_count(1)
    await expect(rows.filter(has_text="bad.jpg: image_truncated")).to_have_count(1)
    await expect(rows.filter(has_text="no.jpg: not_an_image")).to_have_count(1)

    async with page.expect_response("**/retry") as answered:
        await page.click("#retry")
    assert [job["name"] for job in (await (await answered.value).json())["jobs"]] == ["bad.jpg"]
    await expect(rows.filter(has_text="bad.jpg: image_truncated")).to_have_count(1)
    assert complaints == []
