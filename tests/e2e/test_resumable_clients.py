"""Resumable uploads by clients that nobody here wrote, in a real browser, over connections that are cut.

Each upload is cut three times: by the network, by a frontend that is killed and started again, and by moving
to another frontend. The proxy in between counts what the browser sends.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, expect

from deploy.local.broker_node import BrokerNode
from frontend.handlers.static_files import STATIC
from tests.cutting_proxy import CuttingProxy
from tests.e2e.browser import complaints_of
from tests.e2e.images import small_photograph
from tests.e2e.page import choose_and_upload
from tests.eventually import eventually
from tests.rig import ROOT, Rig

MEGABYTE = 1024**2
SIZE = 16 * MEGABYTE
CUTS = (4 * MEGABYTE, 8 * MEGABYTE, 12 * MEGABYTE)
BYTES_PER_S = 16 * MEGABYTE

PACKAGES = ROOT / "tests" / "node_modules"
CDN = "https://cdn.jsdelivr.net/npm/"
PASTED = "/pasted.html"
DOCS = (ROOT / "docs" / "resumable_uploads.md").read_text()


@pytest.fixture(scope="module")
def server(node: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two frontends and a worker."""
    rig = Rig(node.amqp_url, tmp_path_factory.mktemp("resumable"), MIN_FREE_BYTES="0")
    rig.prepare_frontend("frontend-2")
    try:
        asyncio.run(rig.start(workers=1))
        yield rig
    finally:
        rig.end()


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(server: Rig) -> AsyncIterator[CuttingProxy]:
    """Leads to the first frontend."""
    async with CuttingProxy(port_of(server, "frontend"), bytes_per_s=BYTES_PER_S) as running:
        yield running


def port_of(server: Rig, name: str) -> int:
    port = urlsplit(server.urls[name]).port
    assert port is not None
    return port


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    """A small photograph with nothing behind it, but much of that."""
    path, data = tmp_path / "large.jpg", small_photograph(1)
    path.write_bytes(data + bytes(SIZE - len(data)))
    return path


async def until_come(size: int, server: Rig) -> None:
    """Return when so much of the one upload that is under way is on the disk."""
    unfinished = server.storage / "unfinished"
    await eventually(lambda: sum(image.stat().st_size for image in unfinished.glob("*/image")) >= size)


async def cut_three_times(server: Rig, proxy: CuttingProxy) -> None:
    """Cut by the network, by the end of the frontend, and by moving to another one."""
    await until_come(CUTS[0], server)
    proxy.cut()
    await until_come(CUTS[1], server)
    server.frontend.kill()
    proxy.cut()
    server.frontend.start()
    await until_come(CUTS[2], server)
    proxy.cut(target=port_of(server, "frontend-2"))


def check_nothing_was_sent_twice(proxy: CuttingProxy) -> None:
    """But for what was on its way when it was cut: a killed frontend has not written the last megabyte."""
    assert SIZE < proxy.sent < SIZE * 1.25


async def test_the_page_goes_on_where_an_upload_was_cut(
    server: Rig, browser: Browser, proxy: CuttingProxy, photograph: Path
) -> None:
    page = await browser.new_page()
    complaints = complaints_of(page)
    await page.goto(proxy.url)
    proxy.sent = 0
    cutting = asyncio.create_task(cut_three_times(server, proxy))

    await page.set_input_files("#file-input", photograph)
    await expect(page.locator('#job-list > [data-status="ready"]')).to_have_count(1)
    await page.press("#upload-button", "Enter")
    await expect(page.locator("#job-list")).to_contain_text("The connection was lost")
    await cutting

    done = page.locator('#job-list [data-job-id][data-status="done"]')
    await expect(done).to_have_count(1)
    await expect(done).to_contain_text("large.jpg")
    assert complaints == []
    check_nothing_was_sent_twice(proxy)


async def test_the_page_goes_on_by_itself_when_its_line_was_silent_for_too_long(
    server: Rig, browser: Browser, photograph: Path
) -> None:
    page = await browser.new_page()
    refused: list[str] = []

    async def refuse_once(route: Route) -> None:
        if route.request.method == "PATCH" and not refused:
            refused.append(route.request.url)
            await route.fulfill(status=408)
        else:
            await route.continue_()

    await page.route("**/files/*", refuse_once)
    await page.goto(server.url)

    await choose_and_upload(page, [photograph])

    done = page.locator('#job-list [data-job-id][data-status="done"]')
    await expect(done).to_have_count(1)
    assert len(refused) == 1


@pytest.mark.parametrize("client", ["Uppy", "tus-js-client"])
async def test_a_page_that_is_pasted_from_the_docs_goes_on_where_an_upload_was_cut(
    server: Rig, browser: Browser, proxy: CuttingProxy, photograph: Path, client: str
) -> None:
    page = await pasted(browser, proxy.url, client)
    proxy.sent = 0
    cutting = asyncio.create_task(cut_three_times(server, proxy))

    await page.set_input_files("input[type=file] >> nth=0", [photograph])
    if client == "Uppy":
        await page.get_by_role("button", name="Upload 1 file").click()
    await cutting

    image = page.locator("img[alt='large.jpg'][src^='/api/jobs/']")
    await expect(image).to_have_js_property("naturalWidth", 300)
    check_nothing_was_sent_twice(proxy)


async def pasted(browser: Browser, url: str, client: str) -> Page:
    """A page with the HTML that the docs have for this client, as if a web server in front had it."""
    [html] = [block for block in re.findall(r"^```html\n(.*?)^```", DOCS, re.M | re.S) if client in block]
    page = await browser.new_page()
    await page.route(f"{url}{PASTED}", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.route(f"{CDN}**", from_packages)
    await page.goto(url + PASTED)
    await page.unroute_all()  # or all that is sent would take the long way through here
    return page


async def from_packages(route: Route) -> None:
    """Answer with the file of a package that the tests have, in the version that is asked for."""
    name, _, rest = route.request.url.removeprefix(CDN).partition("@")
    version, _, path = rest.partition("/")
    package = json.loads((PACKAGES / name / "package.json").read_text())
    assert package["version"] == version
    await route.fulfill(path=PACKAGES / name / path)


async def test_the_commands_of_the_docs_make_a_job(server: Rig, tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(small_photograph(3))
    by_hand = DOCS.partition("## By hand")[2].partition("\n## ")[0].replace("localhost:5000", server.url[7:])

    said = await shell("".join(re.findall(r"^ {4}.*\n", by_hand, re.M)), tmp_path)

    [upload_id] = re.findall(r"^Location: /files/(\S+)", said, re.M)
    assert re.findall(r"^Upload-Offset: (\d+)", said, re.M)[:3] == ["0", "1000", "1000"]
    assert re.findall(r"^Upload-Job: (\S+)", said, re.M) == [f"/api/jobs/{upload_id}"]
    assert server.get(f"/api/jobs/{upload_id}")["name"] == "holiday.jpg"


async def shell(script: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_shell(
        script, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await process.communicate()
    return said.decode().replace("\r", "")


def test_the_build_that_the_page_uses_is_the_one_that_was_released() -> None:
    released = PACKAGES / "tus-js-client" / "dist" / "tus.min.js"

    assert (STATIC / "tus.min.js").read_bytes() == released.read_bytes()
