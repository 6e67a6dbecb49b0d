"""The responses to what can be wrong with a request, from the table of errors."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from frontend.error_responses import ANSWERS, INTERNAL, PASSING, Answer

_KNOWN = {answer.code: (answer, cls.__doc__ or "") for cls, answer in ANSWERS.items()} | {
    INTERNAL.code: (INTERNAL, "Something went wrong here. The log tells more under 0d2f7c4be1a9.")
}


def problem_responses(codes: Sequence[str], *, has_page: bool) -> dict[str, Any]:
    """A response for each status that these codes have; browsers may get it as a page.

    A code is one of the table of errors, or the name of an HTTP status in small letters.
    """
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(_answer(code)[0].status, []).append(code)
    return {
        str(status): _response(status, by_status[status], has_page=has_page) for status in sorted(by_status)
    }


def problem_example(code: str) -> dict[str, Any]:
    """The body of the answer with this code."""
    answer, detail = _answer(code)
    example = {
        "type": "about:blank",
        "title": HTTPStatus(answer.status).phrase,
        "status": answer.status,
        "code": code,
        "detail": detail,
        "request_id": "0d2f7c4be1a9",
    }
    if code == "invalid_option":
        words = ["cover", "contain", "fill", "inside", "outside"]
        sentence = f"fit has the value 'stretch'; allowed are {', '.join(words)}."
        example |= {"detail": sentence, "field": "fit", "value": "stretch", "allowed": words}
    return example


def _answer(code: str) -> tuple[Answer, str]:
    """The row of a code, and its sentence. Raises KeyError if there is no such code."""
    if code in _KNOWN:
        return _KNOWN[code]
    status = HTTPStatus[code.upper()]
    return Answer(status, code), status.description or status.phrase


def _response(status: int, codes: list[str], *, has_page: bool) -> dict[str, Any]:
    schema = {
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    }
    examples = {code: {"value": problem_example(code)} for code in codes}
    content: dict[str, Any] = {"application/problem+json": {"schema": schema, "examples": examples}}
    if has_page:
        content["text/html"] = {"schema": {"type": "string"}}
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "content": content,
    }
    if status in PASSING:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return response
