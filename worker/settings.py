"""What an operator can set about a worker. Read once, from the environment."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from pipeline.settings import ServiceSettings, natural, positive_int, positive_seconds, setting
from worker.job_limits import SMALLEST_JOB_MEMORY_BYTES, JobLimits

LEAST_URGENT = 19


def worker_name(text: str) -> str:
    """A name that can stand in logs, consumer tags and on the page."""
    if not text.isprintable() or len(text) > 64 or " " in text:
        raise ValueError("not a name of at most 64 characters without spaces")
    return text


def job_memory(text: str) -> int:
    """Bytes that a process which decodes images can work with."""
    size = positive_int(text)
    if size < SMALLEST_JOB_MEMORY_BYTES:
        raise ValueError(f"less than {SMALLEST_JOB_MEMORY_BYTES}, in which nothing could be decoded")
    return size


def niceness(text: str) -> int:
    """How far a process gives way, as nice(1) counts it."""
    number = natural(text)
    if number > LEAST_URGENT:
        raise ValueError(f"more than {LEAST_URGENT}")
    return number


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(ServiceSettings):
    """The settings of one worker."""

    worker_name: str = setting(
        "",
        parse=worker_name,
        text="The name shown on the page, in the console and in the logs. Empty: `worker-<host name>`.",
    )
    slots: int = setting(
        0,
        parse=natural,
        text="How many jobs of each [lane](fair_shares.md) the worker does at a time. 0: as many as it has "
        "cores.",
    )
    job_timeout_s: float = setting(
        60.0,
        parse=positive_seconds,
        text="Seconds that one image may take, by the clock. It is tried once more, in a fresh process; then "
        "its job fails with `image_took_too_long`. Keep it far below the broker's `consumer_timeout` of 30 "
        "minutes.",
    )
    bulk_job_timeout_s: float = setting(
        600.0,
        parse=positive_seconds,
        text="The same for an image of the bulk lane, which gets the processor only as far as "
        "others leave it. Never less than `JOB_TIMEOUT_S`.",
    )
    bulk_niceness: int = setting(
        10,
        parse=niceness,
        text="By how much the process of such an image gives way, from 0 (not at all) to 19. With 10 it has "
        "a tenth of a core that the other lane, or another program, wants too.",
    )
    job_cpu_s: int = setting(
        60,
        parse=positive_int,
        text="Seconds of the processor that one image may take, with the same end.",
    )
    job_memory_bytes: int = setting(
        2 * 1024**3,
        parse=job_memory,
        text="Bytes of address space that a process which decodes images may use, 512 MiB at least. All but "
        "256 MiB of it is for decoding: an image that will not fit, by its header, is refused with "
        "`image_too_large`.",
    )
    max_output_pixels: int = setting(
        100_000_000, parse=positive_int, text="Pixels that one rendition may have, all its frames together."
    )
    max_animation_pixels: int = setting(
        200_000_000, parse=positive_int, text="Pixels that an animation may have, all its frames together."
    )
    worker_min_free_bytes: int = setting(
        200_000_000,
        parse=natural,
        text="Bytes that have to be free on the disk of the store before a job is begun; with less it waits, "
        "however long, so that there is always room to write down how jobs end. Keep it below "
        "`MIN_FREE_BYTES`.",
    )
    stop_timeout_s: float = setting(
        30.0,
        parse=positive_seconds,
        text="Seconds that a worker which is told to stop may take to finish what it has begun. Then "
        "it gives back the rest.",
    )
    heartbeat_file: Path | None = setting(
        None,
        parse=Path,
        text="A file that is touched every few seconds while the worker is alive, for a health check.",
    )

    @property
    def name(self) -> str:
        """The name of this worker, never empty."""
        return self.worker_name or f"worker-{socket.gethostname()}"

    @property
    def slot_count(self) -> int:
        """How many slots this worker has: at least one."""
        return self.slots or len(os.sched_getaffinity(0))

    @property
    def job_limits(self) -> JobLimits:
        """What one job may use."""
        return JobLimits(
            time_limit_s=self.job_timeout_s,
            bulk_time_limit_s=self.bulk_job_timeout_s,
            bulk_niceness=self.bulk_niceness,
            cpu_s=self.job_cpu_s,
            memory_bytes=self.job_memory_bytes,
            output_pixels=self.max_output_pixels,
            animation_pixels=self.max_animation_pixels,
        )
