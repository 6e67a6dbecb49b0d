"""Every error as a response: one table from class to status and code, one JSON shape (RFC 9457).

People with a browser get the same as a page.
"""

from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from frontend import errors as wrong
from frontend.accept import wants_html
from frontend.html_page import html_page
from frontend.http_faults import http_fault, title_of
from frontend.job_view import JsonObject, to_json
from frontend.keys import REQUEST_ID
from pipeline import errors as pipeline
from pipeline.errors import PipelineError
from pipeline.records import DamagedRecord

RETRY_AFTER_S = 5
PASSING = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE)
"""With these the sender is told when to try again."""

TOLD_WITH_ERRORS = {"Allow", "Accept-Ranges", "Content-Range"}
"""Headers that belong to what HTTP finds wrong."""


_CHALLENGE = 'Bearer realm="image-resizer"'
_FLAWS = {"key_unknown": ', error="invalid_token"'}
"""What is asked of those who send no key, and told to those whose key is none (RFC 6750, 3)."""


class Answer(NamedTuple):
    """How a kind of error is answered; the message of the error becomes `detail`."""

    status: int
    code: str


ANSWERS: dict[type[PipelineError], Answer] = {
    wrong.FormMalformed: Answer(400, "malformed_form"),
    wrong.NoFile: Answer(400, "no_file"),
    wrong.FileEmpty: Answer(400, "empty_file"),
    wrong.IdempotencyKeyInvalid: Answer(400, "invalid_idempotency_key"),
    wrong.TusHeaderInvalid: Answer(400, "invalid_tus_header"),
    wrong.FinalUpload: Answer(403, "final_upload"),
    pipeline.UploadNotFound: Answer(404, "upload_not_found"),
    wrong.OffsetConflict: Answer(409, "offset_conflict"),
    wrong.PartUnfinished: Answer(409, "part_unfinished"),
    wrong.TusVersionUnsupported: Answer(412, "tus_version_unsupported"),
    pipeline.UploadLocked: Answer(423, "upload_locked"),
    wrong.ChecksumMismatch: Answer(460, "checksum_mismatch"),
    wrong.TooMuchUnfinished: Answer(507, "too_much_unfinished"),
    wrong.UploadStalled: Answer(408, "upload_stalled"),
    wrong.UploadPaused: Answer(503, "upload_paused"),
    wrong.TooManyFiles: Answer(413, "too_many_files"),
    wrong.UploadTooLarge: Answer(413, "image_too_large"),
    wrong.RequestTooLarge: Answer(413, "request_too_large"),
    wrong.NotAnImage: Answer(415, "not_an_image"),
    wrong.BodyUnsupported: Answer(415, "unsupported_body"),
    wrong.OptionInvalid: Answer(422, "invalid_option"),
    wrong.IdempotencyKeyReused: Answer(422, "idempotency_key_reused"),
    pipeline.UrlInvalid: Answer(422, "url_invalid"),
    wrong.CallbackInvalid: Answer(422, "callback_invalid"),
    wrong.UrlNotTakenAtFirst: Answer(409, "url_not_taken_at_first"),
    wrong.JobNotFailed: Answer(409, "job_not_failed"),
    wrong.JobCalledOff: Answer(409, "job_cancelled"),
    wrong.WebhookNotDue: Answer(409, "webhook_not_due"),
    wrong.NothingDone: Answer(409, "nothing_done"),
    wrong.KeyMissing: Answer(401, "key_missing"),
    wrong.KeyUnknown: Answer(401, "key_unknown"),
    wrong.LocalOnly: Answer(403, "local_only"),
    wrong.ForeignOrigin: Answer(403, "foreign_origin"),
    wrong.UrlsOff: Answer(403, "url_off"),
    pipeline.UrlNotAllowed: Answer(403, "url_not_allowed"),
    wrong.WebhooksOff: Answer(403, "webhooks_off"),
    wrong.CallbackNotAllowed: Answer(403, "callback_not_allowed"),
    wrong.WebhookNotFound: Answer(404, "webhook_not_found"),
    wrong.RenditionNotFound: Answer(404, "rendition_not_found"),
    wrong.ReceiptNotFound: Answer(404, "receipt_not_found"),
    pipeline.InvalidId: Answer(404, "no_such_id"),
    pipeline.JobNotFound: Answer(404, "job_not_found"),
    pipeline.BatchNotFound: Answer(404, "batch_not_found"),
    pipeline.SourceMissing: Answer(404, "source_missing"),
    wrong.RateLimited: Answer(429, "rate_limited"),
    wrong.UrlUnreachable: Answer(502, "url_unreachable"),
    wrong.UrlBrokenOff: Answer(502, "url_broken_off"),
    wrong.UrlBadStatus: Answer(502, "url_bad_status"),
    wrong.UrlRedirectedTooOften: Answer(502, "url_too_many_redirects"),
    wrong.UrlTooSlow: Answer(504, "url_too_slow"),
    pipeline.JobBusy: Answer(503, "job_busy"),
    pipeline.QueueFull: Answer(503, "queue_full"),
    pipeline.OutboxFull: Answer(503, "outbox_full"),
    pipeline.StorageFull: Answer(507, "storage_full"),
    DamagedRecord: Answer(500, "damaged_record"),
}

