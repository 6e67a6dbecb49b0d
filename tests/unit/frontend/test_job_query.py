"""What may be asked of a list of jobs, and what the cursor is."""

import pytest
from multidict import MultiDict

from frontend.errors import OptionInvalid
from frontend.job_query import JobQuery, cursor_of, job_query
from pipeline.ids import JobId, new_batch_id, new_job_id

JOB_ID = JobId("01a20cb7-2d07-7e7c-9e2d-f902feb70aaa")


def test_nothing_asked_is_all_jobs_fifty_at_a_time() -> None:
    assert job_query(MultiDict()) == JobQuery(status=None, batch=None, before=None, limit=50)


def test_what_has_no_value_is_not_asked() -> None:
    assert job_query(MultiDict(status="", batch="", limit="", cursor="")) == JobQuery()


def test_everything_can_be_asked_at_once() -> None:
    batch, job_id = new_batch_id(), new_job_id()

    query = job_query(MultiDict(status="failed", batch=batch, limit="200", cursor=cursor_of(job_id)))

    assert query == JobQuery(status="failed", batch=batch, before=job_id, limit=200)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "removed"),
        ("status", "DONE"),
        ("batch", "mine"),
        ("batch", "00000000-0000-4000-8000-000000000000"),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("cursor", "x"),
        ("cursor", "é"),
        ("cursor", "A" * 22),
        ("cursor", "A" * 5000),
        ("cursor", JOB_ID),
        ("cursor", cursor_of(JOB_ID) + "=="),
        ("page", "2"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(field: str, value: str) -> None:
    with pytest.raises(OptionInvalid) as caught:
        job_query(MultiDict({field: value}))

    assert caught.value.field == field


def test_what_is_given_twice_is_not_quietly_given_once() -> None:
    with pytest.raises(OptionInvalid, match="given once"):
        job_query(MultiDict([("status", "done"), ("status", "failed")]))
