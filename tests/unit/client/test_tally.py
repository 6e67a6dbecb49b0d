"""What the bars show."""

from pathlib import Path

from msgspec.structs import replace

from image_resizer.answers import Job
from image_resizer.command.tally import Tally
from image_resizer.errands import Errand
from image_resizer.local_image import LocalImage


def test_it_counts_bytes_and_jobs_and_tells_what_is_to_come() -> None:
    tally, job = Tally(total_bytes=30, total_jobs=3), Job("1", "queued", seconds_to_go=7.4)
    one, other = (Errand(LocalImage(Path(name), 10, 1), name) for name in ("a", "b"))
    one.sent_bytes, one.job, other.sent_bytes = 10, job, 4

    for errand in (one, other):
        tally.take_errand(errand)
    assert (tally.sent_bytes, tally.ended_jobs, tally.words) == (14, 0, "about 7 s to go")

    tally.take_job(replace(job, status="failed"))
    assert (tally.ended_jobs, tally.words) == (1, "1 failed")

    tally.take_job(Job("2", "queued", seconds_to_go=600))
    assert tally.words == "1 failed, about 10 min to go"


def test_bytes_that_were_lost_are_taken_back() -> None:
    tally, errand = (
        Tally(total_bytes=10, total_jobs=1),
        Errand(LocalImage(Path("a"), 10, 1), "a", sent_bytes=8),
    )
    tally.take_errand(errand)
    errand.sent_bytes = 2
    tally.take_errand(errand)

    assert tally.sent_bytes == 2
