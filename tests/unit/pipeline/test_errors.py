"""An error says what is wrong, even if nobody told it."""

import pytest

from pipeline.errors import BrokerUnavailable, PipelineError


def test_the_message_of_an_error_is_its_docstring() -> None:
    with pytest.raises(PipelineError, match=r"^The queue cannot be reached just now\.$"):
        raise BrokerUnavailable


def test_a_better_message_takes_its_place() -> None:
    assert str(BrokerUnavailable("The moon is in the way.")) == "The moon is in the way."
