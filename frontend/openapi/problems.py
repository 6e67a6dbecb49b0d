"""The responses to what can be wrong with a request, from the table of errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from frontend.error_responses import (
    ANSWERS,
    FAULT_OF_THE_IMAGE,
    INTERNAL,
    NOT_FAULT_OF_THE_IMAGE,
    PASSING,
    Answer,
)
from frontend.errors import JobCalledOff
from frontend.http_faults import HTTP_FAULTS, title_of

_KNOWN = {answer.code: (answer, cls.__doc__ or "") for cls, answer in ANSWERS.items()} | {
    INTERNAL.code: (INTERNAL, "Something went wrong here. The log tells more under 0d2f7c4be1a9.")
}
_OF_HTTP = {fault.code: status for status, fault in HTTP_FAULTS.items()}
_HEADERS = (
    {416: ("Content-Range", "Accept-Ranges")}
    | dict.fromkeys((429, *PASSING), ("Retry-After",))
    | {401: ("WWW-Authenticate",)}
)
"""What is told with these statuses."""
_OF_A_RESULT = {
    "Location": "JobOfTheResult",
    "Preference-Applied": "Preference-Applied",
    "Idempotent-Replayed": "Idempotent-Replayed",
}
"""What is told with why there is no result, each with the name of its description."""
_STATUS_OF_A_JOB = NOT_FAULT_OF_THE_IMAGE | {ANSWERS[JobCalledOff].code: ANSWERS[JobCalledOff].status}


def problem_responses(codes: Sequence[str], *, of_a_job: Mapping[str, str], has_page: bool) -> dict[str, Any]:
    """A response for each status that these codes have; browsers may get it as a page.

    A code is one of the table of errors, or of what HTTP itself finds wrong. `of_a_job` has the
    codes, each with a sentence, of a job that ended without the result that was to be the answer.
    """
    responses: dict[str, Any] = {}
    by_status = _by_status([*map(_answer, codes), *_answers_of_a_job(of_a_job)])
    for status in sorted(by_status):
        is_of_a_job = any(_status_of_a_job(code) == status for code in of_a_job)
        responses[str(status)] = _response(status, by_status[status], has_page=has_page)
        responses[str(status)]["headers"] = _headers(status, is_of_a_job=is_of_a_job)
    return responses


def _by_status(answers: Sequence[tuple[Answer, str]]) -> dict[int, dict[str, str]]:
    """For each status its codes, each with the first sentence that it has."""
    by_status: dict[int, dict[str, str]] = {}
    for answer, detail in answers:
        by_status.setdefault(answer.status, {}).setdefault(answer.code, detail)
    return by_status


def _answers_of_a_job(details: Mapping[str, str]) -> Iterator[tuple[Answer, str]]:
    for code, detail in details.items():
        yield Answer(_status_of_a_job(code), code), detail


def _status_of_a_job(code: str) -> int:
    return _STATUS_OF_A_JOB.get(code, FAULT_OF_THE_IMAGE)


def _headers(status: int, *, is_of_a_job: bool) -> dict[str, Any]:
    names = {name: name for name in _HEADERS.get(status, ())} | (_OF_A_RESULT if is_of_a_job else {})
    return {name: {"$ref": f"#/components/headers/{described}"} for name, described in names.items()}


def _example(status: int, code: str, detail: str) -> dict[str, Any]:
    """The body of the answer with this code."""
    example = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
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
    status = _OF_HTTP[code]
    return Answer(status, code), HTTP_FAULTS[status].detail


def _response(status: int, details: Mapping[str, str], *, has_page: bool) -> dict[str, Any]:
    schema = {
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"status": {"const": status}, "code": {"enum": list(details)}},
    }
    examples = {code: {"value": _example(status, code, detail)} for code, detail in details.items()}
    content: dict[str, Any] = {"application/problem+json": {"schema": schema, "examples": examples}}
    if has_page:
        content["text/html"] = {"schema": {"type": "string"}}
    return {
        "description": f"{title_of(status)}: {', '.join(f'`{code}`' for code in details)}",
        "content": content,
    }
