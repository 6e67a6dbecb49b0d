"""The JavaScript module in a page of one's own, where things do not go as they should."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Route, WebSocketRoute

from deploy.local.broker_node import BrokerNode
from tests.e2e.images import small_photograph
from tests.eventually import WITHIN_S
from tests.rig import Rig

LARGE_BYTES = 8_000_001
"""So large a file is sent by tus."""
MODULE = """
  const { ImageResizer, newBatchId } = await import("/static/image_resizer.js");
  const resizer = new ImageResizer();
  const image = (bytes = 0) => new Blob([new Uint8Array(photograph), new Uint8Array(bytes)]);
  const late = () => new Error("It does not settle.");
  const tooLate = () => new Promise((_, reject) => setTimeout(() => reject(late()), WITHIN_MS));
  const within = (promise) => Promise.race([promise, tooLate()]);
"""


@pytest.fixture(scope="module")
def site(node: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a frontend; nobody works what it accepts."""
    rig = Rig(node.amqp_url, tmp_path_factory.mktemp("javascript-module"), MIN_FREE_BYTES="0")
    try:
        asyncio.run(rig.start(workers=0))
        yield rig.url
    finally:
        rig.end()


@pytest_asyncio.fixture(loop_scope="session")
async def own_page(site: str, browser: Browser) -> AsyncIterator[Page]:
    """An empty page at the address of the frontend."""

    async def empty(route: Route) -> None:
        await route.fulfill(body="<!doctype html><title>Own</title>", content_type="text/html")

    page = await browser.new_page()
    await page.route(f"{site}/own.html", empty)
    await page.goto(f"{site}/own.html")
    yield page
    await page.close()


async def said_by(page: Page, script: str) -> Any:
    """What a script returns that has a `resizer`, and an `image()` with so many bytes behind a photograph."""
    whole = f"async ([photograph, WITHIN_MS]) => {{ {MODULE} {script} }}"
    return await page.evaluate(whole, [list(small_photograph(1)), 1000 * WITHIN_S])


async def test_a_job_that_was_removed_before_has_ended(own_page: Page) -> None:
    ended = await said_by(
        own_page,
        """
          const batchId = newBatchId();
          const job = await resizer.upload(image(), { batchId });
          await resizer.upload(image(1), { batchId });
          await resizer.delete(job.id);
          await resizer.delete(job.id);
          const { id, status } = await within(resizer.ended(job));
          return [id === job.id, status];
        """,
    )

    assert ended == [True, "removed"]


async def test_who_is_not_let_in_waits_for_no_end(own_page: Page) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, json={"code": "local_only", "detail": "Only for this machine."})

    async def shut(socket: WebSocketRoute) -> None:
        await socket.close()

    await own_page.route("**/api/**", refuse)
    await own_page.route_web_socket("**/ws**", shut)

    refused = await said_by(
        own_page,
        """
          const job = { id: newBatchId(), batch_id: newBatchId(), status: "queued" };
          return within(resizer.ended(job)).catch(({ code, status, message }) => [code, status, message]);
        """,
    )

    assert refused == ["local_only", 403, "Only for this machine."]


@pytest.mark.parametrize("added", [0, LARGE_BYTES])
async def test_options_that_are_not_given_and_a_blob_that_has_no_name_are_no_text(
    own_page: Page, added: int
) -> None:
    job = await said_by(
        own_page,
        f"""
          const options = {{ width: undefined, fit: null, height: 32 }};
          return resizer.upload(image({added}), {{ options }});
        """,
    )

    assert job["name"] == "blob"


async def test_a_signal_that_outlives_uploads_takes_nothing_back(own_page: Page) -> None:
    asked: list[str] = []
    own_page.on("request", lambda request: asked.append(request.method))

    await said_by(
        own_page,
        f"""
          const controller = new AbortController();
          await resizer.upload(image({LARGE_BYTES}), {{ signal: controller.signal }});
          controller.abort();
          await fetch("/healthz", {{ method: "HEAD" }});
        """,
    )

    assert asked[-1] == "HEAD"
    assert "PATCH" in asked
    assert "DELETE" not in asked


async def test_an_upload_that_is_gone_twice_says_so(own_page: Page) -> None:
    async def gone(route: Route) -> None:
        if route.request.method == "PATCH":
            await route.fulfill(status=404, headers={"Tus-Resumable": "1.0.0"})
        else:
            await route.continue_()

    await own_page.route("**/files/*", gone)

    answer = await said_by(
        own_page,
        """
          const { sendResumably } = await import("/static/resumable_upload.js");
          const known = { url: null };
          const { signal } = new AbortController();
          const calls = { onProgress() {}, onBreak() {} };
          const what = { url: "/files/", fields: [], maxRequestBytes: Infinity, file: image() };
          const { kind, detail } = await sendResumably({ ...what, ...calls, known, signal });
          return { kind, detail, url: known.url };
        """,
    )

    assert answer["kind"] == "unavailable"
    assert "from the beginning" in answer["detail"]
    assert answer["url"] is None
