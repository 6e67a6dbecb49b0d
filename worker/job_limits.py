"""What one job may use of a child process, of all of which the kernel keeps it from taking more."""

from dataclasses import dataclass, replace

from pipeline.messages import Lane
from worker.imaging import Limits

MEBIBYTE = 1024**2

SMALLEST_JOB_MEMORY_BYTES = 512 * MEBIBYTE
"""With less nothing could be decoded."""

QUARANTINE_SHARE = 0.8
"""Of the free memory, that is: the rest is for the worker itself, which is to outlive the job."""

IDLE_BYTES = 256 * MEBIBYTE
"""Address space kept for the interpreter and the libraries, and for what is beside the pixels of an image."""


@dataclass(frozen=True, kw_only=True)
class JobLimits:
    """Seconds by the clock and of the processor, bytes of address space, pixels.

    `time_limit_s` does not run while the parent is busy with what the child has made. The pixels are those of
    a rendition and of an animation, with all frames. `niceness` is by how much the process gives way.
    """

    time_limit_s: float = 60.0
    bulk_time_limit_s: float = 600.0
    bulk_niceness: int = 10
    cpu_s: int = 60
    memory_bytes: int = 2048 * MEBIBYTE
    output_pixels: int = 100_000_000
    animation_pixels: int = 200_000_000
    niceness: int = 0

    @property
    def imaging(self) -> Limits:
        """What the decoders are told: an image that will not fit is refused before it is tried."""
        return Limits(
            memory_bytes=self.memory_bytes - IDLE_BYTES,
            output_pixels=self.output_pixels,
            animation_pixels=self.animation_pixels,
        )

    def in_lane(self, lane: Lane) -> "JobLimits":
        """The limits of a job of this lane. One of bulk gives way, and so has more time by the clock."""
        if lane == "interactive":
            return self
        time_limit_s = max(self.time_limit_s, self.bulk_time_limit_s)
        return replace(self, time_limit_s=time_limit_s, niceness=self.bulk_niceness)

    def in_quarantine(self, free_bytes: int) -> "JobLimits":
        """The limits of a job that may have taken a worker down, where so much memory is free."""
        share = max(SMALLEST_JOB_MEMORY_BYTES, int(QUARANTINE_SHARE * free_bytes))
        return replace(self, memory_bytes=min(self.memory_bytes, share))
