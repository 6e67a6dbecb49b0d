"""The OpenAPI 3.1 document: the YAML files of this package, and what can be told from the code."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from frontend.admission import HEALTH_PATHS, OPEN_PATHS
from frontend.openapi.generated import option_parameters, receipt_schemas, with_option_types
from frontend.openapi.problems import problem_responses
from frontend.tus_headers import PREFIX
from pipeline import __version__

Json = dict[str, Any]
"""A part of the document, which is JSON of any shape."""

FOLDER = Path(__file__).parent
METHODS = ("options", "head", "get", "put", "post", "delete", "patch")
EVERY_RESPONSE = (
    "X-Request-Id",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Cache-Control",
)
"""The headers that every response has."""


SOME_RESPONSES = ("RateLimit-Policy", "RateLimit")
"""The headers that a response may have, whatever it is."""
OF_ANY_CLIENT = ("key_missing", "key_unknown", "local_only", "rate_limited")
CALLBACK = "callback_url"
READING = ("get", "head", "options")


class Contradiction(ValueError):
    """Two of the YAML files say different things of the same."""


@cache
def read_document() -> Json:
    """The whole document. Raises Contradiction if two files describe the same path or component."""
    document: Json = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        _join(document, yaml.safe_load(file.read_text()), place="")
    document["info"]["version"] = __version__
    _add_what_the_code_knows(document["components"])
    for path, method, operation in operations(document):
        _add_admission(path, method, operation)
        _add_problems(path, operation)
    _add_tus_headers(document)
    for response in _responses(document):
        response["headers"] = response.get("headers", {}) | _refs(EVERY_RESPONSE) | _refs(SOME_RESPONSES)
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Every operation with its path and its method, in small letters."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def called_back(document: Json) -> Iterator[tuple[str, str, Json]]:
    """What this server sends to others, as if it were an operation of theirs."""
    for item in document["webhooks"].values():
        for method, operation in item.items():
            yield CALLBACK, method, operation


def resolved(document: Json, part: Json) -> Json:
    """What a part of the document is, or what it refers to."""
    while "$ref" in part:
        target: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name.replace("~1", "/")]
        part = target
    return part


def _join(document: Json, more: Json, *, place: str) -> None:
    for key, value in more.items():
        if isinstance(document.get(key), dict) and place in ("", "/components"):
            _join(document[key], value, place=f"{place}/{key}")
        elif key in document:
            raise Contradiction(f"{key} is described twice")
        else:
            document[key] = value


def _add_what_the_code_knows(components: Json) -> None:
    components["schemas"] |= receipt_schemas()
    options = with_option_types(components["schemas"]["RenditionOptions"])
    components["schemas"]["RenditionOptions"] = options
    components["parameters"] |= option_parameters(options)


def _add_admission(path: str, method: str, operation: Json) -> None:
    """What can be wrong with who sends it. A list of errors may be the same object in several operations."""
    codes = [] if path in OPEN_PATHS else list(OF_ANY_CLIENT)
    if path in OPEN_PATHS - HEALTH_PATHS:
        codes = ["local_only"]
    if method not in READING:
        codes.append("foreign_origin")
    if path in OPEN_PATHS:
        operation["security"] = []
    operation["errors"] = list(dict.fromkeys([*operation.get("errors", []), *codes]))


def _add_problems(path: str, operation: Json) -> None:
    codes = [*operation.pop("errors", []), "internal_error"]
    of_a_job = operation.pop("job_errors", {})
    problems = problem_responses(codes, of_a_job=of_a_job, has_page=not path.startswith("/api/"))
    # Another operation may have been given the same responses by an anchor of the file.
    operation["responses"] = operation["responses"] | problems


def _add_tus_headers(document: Json) -> None:
    """What all answers about resumable uploads have."""
    for path, _, operation in operations(document):
        if path.startswith(PREFIX):
            for status, response in operation["responses"].items():
                names = ("Tus-Resumable", *(["Tus-Version"] if status == "412" else []))
                response["headers"] = response.get("headers", {}) | _refs(names)


def _responses(document: Json) -> Iterator[Json]:
    """Every response once, those that are referred to where they are."""
    seen: set[int] = set()
    own = (response for *_, one in operations(document) for response in one["responses"].values())
    for response in (*document["components"]["responses"].values(), *own):
        if "$ref" not in response and id(response) not in seen:
            seen.add(id(response))
            yield response


def _refs(names: tuple[str, ...]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
