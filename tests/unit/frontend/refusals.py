"""Every way in which a request can be wrong, and the answer that it gets."""

from dataclasses import dataclass, field
from uuid import uuid4

from pipeline.ids import new_batch_id, new_job_id
from tests.unit.frontend.requests import (
    BOUNDARY,
    FORM,
    PNG,
    end_of_form,
    field_part,
    file_part,
    form,
)

LIMITS = {"max_upload_bytes": 1000, "max_request_bytes": 5000, "max_files": 3}
"""The settings of a frontend that refuses all of these."""

BIG = PNG + bytes(1000)
OLD_BATCH = "01890000-0000-7000-8000-000000000000"
WEB_SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass(frozen=True)
class Refusal:
    """A request, and the status and code with which it is refused."""

    status: int
    code: str
    method: str = "POST"
    path: str = "/upload"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: FORM)
    in_chunks: bool = False


def get(status: int, code: str, path: str, headers: dict[str, str] | None = None) -> Refusal:
    """A refusal of a GET request."""
    return Refusal(status, code, "GET", path, None, headers or {})


IMAGE_TYPE = {"Content-Type": "image/png"}

PROGRESSIVE_PNG = field_part("format", "png"), field_part("progressive", "true")

UPLOADS = {
    "a form on a page of another site": Refusal(
        403, "foreign_origin", body=form(file_part(PNG)), headers=FORM | {"Origin": "https://evil.example"}
    ),
    "a form without a boundary": Refusal(
        400, "malformed_form", body=form(file_part(PNG)), headers={"Content-Type": "multipart/form-data"}
    ),
    "a form that is none": Refusal(400, "malformed_form", body=b"hello"),
    "a form cut off in a head": Refusal(400, "malformed_form", body=form(file_part(PNG))[:60]),
    "a form cut off in a file": Refusal(
        400, "malformed_form", body=form(file_part(PNG), file_part(PNG))[:-60]
    ),
    "a form without its last line": Refusal(
        400, "malformed_form", body=form(file_part(PNG)).removesuffix(end_of_form())
    ),
    "a form in a form": Refusal(
        400,
        "malformed_form",
        body=form(file_part(PNG), b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n--inner--\r\n"),
    ),
    "a part without a name": Refusal(400, "malformed_form", body=form(file_part(PNG), b"X: y\r\n\r\ndata")),
    "a form that is not the gzip it says to be": Refusal(
        400, "malformed_form", body=form(file_part(PNG)), headers=FORM | {"Content-Encoding": "gzip"}
    ),
    "a raw body that is not the gzip it says to be": Refusal(
        400, "bad_request", body=PNG, headers=IMAGE_TYPE | {"Content-Encoding": "gzip"}
    ),
    "an empty form": Refusal(400, "no_file", body=form()),
    "a form without a file": Refusal(400, "no_file", body=form(field_part("batch_id", new_batch_id()))),
    "a form in which no file was chosen": Refusal(400, "no_file", body=form(file_part(b"", ""))),
    "no body": Refusal(400, "no_file", headers=IMAGE_TYPE),
    "an empty body": Refusal(400, "no_file", body=b"", headers=IMAGE_TYPE),
    "an empty body that is put": Refusal(400, "no_file", "PUT", "/upload/a.png", b"", {}),
    "an empty file": Refusal(400, "empty_file", body=form(file_part(b""))),
    "too many files": Refusal(413, "too_many_files", body=form(*[file_part(PNG)] * 4)),
    "too many files of which none is an image": Refusal(
        413, "too_many_files", body=form(*[file_part(b"text")] * 4)
    ),
    "an image that is too large": Refusal(413, "image_too_large", body=form(file_part(BIG))),
    "an image that is too large after one that is not": Refusal(
        413, "image_too_large", body=form(file_part(PNG), file_part(BIG))
    ),
    "a raw image that is too large": Refusal(413, "image_too_large", body=BIG, headers=IMAGE_TYPE),
    "an image that is too large and does not say so": Refusal(
        413, "image_too_large", body=BIG, headers=IMAGE_TYPE, in_chunks=True
    ),
    "a request that is too large": Refusal(
        413, "request_too_large", body=form(file_part(PNG), file_part(b"x" * 5000))
    ),
    "a request that is too large and does not say so": Refusal(
        413, "request_too_large", body=form(file_part(PNG), file_part(b"x" * 5000)), in_chunks=True
    ),
    "a file that is no image": Refusal(415, "not_an_image", body=form(file_part(b"text"))),
    "a raw body that is no image": Refusal(415, "not_an_image", body=b"text", headers=IMAGE_TYPE),
    "a picture that is drawn by a program": Refusal(
        415, "not_an_image", body=b"<svg/>" * 9, headers={"Content-Type": "image/svg+xml"}
    ),
    "a body of JSON": Refusal(
        415, "unsupported_body", body=b"{}", headers={"Content-Type": "application/json"}
    ),
    "a form of text": Refusal(
        415, "unsupported_body", body=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "another kind of multipart": Refusal(
        415,
        "unsupported_body",
        body=form(file_part(PNG)),
        headers={"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"},
    ),
    "a batch that is none": Refusal(
        422, "invalid_option", body=form(file_part(PNG), field_part("batch_id", "../up"))
    ),
    "a batch of long ago": Refusal(
        422, "invalid_option", body=form(file_part(PNG), field_part("batch_id", OLD_BATCH))
    ),
    "a batch of version 4": Refusal(
        422, "invalid_option", body=form(file_part(PNG), field_part("batch_id", str(uuid4())))
    ),
    "two batches": Refusal(
        422,
        "invalid_option",
        body=form(*[field_part("batch_id", new_batch_id()) for _ in range(2)], file_part(PNG)),
    ),
    "a batch in the address and another one in the form": Refusal(
        422,
        "invalid_option",
        path=f"/upload?batch_id={new_batch_id()}",
        body=form(file_part(PNG), field_part("batch_id", new_batch_id())),
    ),
    "two names": Refusal(
        422, "invalid_option", path="/upload?name=a&name=b", body=PNG, headers={"Content-Type": "image/png"}
    ),
    "a batch in the address that is none": Refusal(
        422, "invalid_option", "PUT", "/upload/a.png?batch_id=x", PNG, {}
    ),
    "an address where none are fetched": Refusal(
        403, "url_off", body=form(file_part(PNG), field_part("url", "https://images.example.com/a.png"))
    ),
    "an address in the address where none are fetched": Refusal(
        403, "url_off", path="/upload?url=https://images.example.com/a.png", body=form(file_part(PNG))
    ),
    "an address to be told at where nobody is told": Refusal(
        403, "webhooks_off", path="/upload?callback_url=https://hooks.example.com/", body=form(file_part(PNG))
    ),
    "an option that there is not": Refusal(
        422, "invalid_option", body=form(file_part(PNG), field_part("colour", "red"))
    ),
    "an option in the address that there is not": Refusal(
        422, "invalid_option", "PUT", "/upload/a.png?colour=red", PNG, {}
    ),
    "an idempotency key of nothing": Refusal(
        400, "invalid_idempotency_key", body=form(file_part(PNG)), headers=FORM | {"Idempotency-Key": ""}
    ),
    "an idempotency key of several words": Refusal(
        400, "invalid_idempotency_key", body=form(file_part(PNG)), headers=FORM | {"Idempotency-Key": "a b"}
    ),
    "an idempotency key in another script": Refusal(
        400, "invalid_idempotency_key", body=form(file_part(PNG)), headers=FORM | {"Idempotency-Key": "ключ"}
    ),
    "an endless idempotency key": Refusal(
        400,
        "invalid_idempotency_key",
        body=form(file_part(PNG)),
        headers=FORM | {"Idempotency-Key": "k" * 256},
    ),
    "options that do not go together": Refusal(
        422, "invalid_option", body=form(file_part(PNG), *PROGRESSIVE_PNG)
    ),
    "an endless option": Refusal(
        422, "invalid_option", body=form(file_part(PNG), field_part("batch_id", "x" * 2000))
    ),
}

QUESTIONS = {
    "somebody who asks through a proxy": get(403, "local_only", "/", {"X-Forwarded-For": "203.0.113.7"}),
    "a name that leads here": get(403, "local_only", "/api/jobs", {"Host": "rebound.example"}),
    "a page that there is not": get(404, "not_found", "/nothing"),
    "a path of the API that there is not": get(404, "not_found", "/api/nothing"),
    "a path out of the page's files": get(404, "not_found", "/static/%2e%2e/app.py"),
    "a file of the page that there is not": get(404, "not_found", "/static/nothing.css"),
    "a method that there is not": get(405, "method_not_allowed", "/upload"),
    "a job id that is none": get(404, "no_such_id", "/api/jobs/holiday"),
    "a job id in braces": get(404, "no_such_id", "/api/jobs/%7Bholiday%7D"),
    "a job that there is not": get(404, "job_not_found", f"/api/jobs/{new_job_id()}"),
    "a wait that is no number": get(422, "invalid_option", f"/api/jobs/{new_job_id()}?wait=long"),
    "a wait that is too long": get(422, "invalid_option", f"/api/jobs/{new_job_id()}?wait=60.5"),
    "a wait into the past": get(422, "invalid_option", f"/api/jobs/{new_job_id()}?wait=-1"),
    "a wait that is said twice": get(422, "invalid_option", f"/api/jobs/{new_job_id()}?wait=1&wait=2"),
    "a wait for no job": get(404, "job_not_found", f"/api/jobs/{new_job_id()}?wait=30"),
    "a wait for a batch that is none": get(422, "invalid_option", f"/api/batches/{new_batch_id()}?wait=long"),
    "the image of no job": get(404, "job_not_found", f"/api/jobs/{new_job_id()}/source"),
    "a rendition of no job": get(404, "job_not_found", f"/api/jobs/{new_job_id()}/renditions/300x300"),
    "a batch id that is none": get(404, "no_such_id", "/api/batches/holiday"),
    "a batch that there is not": get(404, "batch_not_found", f"/api/batches/{new_batch_id()}"),
    "the archive of no batch": get(404, "batch_not_found", f"/api/batches/{new_batch_id()}.zip"),
    "the archive of what is no batch": get(404, "no_such_id", "/api/batches/holiday.zip"),
    "the page of no batch": get(404, "batch_not_found", f"/batches/{new_batch_id()}"),
    "the page of what is no batch": get(404, "no_such_id", "/batches/x"),
    "a watcher who speaks no WebSocket": get(400, "bad_request", "/ws"),
    "a watcher from another site": get(
        403, "foreign_origin", "/ws", WEB_SOCKET | {"Origin": "https://evil.example"}
    ),
    "a watcher from nowhere": get(403, "foreign_origin", "/ws", WEB_SOCKET | {"Origin": "null"}),
    "a watcher from an address that is none": get(
        403, "foreign_origin", "/ws", WEB_SOCKET | {"Origin": "http://["}
    ),
    "a list by a status that there is not": get(422, "invalid_option", "/api/jobs?status=removed"),
    "a list of what is no batch": get(422, "invalid_option", "/api/jobs?batch=x"),
    "a list that is too long": get(422, "invalid_option", "/api/jobs?limit=201"),
    "a list from nowhere": get(422, "invalid_option", "/api/jobs?cursor=x"),
    "a list by what there is not": get(422, "invalid_option", "/api/jobs?page=2"),
    "a watcher of what is no batch": get(422, "invalid_option", "/ws?batch=x", WEB_SOCKET),
    "a watcher of what is no job": get(422, "invalid_option", "/ws?job=x", WEB_SOCKET),
    "a watcher of both": get(
        422, "invalid_option", f"/ws?job={new_job_id()}&batch={new_batch_id()}", WEB_SOCKET
    ),
    "a watcher who has seen what cannot be": get(422, "invalid_option", "/ws?after=soon", WEB_SOCKET),
    "a stream for another site": get(
        403, "foreign_origin", "/api/events", {"Origin": "https://evil.example"}
    ),
    "a stream of what is no batch": get(422, "invalid_option", "/api/events?batch=x"),
    "a stream of no job": get(404, "job_not_found", f"/api/events?job={new_job_id()}"),
    "a stream after what cannot be": get(422, "invalid_option", "/api/events?after=1.5"),
    "a stream after an id that is none": get(
        422, "invalid_option", "/api/events", {"Last-Event-ID": "yesterday"}
    ),
    "a watcher of no job": get(404, "job_not_found", f"/ws?job={new_job_id()}", WEB_SOCKET),
}
