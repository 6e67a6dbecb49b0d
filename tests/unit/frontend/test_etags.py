"""What changes an ETag, and what does not."""

import pytest

from frontend.etags import etag_of
from frontend.job_view import JsonObject, batch_view

WAITING: JsonObject = {"id": "a", "status": "queued", "position": 2, "seconds_to_go": 3.5}


@pytest.mark.parametrize("change", [{"position": 1}, {"status": "processing"}])
def test_any_news_of_a_job_is_another_etag(change: JsonObject) -> None:
    assert etag_of(WAITING) != etag_of(WAITING | change)
    assert etag_of(batch_view("b", [WAITING])) != etag_of(batch_view("b", [WAITING | change]))


def test_a_better_guess_of_the_time_to_go_is_no_news() -> None:
    later = WAITING | {"seconds_to_go": 3.4}

    assert etag_of(later) == etag_of(WAITING)
    assert etag_of(batch_view("b", [later])) == etag_of(batch_view("b", [WAITING]))
