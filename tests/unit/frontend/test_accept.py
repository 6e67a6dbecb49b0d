"""Who gets a page, and who gets JSON."""

import pytest
from aiohttp.test_utils import make_mocked_request

from frontend.accept import wants_html

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        (CHROMIUM, True),
        ("TEXT/HTML", True),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("text/html; charset=utf-8; q=0.3", True),
        ("application/json, text/html;q=0.1", False),
        ("application/*, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("*/*", False),
        ("", False),
        ('application/json;x="text/html"', False),
        ("application/xhtml+xml,text/htmlx", False),
        (";;,,q=,text/html;q=7", True),  # a weight that is none is not there
    ],
)
def test_who_names_html_and_wants_it_most_gets_a_page(accept: str, is_html: bool) -> None:
    assert wants_html(make_mocked_request("GET", "/", headers={"Accept": accept})) is is_html


def test_the_api_is_for_programs_whatever_they_accept() -> None:
    assert not wants_html(make_mocked_request("GET", "/api/jobs", headers={"Accept": CHROMIUM}))
