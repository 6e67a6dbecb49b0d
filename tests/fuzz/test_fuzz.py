"""A short run of the fuzzing: every case ends in a result or a code, and the pool is as it was."""

import pytest

from tests.fuzz.cases import case
from tests.fuzz.trial import Outcome, run
from tests.fuzz.valid_files import valid_files

SEED = 20261124
CASES = 150


@pytest.fixture
async def outcome() -> Outcome:
    """How the cases of the short run end."""
    return await run((case(SEED, number) for number in range(CASES)), processes=2, on_case=lambda: None)


async def test_a_damaged_file_ends_in_a_result_or_a_code_and_leaves_the_pool_whole(outcome: Outcome) -> None:
    assert [(one.number, one.description, what) for one, what in outcome.failures] == []
    assert outcome.complaints == []
    assert outcome.counts["result"] > CASES / 20, "nearly all is refused at once: nothing will be found so"


def test_the_same_number_is_the_same_case() -> None:
    assert case(1, 2) == case(1, 2) != case(1, 3)


def test_every_format_that_is_read_is_damaged() -> None:
    formats = {name.partition("-")[0] for name in valid_files()}

    assert formats == {"jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "heif", "jxl"}
