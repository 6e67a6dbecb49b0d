"""One message of every kind, with every field filled, and one record of each; golden/ holds their JSON."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from pipeline.messages import (
    AnyEvent,
    DeliverWebhook,
    FrontendOnline,
    JobCancelled,
    JobDone,
    JobError,
    JobFailed,
    JobQueued,
    JobRemoved,
    JobRetrying,
    JobStarted,
    Rendition,
    RenditionReady,
    ResizeImage,
    Result,
    Source,
    WorkerHeartbeat,
    WorkerOffline,
    WorkerOnline,
)
from pipeline.records import ImageReport, JobRecord, Receipt

GOLDEN = Path(__file__).parent / "golden"

JOB_ID = "01a20d0d-aebe-7e7a-9d1e-1c2b3a4f5e6d"
BATCH_ID = "01a20d0d-aebd-7c4d-8a5b-0f1e2d3c4b5a"
BEGUN = datetime(2026, 11, 24, 10, 15, 30, 250_000, UTC)
OWNER = "shop"
CLIENT = "f3c0280875b5151f"
ENDED = BEGUN + timedelta(milliseconds=48)

SOURCE = Source(media_type="image/jpeg", bytes=2_345_678)
OPENED = Source(media_type="image/jpeg", bytes=2_345_678, width=4032, height=3024)
RESULT = Result(
    name="300x300",
    file="holiday_300x300.jpg",
    width=300,
    height=300,
    media_type="image/jpeg",
    bytes=18_204,
    frames=1,
    alpha="flattened",
    metadata=("exif",),
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)
PLACEHOLDER = "HggKLZpwdndwd3d3h2h3d6CACviH"
NOTES = ("The image has 16 bits a channel; what is made of it has 8.",)
REPORT = ImageReport(
    format="jpeg",
    width=4032,
    height=3024,
    mode="RGB",
    depth=16,
    frames=1,
    orientation=6,
    is_progressive=True,
    has_alpha=False,
    profile="Display P3",
    colour="converted",
    metadata=("exif", "xmp", "icc"),
    has_place=True,
    sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    libraries={"pillow": "12.0.0"},
)
WORK = "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"
ERROR = JobError(code="image_truncated", detail="The file ends too early: a part of the image is missing.")
SPENT = {"decode": 12.5, "total": 48.0}

COMMAND = ResizeImage(
    job_id=JOB_ID,
    batch_id=BATCH_ID,
    owner=OWNER,
    source=f"uploads/2026-11-24/{JOB_ID}/holiday.jpg",
    attempt=2,
    retries=1,
    work=WORK,
    lane="bulk",
    renditions=(
        Rendition(name="300x300", width=300, height=300),
        Rendition(
            name="wide",
            width=1280,
            height=720,
            fit="contain",
            position="0.5,0.25",
            background="#ff8800",
            without_enlargement=True,
            format="webp",
            quality=90,
            lossless=True,
            metadata="all",
        ),
        Rendition(name="480h", height=480, fit="inside", format="jpeg", progressive=True),
    ),
    webhook=True,
)

WEBHOOK = DeliverWebhook(job_id=JOB_ID, attempt=2, run=1, tries=3)

EVENTS: tuple[AnyEvent, ...] = (
    JobQueued(
        at=BEGUN,
        job_id=JOB_ID,
        batch_id=BATCH_ID,
        owner=OWNER,
        name="holiday.jpg",
        source=SOURCE,
        rendition_count=3,
        client=CLIENT,
        lane="bulk",
    ),
    JobStarted(
        at=BEGUN,
        job_id=JOB_ID,
        batch_id=BATCH_ID,
        owner=OWNER,
        attempt=2,
        name="holiday.jpg",
        worker="worker-1",
    ),
    RenditionReady(at=ENDED, job_id=JOB_ID, batch_id=BATCH_ID, owner=OWNER, attempt=2, result=RESULT),
    JobRetrying(
        at=ENDED, job_id=JOB_ID, batch_id=BATCH_ID, owner=OWNER, attempt=2, reason="OSError", delay_s=2.0
    ),
    JobDone(
        at=ENDED,
        job_id=JOB_ID,
        batch_id=BATCH_ID,
        owner=OWNER,
        attempt=2,
        name="holiday.jpg",
        worker="worker-1",
        source=OPENED,
        renditions=(RESULT,),
        notes=NOTES,
        placeholder=PLACEHOLDER,
        reused=True,
        started_at=BEGUN,
        timings_ms=SPENT,
    ),
    JobFailed(
        at=ENDED,
        job_id=JOB_ID,
        batch_id=BATCH_ID,
        owner=OWNER,
        attempt=2,
        name="holiday.jpg",
        worker="worker-1",
        source=SOURCE,
        error=ERROR,
        started_at=BEGUN,
    ),
    JobCancelled(at=ENDED, job_id=JOB_ID, batch_id=BATCH_ID, owner=OWNER, attempt=2, name="holiday.jpg"),
    JobRemoved(at=ENDED, job_id=JOB_ID, batch_id=BATCH_ID, owner=OWNER, attempt=2),
    WorkerOnline(at=BEGUN, worker="worker-1", slots=4),
    WorkerHeartbeat(at=BEGUN, worker="worker-1", slots=4, busy=(JOB_ID,)),
    WorkerOffline(at=BEGUN, worker="worker-1"),
    FrontendOnline(at=BEGUN, frontend="01a20d0d-aeca-7b2a-8c3d-4e5f60718293"),
)

JOB_RECORD = JobRecord(
    job_id=JOB_ID,
    batch_id=BATCH_ID,
    owner=OWNER,
    name="holiday.jpg",
    source_path=f"uploads/2026-11-24/{JOB_ID}/holiday.jpg",
    source=SOURCE,
    renditions=COMMAND.renditions,
    work=WORK,
    client=CLIENT,
    lane="bulk",
    callback_url="https://hooks.example.com/image-done?token=Zm9v",
    created_at=BEGUN,
)

DONE_RECEIPT = Receipt(
    job_id=JOB_ID,
    batch_id=BATCH_ID,
    owner=OWNER,
    name="holiday.jpg",
    status="done",
    attempt=2,
    worker="worker-1",
    source=OPENED,
    renditions=(RESULT,),
    started_at=BEGUN,
    finished_at=ENDED,
    timings_ms=SPENT,
    notes=NOTES,
    placeholder=PLACEHOLDER,
    report=REPORT,
    work=WORK,
    reused=True,
)

FAILED_RECEIPT = Receipt(
    job_id=JOB_ID,
    batch_id=BATCH_ID,
    owner=OWNER,
    name="holiday.jpg",
    status="failed",
    attempt=2,
    worker="worker-1",
    source=SOURCE,
    error=ERROR,
    started_at=BEGUN,
    finished_at=ENDED,
)

CANCELLED_RECEIPT = Receipt(
    job_id=JOB_ID,
    batch_id=BATCH_ID,
    owner=OWNER,
    name="holiday.jpg",
    status="cancelled",
    attempt=2,
    source=SOURCE,
    started_at=BEGUN,
    finished_at=ENDED,
)

REMOVED_RECEIPT = replace(CANCELLED_RECEIPT, status="removed")
