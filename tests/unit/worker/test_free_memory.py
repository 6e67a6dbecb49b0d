"""How much memory is left: what the machine has, or less, if a control group says so."""

from pathlib import Path

import pytest

from worker.free_memory import free_memory_bytes
from worker.job_limits import MEBIBYTE, SMALLEST_JOB_MEMORY_BYTES, JobLimits

FREE_OF_MACHINE = 8_000_000 * 1024


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which 8 GB are free, with a process in the group /a/b."""
    write(tmp_path / "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\nHugePages_Total: 0\n")
    write(tmp_path / "proc/self/cgroup", "4:memory:/old\n0::/a/b\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def group(root: Path, name: str, *, limit: str, used: int, cached: int = 0) -> None:
    folder = root / "sys/fs/cgroup" / name
    write(folder / "memory.max", f"{limit}\n")
    write(folder / "memory.current", f"{used}\n")
    write(folder / "memory.stat", f"anon 1\ninactive_file {cached}\n")


def test_without_groups_it_is_what_the_machine_has(root: Path) -> None:
    assert free_memory_bytes(root) == FREE_OF_MACHINE


def test_a_group_without_a_limit_changes_nothing(root: Path) -> None:
    group(root, "a/b", limit="max", used=5)
    assert free_memory_bytes(root) == FREE_OF_MACHINE


@pytest.mark.parametrize("name", ["", "a", "a/b"])
def test_the_limit_of_a_group_or_of_one_above_it_leaves_less(root: Path, name: str) -> None:
    group(root, name, limit="1000000", used=600_000)
    assert free_memory_bytes(root) == 400_000


def test_the_limit_of_another_group_is_none_of_ours(root: Path) -> None:
    group(root, "a/c", limit="1000000", used=600_000)
    assert free_memory_bytes(root) == FREE_OF_MACHINE


def test_files_that_are_cached_give_way(root: Path) -> None:
    group(root, "a/b", limit="1000000", used=900_000, cached=500_000)
    assert free_memory_bytes(root) == 600_000


def test_more_than_is_allowed_leaves_nothing(root: Path) -> None:
    group(root, "a/b", limit="1000000", used=1_200_000)
    assert free_memory_bytes(root) == 0


def test_this_machine_has_some() -> None:
    assert free_memory_bytes() > MEBIBYTE


@pytest.mark.parametrize(
    ("free", "expected"), [(0, 512), (500, 512), (1000, 800), (2560, 2048), (100_000, 2048)]
)
def test_in_quarantine_a_job_has_most_of_what_is_free_but_never_too_little_nor_more_than_others(
    free: int, expected: int
) -> None:
    limits = JobLimits(memory_bytes=2048 * MEBIBYTE, cpu_s=7).in_quarantine(free * MEBIBYTE)

    assert limits == JobLimits(memory_bytes=expected * MEBIBYTE, cpu_s=7)
    assert limits.memory_bytes >= SMALLEST_JOB_MEMORY_BYTES
