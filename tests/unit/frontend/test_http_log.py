"""What aiohttp writes into the log: faults of ours, and not each client that speaks no HTTP."""

import logging
from collections.abc import Iterator

import pytest

from frontend.http_faults import is_worth_a_line
from tests.unit.frontend.conftest import Client
from tests.unit.frontend.raw_http import connection_to

LOGGER = "aiohttp.server"


@pytest.fixture(autouse=True)
def filtered() -> Iterator[None]:
    """The filter that a frontend has."""
    logger = logging.getLogger(LOGGER)
    logger.addFilter(is_worth_a_line)
    yield
    logger.removeFilter(is_worth_a_line)


async def test_a_client_that_speaks_no_http_is_answered_and_not_logged(
    lonely: Client, caplog: pytest.LogCaptureFixture
) -> None:
    async with connection_to(lonely) as connection:
        await connection.send(b"BREW / COFFEE\r\nHost: a\r\nHost: b\r\n\r\n")
        assert (await connection.answer_head()).startswith(b"HTTP/1.0 400")

    assert [record for record in caplog.records if record.name == LOGGER] == []


def test_what_goes_wrong_here_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger(LOGGER).exception("Unhandled exception")

    assert [record.message for record in caplog.records] == ["Unhandled exception"]
