"""What is litter, and what is not: by names and times alone."""

import pytest

from pipeline.sweep import is_abandoned, stale_marks, stale_temporaries

OLD, NOW, FRESH = 10.0, 50.0, 90.0
"""A time before the limit, the limit, and one behind it."""


@pytest.mark.parametrize(
    ("files", "folder_time", "expected"),
    [
        ({}, OLD, True),
        ({}, FRESH, False),
        ({"a.jpg": OLD}, OLD, True),
        ({"a.jpg": OLD, "job.json": OLD}, OLD, False),
        ({"a.jpg": OLD, ".image.1.part": FRESH}, OLD, False),
        ({".image.1.part": OLD}, OLD, True),
        ({"a.jpg": OLD}, FRESH, False),
    ],
)
def test_an_upload_is_abandoned_if_it_is_no_job_and_nothing_of_it_is_fresh(
    files: dict[str, float], folder_time: float, expected: bool
) -> None:
    assert is_abandoned(files, folder_time, before=NOW) is expected


def test_temporary_files_go_when_they_are_old() -> None:
    files = {".a.1.part": OLD, ".b.1.part": FRESH, "a.jpg": OLD, "receipt.json": OLD}

    assert stale_temporaries(files, before=NOW) == [".a.1.part"]


def test_marks_go_when_they_are_old_and_the_job_has_ended() -> None:
    marks = {".attempt-1": OLD, ".attempt-2": FRESH, "a.jpg": OLD}

    assert stale_marks(marks, before=NOW) == []
    assert stale_marks({**marks, "receipt.json": FRESH}, before=NOW) == [".attempt-1"]
