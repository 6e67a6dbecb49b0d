"""The OpenAPI document: valid, complete both ways, and a strict judge."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from frontend.app import create_app
from frontend.error_responses import ANSWERS, INTERNAL
from frontend.openapi import document as module
from frontend.openapi.document import Contradiction, Json, operations, read_document, resolved
from frontend.options import KNOWN
from frontend.settings import FrontendSettings
from pipeline import __version__
from tests.unit.frontend.conftest import Client
from tests.unit.frontend.contract import CONTRACT

FILES_AND_PAGES = ("image/", "text/", "*/", "application/zip", "application/octet-stream")
GOOD_HEADERS = {
    "X-Request-Id": "0d2f7c4be1a9",
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Content-Type": "application/json",
}


def test_the_document_is_a_valid_one() -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator(read_document()).iter_errors()]

    assert errors == []
    assert read_document()["info"]["version"] == __version__


def test_the_routes_and_the_document_are_the_same() -> None:
    routes = create_app(FrontendSettings()).router.routes()
    served = {
        (route.resource.canonical, route.method.lower())
        for route in routes
        if route.resource and (route.method != "HEAD" or route.resource.canonical.startswith("/files/"))
    }

    assert {(path, method) for path, method, _ in operations(read_document())} == served


def test_every_code_of_the_table_is_an_answer_of_some_operation() -> None:
    told = {
        (int(status), code)
        for _, _, operation in operations(read_document())
        for status, response in operation["responses"].items()
        for code in resolved(read_document(), response)
        .get("content", {})
        .get("application/problem+json", {})
        .get("examples", {})
    }

    assert {*ANSWERS.values(), INTERNAL} <= told


@pytest.mark.parametrize(("path", "method"), [("/upload", "post"), ("/upload/{name}", "put")])
def test_every_option_of_an_upload_is_told_in_the_address_and_in_the_form(path: str, method: str) -> None:
    document = read_document()
    operation = document["paths"][path][method]
    in_query = [resolved(document, one) for one in operation["parameters"]]
    form = resolved(document, operation["requestBody"]["content"]["multipart/form-data"]["schema"])

    assert {one["name"] for one in in_query if one["in"] == "query"} == set(KNOWN) - {"file"}
    assert form["properties"].keys() == set(KNOWN)


def objects(part: object) -> list[Json]:
    """Every object in the document."""
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    own = [part] if isinstance(part, dict) else []
    return own + [found for one in inner for found in objects(one)]


def test_every_schema_of_an_object_is_closed() -> None:
    components = read_document()["components"]["schemas"]
    open_ones = [
        one for one in objects(components) if "properties" in one and "additionalProperties" not in one
    ]

    assert open_ones == []


def test_every_example_is_as_its_schema_says() -> None:
    document = read_document()
    shown = [one for one in objects(document) if "schema" in one and ("example" in one or "examples" in one)]
    assert len(shown) > 20

    for one in shown:
        whole = {"components": document["components"], "allOf": [one["schema"]]}
        values = [example["value"] for example in one.get("examples", {}).values()]
        for value in [*values, *([one["example"]] if "example" in one else [])]:
            Draft202012Validator(whole).validate(value)


def parameters_and_bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    """The parameters of an operation by name, and its bodies and those of its answers by type."""
    document = read_document()
    for parameter in operation.get("parameters", []):
        one = resolved(document, parameter)
        yield one["name"], one
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from resolved(document, body).get("content", {}).items()


def has_example(part: Json) -> bool:
    schema = resolved(read_document(), part.get("schema", {}))
    is_shown = {"example", "examples", "default", "enum", "const"} & (part.keys() | schema.keys())
    return bool(is_shown) or any(has_example(one) for one in part.get("content", {}).values())


def test_everything_but_files_and_pages_is_shown_by_an_example() -> None:
    without = {
        (path, method, name)
        for path, method, operation in operations(read_document())
        for name, part in parameters_and_bodies(operation)
        if not has_example(part) and not name.startswith(FILES_AND_PAGES)
    }

    assert without == {("/openapi.json", "get", "application/json")}


def test_what_two_files_describe_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("paths: {/same: {}}")
    monkeypatch.setattr(module, "FOLDER", tmp_path)

    with pytest.raises(Contradiction, match="/same is described twice"):
        read_document.__wrapped__()


@pytest.mark.parametrize(
    ("path", "status", "headers", "body"),
    [
        ("/health/live", 418, {}, b"{}"),
        ("/health/live", 200, {}, b'{"status": "live", "new": 1}'),
        ("/health/live", 200, {}, b"{}"),
        ("/health/live", 200, {"X-New": "1"}, b'{"status": "live"}'),
        ("/health/live", 200, {"Cache-Control": "public"}, b'{"status": "live"}'),
        ("/health/live", 200, {"Content-Type": "text/xml"}, b'{"status": "live"}'),
        ("/nowhere", 200, {}, b"{}"),
    ],
    ids=["a status", "a field", "no field", "a header", "a value", "a type", "a path"],
)
def test_what_is_not_documented_is_noticed(
    path: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    CONTRACT.check("GET", "/health/live", 200, GOOD_HEADERS, b'{"status": "live"}')

    with pytest.raises(AssertionError, match=path):
        CONTRACT.check("GET", path, status, GOOD_HEADERS | headers, body)


def test_a_message_that_is_not_documented_is_noticed() -> None:
    told: dict[str, object] = {"type": "positions", "lane": "bulk", "positions": {}, "forecast": None}
    CONTRACT.check_message(told)

    with pytest.raises(AssertionError):
        CONTRACT.check_message({**told, "new": 1})


async def test_programs_get_the_document(client: Client) -> None:
    async with client.get("/openapi.json") as response:
        assert await response.json() == read_document()


async def test_people_get_every_operation_and_every_schema(client: Client) -> None:
    async with client.get("/docs") as response:
        page = await response.text()

    for path, _, operation in operations(read_document()):
        assert f'id="{operation["operationId"]}"' in page
        assert f"<code>{path}</code>" in page
    for name in read_document()["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
    assert "<script>" not in page
    assert " style=" not in page
