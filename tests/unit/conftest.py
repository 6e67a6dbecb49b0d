"""What the unit tests of several packages share."""

import pytest

from tests.unit.full_disk import FillDisk


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> FillDisk:
    """Fills the disk when it is called, until the end of the test."""
    return FillDisk(monkeypatch)
