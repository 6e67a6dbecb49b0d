"""The same work has the same key, and nothing else has it."""

import pytest
from msgspec.structs import replace

from pipeline import work_key as keys
from pipeline.messages import DEFAULT_RENDITION, Owner, Rendition, WorkKey
from pipeline.work_key import work_key

SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
WIDE = Rendition(name="wide", width=800)


def key_of(*renditions: Rendition, sha256: str = SHA256, owner: Owner | None = None) -> WorkKey:
    return work_key(sha256=sha256, renditions=renditions or (DEFAULT_RENDITION,), owner=owner)


def test_the_same_work_has_the_same_key_for_all_programs() -> None:
    assert key_of() == key_of(Rendition(name="300x300", width=300, height=300))
    assert key_of() == "46208dce9bbd8403ab1e437d7feb26af600f0b54ab6bf6665e626e94a2cd94a5", (
        "results that were made before would not be found"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "small"},
        {"width": 301},
        {"height": None},
        {"fit": "inside"},
        {"position": "north"},
        {"background": "black"},
        {"without_enlargement": True},
        {"format": "jpeg"},
        {"quality": 80},
        {"progressive": True},
        {"lossless": True},
        {"metadata": "none"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_is_wanted_otherwise_is_other_work(changes: dict[str, object]) -> None:
    assert set(changes) <= set(Rendition.__struct_fields__)
    assert key_of(replace(DEFAULT_RENDITION, **changes)) != key_of()


def test_there_is_a_case_for_every_option() -> None:
    marks = test_whatever_is_wanted_otherwise_is_other_work.pytestmark  # type: ignore[attr-defined]  # pytest's
    assert {name for changes in marks[0].args[1] for name in changes} == set(Rendition.__struct_fields__)


def test_other_bytes_are_other_work() -> None:
    assert key_of(sha256=SHA256.replace("2c", "2d")) != key_of()


def test_the_order_of_renditions_counts_for_the_first_one_makes_the_placeholder() -> None:
    assert key_of(DEFAULT_RENDITION, WIDE) != key_of(WIDE, DEFAULT_RENDITION)


def test_the_work_of_another_owner_is_other_work() -> None:
    assert len({key_of(), key_of(owner="shop"), key_of(owner="blog"), key_of(owner="null")}) == 4


def test_another_kernel_makes_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of()
    monkeypatch.setattr(keys, "KERNEL_VERSION", keys.KERNEL_VERSION + 1)

    assert key_of() != before
