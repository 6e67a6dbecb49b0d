"""A browser signs in with a key: the page is there for it, and nothing else gets at the key."""

from http.cookies import SimpleCookie
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from frontend.clients import COOKIE
from pipeline.ids import new_batch_id
from tests.eventually import WITHIN_S
from tests.unit.frontend.conftest import Client, NewFrontend, when_ready
from tests.unit.frontend.html_page import Page
from tests.unit.frontend.key_files import KeyFile, key_file
from tests.unit.frontend.requests import FORM, PAGE, PNG, file_part, form

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "",
    "/a\nb",
]


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.toml", shop="")


@pytest.fixture
async def client(new_frontend: NewFrontend, amqp_url: str, keys: KeyFile) -> Client:
    return await when_ready(await new_frontend(amqp_url, api_keys=keys.path))


async def sign_in(client: Client, key: str, back_to: str = "/", **headers: str) -> ClientResponse:
    fields = {"key": key, "next": back_to}
    return await client.post("/sign-in", data=fields, headers=PAGE | headers, allow_redirects=False)


def cookie_of(response: ClientResponse) -> SimpleCookie:
    return SimpleCookie(response.headers["Set-Cookie"])


async def test_a_person_without_a_key_is_led_to_where_one_can_be_given_and_back(
    client: Client, keys: KeyFile
) -> None:
    address = f"/docs?batch={new_batch_id()}&x=%C3%A4"
    async with client.get(f"/?next={new_batch_id()}&y=%C3%A4", headers=PAGE) as response:
        assert response.url.path == "/sign-in"
        back_to = response.url.query["next"]

    response = await sign_in(client, keys.secrets["shop"], address)

    assert back_to.startswith("/?next=")
    assert (response.status, response.headers["Location"]) == (303, address)


async def test_the_cookie_can_be_read_by_no_script_and_used_by_no_other_site(
    client: Client, keys: KeyFile
) -> None:
    response = await sign_in(client, keys.secrets["shop"])

    cookie = cookie_of(response)[COOKIE]
    assert cookie.value == keys.secrets["shop"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert not cookie["secure"]


async def test_behind_https_the_cookie_is_sent_by_nothing_else(client: Client, keys: KeyFile) -> None:
    host = f"{client.host}:{client.port}"

    response = await sign_in(client, keys.secrets["shop"], Origin=f"https://{host}")

    assert cookie_of(response)[COOKIE]["secure"]


async def test_who_has_signed_in_sees_the_page_uploads_and_signs_out(client: Client, keys: KeyFile) -> None:
    await sign_in(client, keys.secrets["shop"])

    async with client.get("/", headers=PAGE) as response:
        page = Page(await response.text())
    assert response.url.path == "/"
    assert "shop" in page.text
    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM | PAGE) as response:
        assert response.url.path.startswith("/batches/")
    async with client.ws_connect("/ws") as socket:
        assert (await socket.receive_json(timeout=WITHIN_S))["type"] == "snapshot"

    async with client.post("/sign-out", headers=PAGE) as response:
        assert response.url.path == "/sign-in"
        assert response.history[0].headers["Clear-Site-Data"] == '"cache"'
    async with client.get("/", headers=PAGE) as response:
        assert response.url.path == "/sign-in"


async def test_what_is_no_key_is_told_and_kept_nowhere(client: Client) -> None:
    response = await sign_in(client, "ir_guess", "/docs")

    page = await response.text()
    assert response.status == 401
    assert "Set-Cookie" not in response.headers
    assert "no API key" in page
    assert "ir_guess" not in page
    assert 'value="/docs"' in page


async def test_a_key_with_spaces_around_it_is_one(client: Client, keys: KeyFile) -> None:
    assert (await sign_in(client, f" {keys.secrets['shop']}\n")).status == 303


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"],
)
async def test_nobody_is_led_to_another_site(client: Client, keys: KeyFile, elsewhere: str) -> None:
    response = await sign_in(client, keys.secrets["shop"], elsewhere)

    assert (response.status, response.headers["Location"]) == (303, "/")


async def test_a_page_of_another_site_can_neither_sign_in_nor_out(client: Client, keys: KeyFile) -> None:
    evil = {"Origin": "https://evil.example"}

    response = await sign_in(client, keys.secrets["shop"], **evil)

    assert response.status == 403
    async with client.post("/sign-out", headers=evil) as response:
        assert (await response.json(content_type=None))["code"] == "foreign_origin"


async def test_a_page_of_another_site_cannot_upload_with_the_cookie_of_a_browser(
    client: Client, keys: KeyFile
) -> None:
    await sign_in(client, keys.secrets["shop"])
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM | evil) as response:
        assert (await response.json(content_type=None))["code"] == "foreign_origin"


async def test_a_form_that_is_sent_with_a_key_that_has_gone_is_answered_by_a_page(client: Client) -> None:
    headers = FORM | PAGE | {"Cookie": f"{COOKIE}=ir_gone"}

    async with client.post("/upload", data=form(file_part(PNG)), headers=headers) as response:
        assert (response.status, response.content_type) == (401, "text/html")


@pytest.mark.parametrize("body", [b"", b"\xff&=&key", b"a=b&" * 100, b"key=ir_x&next=/"])
async def test_a_form_that_is_none_is_no_key_either(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=klingon"}

    async with client.post("/sign-in", data=body, headers=headers) as response:
        assert response.status == 401


async def test_a_form_without_end_is_not_read(client: Client) -> None:
    async with client.post("/sign-in", data=BytesIO(b"k" * 2_000_000)) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (413, "request_too_large")


async def test_where_no_key_is_needed_nobody_signs_in(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await new_frontend(amqp_url)

    async with client.get("/sign-in?next=/docs", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/docs")
    assert (await sign_in(client, "ir_any")).status == 401


@pytest.mark.parametrize("are_public", [False, True])
async def test_who_needs_a_key_is_told_that_visitors_would_need_one_for_the_html(
    new_frontend: NewFrontend, amqp_url: str, keys: KeyFile, are_public: bool
) -> None:
    client = await new_frontend(amqp_url, api_keys=keys.path, public_renditions=are_public)

    async with client.get("/", headers=keys.bearer("shop") | PAGE) as response:
        page = await response.text()

    assert response.status == 200
    assert ("PUBLIC_RENDITIONS" in page) is not are_public
