"""GET / and GET /batches/<id>: the page, which works without JavaScript too."""

from datetime import UTC, datetime
from math import ceil

from aiohttp import web

from frontend.error_responses import ANSWERS
from frontend.html_page import Context, html_page
from frontend.job_state import JobState
from frontend.keys import JOBS, PRESETS, PUBLISHER, SETTINGS
from frontend.option_values import FITS, METADATA_POLICIES, OUTPUT_FORMATS, POSITIONS
from frontend.own import batch_id_of, own_batch
from frontend.presets import Presets
from pipeline.ids import new_batch_id
from pipeline.image_formats import FORMATS

RESUMABLE_OVER_BYTES = 8_000_000
"""The page sends larger files so that they can be resumed; for others it is not worth two more requests."""


async def index(request: web.Request) -> web.Response:
    """An empty page for a new batch."""
    return html_page("index.html", request, _context(request, new_batch_id(), []))


async def batch(request: web.Request) -> web.Response:
    """The page of a batch: its jobs as they are now."""
    batch_id, states = batch_id_of(request), await own_batch(request)
    context = _context(request, batch_id, states) | {
        "rejected": _rejected(request),
        "all_ended": all(state.is_ended for state in states),
    }
    return html_page("batch.html", request, context)


def _context(request: web.Request, batch_id: str, states: list[JobState]) -> Context:
    settings = request.app[SETTINGS]
    return {
        "batch_id": batch_id,
        "jobs": _rows(request, states),
        "is_queue_away": _is_queue_away(request),
        "upload_url": "/upload",
        "max_upload_bytes": settings.max_upload_bytes,
        "max_request_bytes": settings.max_request_bytes,
        "resumable_over_bytes": RESUMABLE_OVER_BYTES,
        "max_files": settings.max_files,
        "max_urls": settings.urls_per_request,
        "media_types": [image_format.media_type for image_format in FORMATS],
        "accept": _ACCEPT,
        "presets": _preset_views(request.app[PRESETS]),
        "options": _OPTION_WORDS | {"max_output_pixels": settings.max_output_pixels},
    }


def _rows(request: web.Request, states: list[JobState]) -> list[Context]:
    """The jobs, and what is said of each in its row that depends on more than on the job."""
    is_queue_away = _is_queue_away(request)
    return [
        view | {"retry_in_s": _seconds_until(state.retry_at), "is_queue_away": is_queue_away}
        for state, view in zip(states, request.app[JOBS].views(states), strict=True)
    ]


def _seconds_until(moment: datetime | None) -> int:
    return ceil((moment - datetime.now(UTC)).total_seconds()) if moment else 0


def _is_queue_away(request: web.Request) -> bool:
    return not request.app[PUBLISHER].link.is_open


_ACCEPT = ",".join(
    [
        *(image_format.media_type for image_format in FORMATS),
        *(image_format.suffix for image_format in FORMATS),
        *(".jpeg", ".apng", ".tiff", ".heif", ".hif"),
    ]
)
"""What a file input offers to choose: types, and suffixes for the browsers that do not know all of these."""

_OPTION_WORDS: Context = {
    "formats": OUTPUT_FORMATS,
    "fits": FITS,
    "positions": POSITIONS,
    "metadata": METADATA_POLICIES,
}


def _preset_views(presets: Presets) -> list[Context]:
    return [
        {"name": preset.name, "title": preset.title, "renditions": len(preset.choices)}
        for preset in presets.values()
    ]


_DETAILS = {answer.code: cls.__doc__ for cls, answer in ANSWERS.items()}


def _rejected(request: web.Request) -> list[Context]:
    """What the address says was rejected: codes that we know, each with the name of a file."""
    pairs = (text.partition(" ") for text in request.query.getall("rejected", []))
    return [
        {"name": name, "code": code, "detail": _DETAILS[code]} for code, _, name in pairs if code in _DETAILS
    ]
