"""Where everything is in a store on a disk.

    uploads/<day>/<job_id>/<name>          the image
    uploads/<day>/<job_id>/job.json        what was asked
    uploads/<day>/<job_id>/webhooks.json   how its end was told to others
    outbox/<job_id>                        accepted, and not yet confirmed by the broker
    webhooks/<webhook id>.<run>            to be told to others, and not yet confirmed by the broker
    batches/<day>/<batch_id>/<job_id>      which jobs a batch has
    claims/<day>/<digest>.json             what an upload with an idempotency key has come to
    claims/locks/<digest or job_id>        somebody acts on this key, or changes this job
    claims/locks/<work key>.work           a worker is at this work, in the interactive lane
    claims/locks/<work key>.bulk.work      another one is, in the bulk lane
    claims/locks/<job_id>.webhook          a frontend tells the end of this job
    claims/locks/<upload_id>.upload        a request is at this resumable upload
    unfinished/<upload_id>/asked.json      what is asked of a resumable upload
    unfinished/<upload_id>/image           what has come of it; gone once it is a job
    work/<2 of the key>/<work key>         which job has done this work
    meters/<digest>                        how much a client has used lately
    processed/<day>/<job_id>/<file>        a rendition
    processed/<day>/<job_id>/.attempt-*    a worker is at it
    processed/<day>/<job_id>/receipt.json  the job has ended, and how
    index/<owner>/<filing>/<day>/<minute>/<job_id>
                                           how the job stands, as far as lists of jobs need it

`<day>` and `<minute>` are read out of the id; `<owner>` is `-` for jobs that came without an API key. Only
the modules of the store know these paths; others pass ids and the `source_path` that `keep` has given them.
"""

from pathlib import Path

from pipeline.ids import BatchId, JobId, day_of
from pipeline.messages import Lane, Owner, WorkKey

JOB_FILE = "job.json"
RECEIPT_FILE = "receipt.json"
WEBHOOKS_FILE = "webhooks.json"
MARK_PREFIX = ".attempt-"
NOBODY = "-"


class StorePaths:
    """The paths below one root. It touches no disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uploads = root / "uploads"
        self.processed = root / "processed"
        self.batches = root / "batches"
        self.outbox = root / "outbox"
        self.claims = root / "claims"
        self.locks = self.claims / "locks"
        self.index = root / "index"
        self.meters = root / "meters"
        self.work = root / "work"
        self.webhooks = root / "webhooks"
        self.unfinished = root / "unfinished"

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders that are always there."""
        return (
            self.uploads,
            self.processed,
            self.batches,
            self.outbox,
            self.claims,
            self.index,
            self.work,
            self.webhooks,
            self.unfinished,
        )

    def upload_folder(self, job_id: JobId) -> Path:
        """The folder of the image and of what was asked."""
        return self.uploads / day_of(job_id) / job_id

    def job(self, job_id: JobId) -> Path:
        """What was asked."""
        return self.upload_folder(job_id) / JOB_FILE

    def webhook_log(self, job_id: JobId) -> Path:
        """How the end of the job was told to others."""
        return self.upload_folder(job_id) / WEBHOOKS_FILE

    def webhook_lock(self, job_id: JobId) -> Path:
        """The lock of the frontend that is telling the end of the job."""
        return self.locks / f"{job_id}.webhook"

    def result_folder(self, job_id: JobId) -> Path:
        """The folder of the results and of the receipt."""
        return self.processed / day_of(job_id) / job_id

    def receipt(self, job_id: JobId) -> Path:
        """How the job ended."""
        return self.result_folder(job_id) / RECEIPT_FILE

    def batch_folder(self, batch_id: BatchId) -> Path:
        """A folder with an empty file for each job of a batch."""
        return self.batches / day_of(batch_id) / batch_id

    def work_entry(self, key: WorkKey) -> Path:
        """The file that names the job which has done this work."""
        return self.work / key[:2] / key

    def work_lock(self, key: WorkKey, lane: Lane = "interactive") -> Path:
        """The lock of the worker that is at this work in this lane."""
        return self.locks / (f"{key}.bulk.work" if lane == "bulk" else f"{key}.work")

    def unfinished_folder(self, upload_id: JobId) -> Path:
        """The folder of a resumable upload, whose id will be that of its job."""
        return self.unfinished / upload_id

    def upload_lock(self, upload_id: JobId) -> Path:
        """The lock of the request that is at this resumable upload."""
        return self.locks / f"{upload_id}.upload"

    def index_of(self, owner: Owner | None) -> Path:
        """The index of the jobs of one owner; None: of those that came without an API key."""
        return self.index / (owner or NOBODY)
