"""POST /upload, POST /api/images, PUT /upload/<name>: images in, jobs out."""

from urllib.parse import urlencode

from aiohttp import web

from frontend.accept import wants_html
from frontend.client import Client
from frontend.error_responses import PASSING, RETRY_AFTER_S, answer_to
from frontend.gate import check_gate
from frontend.handlers.results import result_response
from frontend.idempotency import REPLAYED_HEADER, Fingerprint, SignedBy, key_of
from frontend.intake import Acceptance
from frontend.job_state import JobState
from frontend.job_view import JsonObject, batch_links, to_json
from frontend.keys import (
    CALLBACKS,
    CLAIMED_INTAKE,
    CLIENT,
    FETCHER,
    INTAKE,
    JOBS,
    PRESETS,
    RATE_LIMITS,
    SETTINGS,
    STORE,
    WAITS,
)
from frontend.preferences import APPLIED_HEADER, preferences_of
from frontend.upload_form import RejectedFile, Upload, UploadReader, Wanted

SHOWN_REJECTIONS = 20
SHOWN_NAME_CHARACTERS = 30
"""So much is carried to the page of a browser without JavaScript, in its address: some 6 KB at most."""


async def upload(request: web.Request) -> web.StreamResponse:
    """Take the images of the request. 202 if at least one became a job; else the error of the first file.

    With `Prefer: wait` 200 if all jobs end in time, and maybe with the one result instead of the jobs.
    """
    await check_gate(request)
    acceptance = await _accept(request)
    if not acceptance.jobs and acceptance.rejected:
        raise acceptance.rejected[0].error
    if wants_html(request):
        raise web.HTTPSeeOther(_page(acceptance))
    preferences = preferences_of(request)
    states = await _states(request, acceptance, wait_s=preferences.wait_s)
    has_ended = preferences.wait_s > 0 and all(state.is_ended for state in states)
    is_image = has_ended and preferences.wants_image and _is_one_result(acceptance, states)
    if is_image:
        response = result_response(request, states[0])
    else:
        response = _jobs_response(request, acceptance, states, status=200 if has_ended else 202)
    response.headers["Location"] = _location(acceptance)
    if preferences.wait_s:
        response.headers[APPLIED_HEADER] = preferences.applied(is_image=is_image)
    if acceptance.is_replay:
        response.headers[REPLAYED_HEADER] = "true"
    return response


async def _accept(request: web.Request) -> Acceptance:
    app, key = request.app, key_of(request)
    fingerprint = Fingerprint() if key is not None else None
    reader = UploadReader(
        request,
        store=app[STORE],
        settings=app[SETTINGS],
        presets=app[PRESETS],
        client=request[CLIENT],
        read_callback=app[CALLBACKS].read,
        fingerprint=fingerprint,
    )
    upload = await reader.read()
    upload.callback_url = upload.callback_url or app[CALLBACKS].of_client(request[CLIENT])
    if key is None or fingerprint is None:
        await _fetch(request, reader, upload)
        return await app[INTAKE].accept(upload)
    signed = SignedBy(_scoped(key, request[CLIENT]), fingerprint.hexdigest())
    await _fetch(request, reader, upload, wanted=lambda: app[CLAIMED_INTAKE].missing(signed))
    return await app[CLAIMED_INTAKE].accept(upload, signed)


async def _fetch(
    request: web.Request, reader: UploadReader, upload: Upload, *, wanted: Wanted | None = None
) -> None:
    """Have what is at the addresses of the request too; its bytes count as if the client had sent them."""
    if upload.urls:
        size = await reader.fetch(request.app[FETCHER], wanted=wanted)
        await request.app[RATE_LIMITS].count_fetched(request[CLIENT], size)


def _scoped(key: str, client: Client) -> str:
    """The idempotency key, as no other client can send it: there are no spaces in keys."""
    return key if client.owner is None else f"{client.owner} {key}"


async def _states(request: web.Request, acceptance: Acceptance, *, wait_s: int) -> list[JobState]:
    """The jobs as they are, or as they are when all have ended or the wait is over."""
    jobs, job_ids = request.app[JOBS], [state.id for state in acceptance.jobs]
    if not wait_s:
        return jobs.latest(acceptance.jobs)
    with request.app[WAITS].joined(request, job_ids, seconds=wait_s) as wait:
        while True:
            states = jobs.latest(acceptance.jobs)
            if wait.is_over or all(state.is_ended for state in states):
                return states
            await wait.woken()


def _is_one_result(acceptance: Acceptance, states: list[JobState]) -> bool:
    """Whether the request was for one image in one rendition, and nothing of it was rejected."""
    is_one_image = len(acceptance.jobs) == len(states) == 1 and not acceptance.rejected
    return is_one_image and states[0].rendition_count == 1


def _jobs_response(
    request: web.Request, acceptance: Acceptance, states: list[JobState], *, status: int
) -> web.Response:
    views = request.app[JOBS].views(states)
    return web.Response(
        text=to_json(_view(acceptance, views)), status=status, content_type="application/json"
    )


def _view(acceptance: Acceptance, jobs: list[JsonObject]) -> JsonObject:
    return {
        "batch": batch_links(acceptance.batch_id),
        "jobs": jobs,
        "rejected": [_rejected_view(rejected) for rejected in acceptance.rejected],
    }


def _rejected_view(rejected: RejectedFile) -> JsonObject:
    answer = answer_to(rejected.error)
    view: JsonObject = {"name": rejected.name, "code": answer.code, "detail": str(rejected.error)}
    if answer.status in PASSING:
        view["retry_after_s"] = RETRY_AFTER_S
    return view


def _location(acceptance: Acceptance) -> str:
    """Where to ask what becomes of it: the job if there is one, else the batch."""
    if len(acceptance.jobs) == 1:
        return f"/api/jobs/{acceptance.jobs[0].id}"
    return f"/api/batches/{acceptance.batch_id}"


def _page(acceptance: Acceptance) -> str:
    """The page of the batch; it has to be told in its address what was rejected, which is stored nowhere."""
    rejected = [
        ("rejected", f"{answer_to(rejected.error).code} {_shortened(rejected.name)}")
        for rejected in acceptance.rejected[:SHOWN_REJECTIONS]
    ]
    return f"/batches/{acceptance.batch_id}" + (f"?{urlencode(rejected)}" if rejected else "")


def _shortened(name: str) -> str:
    """The begin of a file name; of an address the end, by which those of one host differ."""
    if len(name) > SHOWN_NAME_CHARACTERS and "://" in name:
        return f"…{name[1 - SHOWN_NAME_CHARACTERS :]}"
    return name[:SHOWN_NAME_CHARACTERS]
