"""The document as people read it: groups of operations, each with all that belongs to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from frontend.http_faults import title_of
from frontend.openapi.document import EVERY_RESPONSE, SOME_RESPONSES, Json, called_back, operations, resolved

PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """A response that is no error: `content` has a media type object for each type."""

    status: str
    title: str
    description: str
    headers: dict[str, Json]
    content: dict[str, Json]


@dataclass(frozen=True)
class Refusal:
    """A code with which the operation can be refused, and its sentence."""

    status: str
    code: str
    detail: str


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    samples: list[str]
    parameters: list[Json]
    bodies: dict[str, Json]
    messages: Json | None
    answers: list[Answer]
    refusals: list[Refusal]


@dataclass(frozen=True)
class Group:
    """The operations with the same tag."""

    name: str
    description: str
    operations: list[Operation]


def groups(document: Json) -> list[Group]:
    """All operations, and what is sent to others, by their tags in the order of the document."""
    every = [*operations(document), *called_back(document)]
    return [
        Group(
            tag["name"],
            tag["description"],
            [_operation(document, *one) for one in every if tag["name"] in one[2]["tags"]],
        )
        for tag in document["tags"]
    ]


def _operation(document: Json, path: str, method: str, operation: Json) -> Operation:
    parameters = [*document["paths"].get(path, {}).get("parameters", []), *operation.get("parameters", [])]
    responses = {
        status: resolved(document, response) for status, response in sorted(operation["responses"].items())
    }
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        samples=_samples(document, path, method, operation),
        parameters=[resolved(document, parameter) for parameter in parameters],
        bodies=operation.get("requestBody", {}).get("content", {}),
        messages=operation.get("x-messages"),
        answers=[
            _answer(document, status, one)
            for status, one in responses.items()
            if PROBLEM not in one.get("content", {})
        ],
        refusals=[refusal for status, one in responses.items() for refusal in _refusals(status, one)],
    )


def _samples(document: Json, path: str, method: str, operation: Json) -> list[str]:
    """What to type: as the document has it, or the plain request with the examples of its parameters."""
    if "x-codeSamples" in operation:
        return [sample["source"].rstrip() for sample in operation["x-codeSamples"]]
    for parameter in document["paths"][path].get("parameters", []):
        one = resolved(document, parameter)
        path = path.replace(f"{{{one['name']}}}", str(one.get("example", "…")))
    verb = "" if method == "get" else f"-X {method.upper()} "
    return [f"curl {verb}localhost:5000{path}"]


def _answer(document: Json, status: str, response: Json) -> Answer:
    headers = {
        name: resolved(document, header)
        for name, header in response.get("headers", {}).items()
        if name not in (*EVERY_RESPONSE, *SOME_RESPONSES)
    }
    content = response.get("content", {})
    return Answer(status, title_of(int(status)), response["description"], headers, content)


def _refusals(status: str, response: Json) -> Iterator[Refusal]:
    problem: dict[str, Any] = response.get("content", {}).get(PROBLEM, {"examples": {}})
    for code, example in problem["examples"].items():
        yield Refusal(status, code, example["value"]["detail"])
