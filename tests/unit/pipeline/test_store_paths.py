"""No path and no name leads out of the store."""

from pathlib import Path

import pytest

from pipeline.errors import JobNotFound, SourceMissing
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from tests.unit.pipeline.examples import JOB_ID

FOLDER = f"uploads/2026-11-24/{JOB_ID}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "storage"


@pytest.fixture
async def store(root: Path) -> LocalImageStore:
    """A store with one image and one result."""
    store = LocalImageStore(root)
    incoming = await store.receive(JobId(JOB_ID))
    await incoming.write(b"image")
    await incoming.keep("a.jpg")
    await store.save_rendition(JobId(JOB_ID), "a_300x300.jpg", b"result")
    return store


@pytest.mark.parametrize(
    "source_path",
    [
        "",
        ".",
        "uploads",
        FOLDER,
        "../secret",
        "uploads/../../secret",
        f"{FOLDER}/../../../../secret",
        f"processed/2026-11-24/{JOB_ID}/a_300x300.jpg",
        f"uploads/../processed/2026-11-24/{JOB_ID}/a_300x300.jpg",
        "/etc/passwd",
        "//etc/passwd",
        f"{FOLDER}/b.jpg",
        f"{FOLDER}/a.jpg\0",
        f"{FOLDER}/{'n' * 300}.jpg",
        "/".join(["uploads", *["n" * 200] * 30]),
        "uploads/\udcff",
    ],
)
async def test_a_source_path_that_names_no_image_of_the_store_is_missing(
    store: LocalImageStore, source_path: str
) -> None:
    with pytest.raises(SourceMissing):
        store.source_file(source_path)


async def test_the_image_itself_is_found(store: LocalImageStore) -> None:
    assert store.source_file(f"{FOLDER}/a.jpg").read_bytes() == b"image"


@pytest.mark.parametrize("target", ["../../../../secret", "/etc/passwd"])
async def test_a_link_that_leads_out_of_the_uploads_is_not_followed(
    store: LocalImageStore, root: Path, target: str
) -> None:
    (root / FOLDER / "link.jpg").symlink_to(target)

    with pytest.raises(SourceMissing):
        store.source_file(f"{FOLDER}/link.jpg")


async def test_a_folder_that_is_a_link_out_of_the_uploads_is_not_followed(
    store: LocalImageStore, root: Path, tmp_path: Path
) -> None:
    (root / "uploads" / "elsewhere").symlink_to(tmp_path)

    with pytest.raises(SourceMissing):
        store.source_file("uploads/elsewhere/secret")


async def test_a_link_to_itself_is_no_image(store: LocalImageStore, root: Path) -> None:
    (root / FOLDER / "loop.jpg").symlink_to("loop.jpg")

    with pytest.raises(SourceMissing):
        store.source_file(f"{FOLDER}/loop.jpg")


@pytest.mark.parametrize(
    "file_name",
    [
        "",
        ".",
        "..",
        "b.jpg",
        "../../../../secret",
        f"../{JOB_ID}/a_300x300.jpg",
        "./a_300x300.jpg",
        "a_300x300.jpg/",
        "a_300x300.jpg\0",
        "/etc/passwd",
        "n" * 300,
    ],
)
async def test_a_file_name_that_names_no_result_is_not_found(store: LocalImageStore, file_name: str) -> None:
    with pytest.raises(JobNotFound):
        store.rendition_file(JobId(JOB_ID), file_name)
