"""Requests that nobody thought of, made out of the OpenAPI document, to a real frontend."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
)

from deploy.local.broker_node import BrokerNode
from frontend.openapi.document import read_document
from tests.rig import Rig

EXAMPLES = 5
"""By chance, for each operation; those that every parameter asks for come on top, and are most of them."""
TIMEOUT_S = 10.0
REPEATABLE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def tiny_image(image_format: str) -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(file, image_format)
    return file.getvalue()


IMAGES = [tiny_image(image_format) for image_format in ("PNG", "JPEG", "WEBP", "GIF")]
schemathesis.openapi.format("binary", st.sampled_from(IMAGES) | st.binary(max_size=64))
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

API = schemathesis.openapi.from_dict(read_document()).exclude(path=["/ws", "/api/events", "/api/images"])
"""Without the WebSocket and the stream, of which a plain request sees no end, and the twin of /upload."""
OF_A_JOB = API.include(path_regex=r"\{job_id\}")
OF_AN_UPLOAD = API.include(path_regex=r"\{upload_id\}")

# Which options go together, which presets there are and what is an image is more than a schema can say.
UPLOADS = ("/upload", "/upload/{name}")
# Nor can it say how long a file is, of which a part is asked for.
FILES = ("/api/jobs/{job_id}/source", "/api/jobs/{job_id}/renditions/{rendition}", "/static/{filename}")
# Nor that an option without a value is as if it was not there, and which cursors there are.
LISTS = ("/api/jobs",)
# Nor what tus wants to be answered by 412, and that an upload has its offset.
TUS = ("/files/", "/files/{upload_id}")


@pytest.fixture(scope="module")
def server(node: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a frontend, with a worker behind it."""
    rig = Rig(node.amqp_url, tmp_path_factory.mktemp("any-request"), MIN_FREE_BYTES="0")
    try:
        asyncio.run(rig.start(workers=1))
        yield rig.url
    finally:
        rig.end()


def new_job(server: str) -> str:
    """The id of a job that has just been accepted."""
    request = urllib.request.Request(f"{server}/upload/a.png", data=IMAGES[0], method="PUT")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        return str(json.load(response)["jobs"][0]["id"])


def new_upload(server: str) -> str:
    """The id of a resumable upload that has just begun."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1048576"}
    request = urllib.request.Request(f"{server}/files/", method="POST", headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        return str(response.headers["Location"]).rpartition("/")[2]


def check(case: Case[Any], server: str, *excluded: CheckFunction) -> None:
    if case.path in (*UPLOADS, *FILES, *LISTS):
        excluded += (positive_data_acceptance,)
    if case.path in TUS:
        excluded += (positive_data_acceptance, negative_data_rejection, missing_required_header)
    if case.path in LISTS:
        excluded += (negative_data_rejection,)
    case.call_and_validate(
        base_url=server, timeout=TIMEOUT_S, allow_redirects=False, excluded_checks=[*excluded]
    )


@API.parametrize()
@REPEATABLE
def test_any_request_gets_an_answer_that_is_documented(case: Case[Any], server: str) -> None:
    check(case, server)


@OF_A_JOB.parametrize()
@REPEATABLE
def test_any_request_about_a_job_that_there_is_gets_an_answer_that_is_documented(
    case: Case[Any], server: str
) -> None:
    """Given a job, the request is about it, whatever else is in the request."""
    case.path_parameters["job_id"] = new_job(server)

    # An id that was wrong on purpose is right now.
    check(case, server, negative_data_rejection)


@OF_AN_UPLOAD.parametrize()
@REPEATABLE
def test_any_request_about_an_upload_that_there_is_gets_an_answer_that_is_documented(
    case: Case[Any], server: str
) -> None:
    """Given an upload, the request is about it."""
    case.path_parameters["upload_id"] = new_upload(server)

    check(case, server)
