"""Images on this machine."""

import os
from pathlib import Path

import pytest

from image_resizer import local_image
from image_resizer.errors import SourceChanged, SourceUnreadable
from image_resizer.local_image import LocalImage


async def sent(image: LocalImage, offset: int, told: list[int]) -> bytes:
    return b"".join([data async for data in image.content(offset, told.append)])


async def test_it_is_sent_from_an_offset_on_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_image, "CHUNK_BYTES", 4)
    (tmp_path / "a.jpg").write_bytes(b"0123456789")
    told: list[int] = []

    assert await sent(LocalImage.at(tmp_path / "a.jpg"), 3, told) == b"3456789"
    assert told == [7, 10]


@pytest.mark.parametrize("change", ["longer", "shorter", "touched"])
async def test_one_that_was_changed_meanwhile_is_not_sent_whole(tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"0123456789")
    image, told = LocalImage.at(path), list[int]()

    if change == "touched":
        os.utime(path, (1, 1))
    else:
        path.write_bytes(b"01234" * (3 if change == "longer" else 1))

    with pytest.raises(SourceChanged):
        await sent(image, 0, told)
    assert image.size not in told


@pytest.mark.parametrize("name", ["missing.jpg", "."])
def test_one_that_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceUnreadable, match=r"cannot be read: (No such file|Is a directory)"):
        LocalImage.at(tmp_path / name)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")

    with pytest.raises(SourceUnreadable, match="a pipe or a device"):
        LocalImage.at(tmp_path / "pipe.jpg")


SYSFS = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@pytest.mark.skipif(not SYSFS.exists(), reason="the system has no such file")
async def test_one_that_says_it_has_more_than_it_has_is_not_sent_for_ever() -> None:
    with pytest.raises(SourceUnreadable, match="has less than its"):
        await sent(LocalImage.at(SYSFS), 0, [])


def test_a_name_that_is_no_text_is_told_as_one() -> None:
    assert LocalImage(Path(os.fsdecode(b"/tmp/\xff.jpg")), 1, 1).name == "�.jpg"
