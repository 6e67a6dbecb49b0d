"""A file is there in whole or not at all, and a failure leaves nothing behind."""

import os
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pipeline.durable_files import TEMPORARY_SUFFIX, make_folder, temporary_for, write_file, write_new_file


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Inside, writing a file beyond `size` bytes fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is synced to the disk, in order; it is synced all the same."""
    names: list[str] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    return names


def test_what_is_written_can_be_read_and_nothing_else_is_there(tmp_path: Path) -> None:
    write_file(tmp_path / "a.json", b"data")

    assert (tmp_path / "a.json").read_bytes() == b"data"
    assert names_in(tmp_path) == ["a.json"]


def test_writing_again_replaces_the_content(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"a long text")
    write_file(tmp_path / "a", b"short")

    assert (tmp_path / "a").read_bytes() == b"short"


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large"):
        write_file(tmp_path / "a", bytes(5000))

    assert names_in(tmp_path) == []


def test_a_write_that_fails_half_way_leaves_the_former_file(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"former")

    with files_of_at_most(1000), pytest.raises(OSError, match="File too large"):
        write_file(tmp_path / "a", bytes(5000))

    assert (tmp_path / "a").read_bytes() == b"former"
    assert names_in(tmp_path) == ["a"]


def test_a_file_that_cannot_take_its_name_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match="taken"):
        write_file(tmp_path / "taken", b"data")

    assert names_in(tmp_path) == ["taken"]


def test_no_folder_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_file(tmp_path / "missing" / "a", b"data")

    assert names_in(tmp_path) == []


def test_the_data_is_on_the_disk_before_its_name_is(tmp_path: Path, synced: list[str]) -> None:
    write_file(tmp_path / "a", b"data")

    data, folder = synced
    assert data.endswith(TEMPORARY_SUFFIX)
    assert folder == tmp_path.name


def test_a_new_file_is_made_once(tmp_path: Path) -> None:
    assert write_new_file(tmp_path / "a", b"first")
    assert not write_new_file(tmp_path / "a", b"second")

    assert (tmp_path / "a").read_bytes() == b"first"
    assert names_in(tmp_path) == ["a"]


def test_a_new_file_is_on_the_disk_before_its_name_is(tmp_path: Path, synced: list[str]) -> None:
    write_new_file(tmp_path / "a", b"data")

    data, folder = synced
    assert data.endswith(TEMPORARY_SUFFIX)
    assert folder == tmp_path.name


def test_a_new_file_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large"):
        write_new_file(tmp_path / "a", bytes(5000))

    assert names_in(tmp_path) == []


def test_of_many_who_make_a_new_file_one_does(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: write_new_file(tmp_path / "a", b"%d" % number), range(8)))

    assert made.count(True) == 1
    assert (tmp_path / "a").read_bytes() == b"%d" % made.index(True)
    assert names_in(tmp_path) == ["a"]


def test_temporary_names_are_hidden_and_never_the_same(tmp_path: Path) -> None:
    names = {temporary_for(tmp_path / "a.jpg").name for _ in range(100)}

    assert len(names) == 100
    assert all(name.startswith(".a.jpg.") and name.endswith(TEMPORARY_SUFFIX) for name in names)


def test_a_folder_is_made_with_those_above_it_and_each_is_synced_into_its_parent(
    tmp_path: Path, synced: list[str]
) -> None:
    make_folder(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert synced == [tmp_path.name, "a", "b"]


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path, synced: list[str]) -> None:
    (tmp_path / "a").mkdir()

    make_folder(tmp_path / "a")

    assert synced == []


@contextmanager
def again_and_again(*acts: Callable[[], None]) -> Iterator[None]:
    """Each act in a thread of its own, whether it succeeds or not, until the end of the block."""
    done = threading.Event()

    def repeat(act: Callable[[], None]) -> None:
        while not done.is_set():
            with suppress(OSError):
                act()

    threads = [threading.Thread(target=repeat, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_folder_is_made_although_somebody_sweeps_away_empty_ones(tmp_path: Path) -> None:
    day = tmp_path / "2026-11-24"
    with again_and_again(day.rmdir):
        for number in range(20):
            make_folder(day / str(number))
            (day / str(number)).rmdir()


def test_a_folder_that_others_make_too_is_made_although_somebody_sweeps_it_away(tmp_path: Path) -> None:
    day = tmp_path / "2026-11-24"
    with again_and_again(day.rmdir, day.mkdir):
        for _ in range(300):
            make_folder(day)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("nowhere")], ids=["file", "link"])
def test_where_something_else_is_no_folder_is_made(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "day")

    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "day" / "job")
