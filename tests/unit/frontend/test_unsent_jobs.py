"""Jobs that the store shows before they are sent, and that their frontend gives up again. No broker."""

from pathlib import Path

import pytest

from frontend.board import Board
from frontend.jobs import Jobs
from pipeline.errors import JobNotFound
from pipeline.ids import BatchId, JobId
from pipeline.local_store import LocalImageStore
from tests.unit.pipeline.examples import JOB_RECORD

JOB, BATCH = JobId(JOB_RECORD.job_id), BatchId(JOB_RECORD.batch_id)


async def test_a_job_that_another_frontend_gives_up_is_not_shown_and_counted_for_ever(
    tmp_path: Path,
) -> None:
    store, board = LocalImageStore(tmp_path), Board()
    jobs = Jobs(board=board, store=store)
    await store.receive(JOB)
    await store.save_job(JOB_RECORD)
    await jobs.catch_up(BATCH)  # as for those who watch the batch while the log is silent
    assert (board.doubtful(), board.unfinished(JOB_RECORD.client)) == ([JOB], 1)
    assert (await jobs.find(JOB)).status == "queued"

    await store.discard(JOB, BATCH)  # its lane was full
    with pytest.raises(JobNotFound):
        await jobs.find(JOB)

    assert (board.doubtful(), board.unfinished(JOB_RECORD.client)) == ([], 0)
    assert (board.job(JOB), board.batch_jobs(BATCH), board.oldest_waiting()) == (None, [], None)