INTERNAL = Answer(500, "internal_error")

FAULT_OF_THE_IMAGE = HTTPStatus.UNPROCESSABLE_ENTITY
NOT_FAULT_OF_THE_IMAGE = {
    "decoder_crashed": HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal_error": HTTPStatus.INTERNAL_SERVER_ERROR,
    "source_missing": HTTPStatus.INTERNAL_SERVER_ERROR,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
}
"""With which status it is answered why a job failed, when its result was to be the answer."""


def answer_to(error: PipelineError) -> Answer:
    """The row of the table for the nearest class of the error; of a job that failed, its own code."""
    if isinstance(error, wrong.JobHasFailed):
        return Answer(NOT_FAULT_OF_THE_IMAGE.get(error.code, FAULT_OF_THE_IMAGE), error.code)
    return next((ANSWERS[cls] for cls in type(error).__mro__ if cls in ANSWERS), INTERNAL)


def error_response(request: web.Request, error: PipelineError) -> web.Response:
    """The response to an error of ours."""
    answer = answer_to(error)
    response = _response(request, answer, str(error), _members(error))
    if answer.status in PASSING:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, wrong.RateLimited):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = _CHALLENGE + _FLAWS.get(answer.code, "")
    return response


def http_error_response(request: web.Request, error: web.HTTPException) -> web.Response:
    """The response to what aiohttp finds wrong: no such page, not this method."""
    fault = http_fault(error.status)
    is_plain = error.text in (None, f"{error.status}: {error.reason}")
    detail = fault.detail if is_plain else str(error.text)
    response = _response(request, Answer(error.status, fault.code), detail)
    for name in TOLD_WITH_ERRORS & error.headers.keys():
        response.headers[name] = error.headers[name]
    return response


def unexpected_error_response(request: web.Request) -> web.Response:
    """The response to an error of which nobody has thought: its text stays in the log."""
    detail = f"Something went wrong here. The log tells more under {request[REQUEST_ID]}."
    return _response(request, INTERNAL, detail)


def _members(error: PipelineError) -> JsonObject:
    """What a problem has besides what all of them have (RFC 9457, 3.2)."""
    if isinstance(error, wrong.OptionInvalid):
        return {"field": error.field, "value": error.value, "allowed": error.allowed}
    return {}


def _response(
    request: web.Request, answer: Answer, detail: str, members: JsonObject | None = None
) -> web.Response:
    problem = _problem(request, answer, detail) | (members or {})
    if wants_html(request):
        context = dict.fromkeys(("field", "value", "allowed")) | problem
        response = html_page("error.html", request, context, status=answer.status)
    else:
        response = web.Response(
            text=to_json(problem), status=answer.status, content_type="application/problem+json"
        )
    if request.body_exists and not request.content.is_eof():
        response.force_close()  # the rest of the body is not going to be read
    return response


def _problem(request: web.Request, answer: Answer, detail: str) -> JsonObject:
    return {
        "type": "about:blank",
        "title": title_of(answer.status),
        "status": answer.status,
        "code": answer.code,
        "detail": detail,
        "request_id": request[REQUEST_ID],
    }
