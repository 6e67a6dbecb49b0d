"""Uploads that are remembered."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from image_resizer.local_image import LocalImage
from image_resizer.remembered import RememberedUpload, RememberedUploads, digest_of, state_folder

SERVER = "http://localhost:5000"
UPLOAD = RememberedUpload(
    source="/a.jpg", url="/files/1", batch_id="2", began_at=datetime(2026, 11, 24, tzinfo=UTC)
)


@pytest.fixture
def image(tmp_path: Path) -> LocalImage:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    return LocalImage.at(tmp_path / "a.jpg")


def test_an_upload_is_found_until_it_is_forgotten(tmp_path: Path) -> None:
    RememberedUploads(tmp_path).keep("digest", UPLOAD)

    remembered = RememberedUploads(tmp_path)
    assert remembered.find("digest") == UPLOAD
    assert remembered.find("other") is None

    remembered.forget("digest")
    assert remembered.find("digest") is None
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_file_that_cannot_be_read_is_as_if_it_was_not_there(tmp_path: Path) -> None:
    remembered = RememberedUploads(tmp_path)
    remembered.keep("digest", UPLOAD)
    (tmp_path / "uploads" / "digest.json").write_bytes(b'{"v": 2}')

    assert remembered.find("digest") is None


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remembered = RememberedUploads(tmp_path / "file")

    remembered.keep("digest", UPLOAD)
    remembered.forget("digest")
    remembered.forget_old()

    assert remembered.find("digest") is None


def test_what_nobody_has_gone_on_with_for_a_week_is_forgotten(tmp_path: Path) -> None:
    remembered, week_ago = RememberedUploads(tmp_path), time.time() - 8 * 24 * 3600
    old, new = "0" * 64, "1" * 64
    for digest in (old, new):
        remembered.keep(digest, UPLOAD)
    litter, theirs = tmp_path / "uploads" / f"{old}.0123abcd.part", tmp_path / "uploads" / "holiday.jpg"
    for path in (litter, theirs):
        path.touch()
    for path in (tmp_path / "uploads" / f"{old}.json", litter, theirs):
        os.utime(path, (week_ago, week_ago))

    remembered.forget_old()

    assert remembered.find(old) is None
    assert remembered.find(new) is not None
    assert not litter.exists()
    assert theirs.exists(), "a program may have given a folder in which others keep their files"


def test_another_image_or_wish_is_another_upload(image: LocalImage) -> None:
    changed = LocalImage(image.path, image.size, image.mtime_ns + 1)
    digests = {
        digest_of(SERVER, None, image, {}),
        digest_of(SERVER, None, changed, {}),
        digest_of(SERVER, "key", image, {}),
        digest_of(SERVER, None, image, {"width": "64"}),
        digest_of("http://localhost:5001", None, image, {}),
    }
    assert len(digests) == 5


def test_a_file_whose_name_is_no_text_is_remembered_too(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    path.touch()
    digest = digest_of(SERVER, None, LocalImage.at(path), {})
    upload = RememberedUpload(
        source=LocalImage.at(path).place,
        url="/files/1",
        batch_id="2",
        began_at=datetime(2026, 11, 24, tzinfo=UTC),
    )

    RememberedUploads(tmp_path).keep(digest, upload)

    assert RememberedUploads(tmp_path).find(digest) == upload
    assert upload.source.endswith(r"/caf\xe9.jpg")


def test_the_order_of_options_makes_no_other_upload(image: LocalImage) -> None:
    one, other = {"width": "1", "height": "2"}, {"height": "2", "width": "1"}
    assert digest_of(SERVER, None, image, one) == digest_of(SERVER, None, image, other)


def test_they_are_in_the_folder_that_the_system_has_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "image-resizer"
