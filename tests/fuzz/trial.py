"""Cases go through the real pool, and what must not happen is noted."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exception_only

import psutil
from PIL import Image

from pipeline.image_formats import detect_format
from pipeline.messages import LANES, Rendition
from tests.eventually import eventually
from tests.fuzz.cases import Case
from tests.fuzz.valid_files import valid_files
from tests.unit.worker.processes import NewChildren
from tests.unit.worker.receivers import Receiver, ignore
from worker.image_pool import ImagePool
from worker.imaging import ImageError, RenderedImage
from worker.job_limits import MEBIBYTE, JobLimits

LIMITS = JobLimits(
    time_limit_s=10,
    cpu_s=10,
    memory_bytes=512 * MEBIBYTE,
    output_pixels=1_000_000,
    animation_pixels=4_000_000,
)
REMAINS_BYTES = 64 * MEBIBYTE
"""So much more than after the valid files a child may hold at the end."""

CRASH_CODES = ("decoder_crashed", "out_of_memory", "image_took_too_long")


@dataclass
class Outcome:
    """How the cases have ended: how many in which way, and which of them must not or should rather not so."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Case, str]] = field(default_factory=list)
    lost_children: list[tuple[Case, str]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every case has ended in a result or a code, and the pool is as it was."""
        return not self.failures and not self.complaints


async def run(cases: Iterable[Case], *, processes: int, on_case: Callable[[], None]) -> Outcome:
    """How the cases end, `processes` of them at a time; `on_case` is called after each."""
    outcome, children = Outcome(), NewChildren()
    pool = ImagePool(processes=processes, limits=LIMITS)
    try:
        with TemporaryDirectory(prefix="fuzz-") as folder:
            await _do_valid_files(pool, Path(folder), processes)
            before = _largest(children())
            todo = iter(cases)
            await asyncio.gather(
                *(_work(pool, Path(folder), todo, outcome, on_case) for _ in range(processes))
            )
            await _check_pool(pool, Path(folder), children, processes, outcome)
            _check_memory(before, _largest(children()), outcome)
    finally:
        await pool.close()
    return outcome


async def _work(
    pool: ImagePool, folder: Path, cases: Iterable[Case], outcome: Outcome, on_case: Callable[[], None]
) -> None:
    for case in cases:
        path = folder / f"case-{case.number}"
        path.write_bytes(case.data)
        await _try(pool, path, case, outcome)
        path.unlink()
        on_case()


async def _try(pool: ImagePool, path: Path, case: Case, outcome: Outcome) -> None:
    receiver = Receiver()
    try:
        await pool.render(path, case.renditions, on_ready=receiver.take)
    except ImageError as error:
        outcome.counts[error.code] += 1
        if error.code in CRASH_CODES:
            outcome.lost_children.append((case, f"{error.code}: {error}"))
    except Exception as error:
        outcome.counts["no code"] += 1
        outcome.failures.append((case, "".join(format_exception_only(error)).strip()))
    else:
        outcome.counts["result"] += 1
        outcome.failures += [(case, fault) for fault in _faults(receiver.images, case.renditions)]


def _faults(images: list[RenderedImage], renditions: tuple[Rendition, ...]) -> list[str]:
    """What is wrong with the results of a case."""
    faults = [fault for image in images if (fault := _fault(image))]
    if sorted(image.name for image in images) != sorted(rendition.name for rendition in renditions):
        faults.append(f"{len(renditions)} renditions were asked for, {[image.name for image in images]} came")
    return faults


def _fault(image: RenderedImage) -> str | None:
    told = (image.image_format, image.width, image.height)
    try:
        kind = detect_format(image.data)
        with Image.open(BytesIO(image.data)) as picture:
            picture.load()
            found = (kind.name if kind else None, *picture.size)
    except Exception as error:
        return f"the result {image.name} cannot be read: {error}"
    return None if found == told else f"the result {image.name} is {found}, and {told} is told"


async def _do_valid_files(pool: ImagePool, folder: Path, processes: int) -> None:
    """Have every child meet every format, so that what it holds afterwards is what it holds anyway."""
    await pool.warm_up()
    for name, data in valid_files().items():
        path = folder / name
        path.write_bytes(data)
        rendition = Rendition(name="valid", width=50)
        await asyncio.gather(*(pool.render(path, [rendition], on_ready=ignore) for _ in range(processes)))


async def _check_pool(
    pool: ImagePool, folder: Path, children: NewChildren, processes: int, outcome: Outcome
) -> None:
    try:
        await eventually(lambda: len(children()) == len(LANES) * processes)
        await _do_valid_files(pool, folder, processes)
    except (AssertionError, ImageError) as error:
        outcome.complaints.append(f"the pool is not what it was: {error}")


def _check_memory(before: int, after: int, outcome: Outcome) -> None:
    if after > before + REMAINS_BYTES:
        outcome.complaints.append(
            f"a child holds {after // MEBIBYTE} MB, where {before // MEBIBYTE} were the most before"
        )


def _largest(children: set[psutil.Process]) -> int:
    return max(child.memory_info().rss for child in children)
