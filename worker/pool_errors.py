"""What can happen to a process that resizes, and to the pool of them.

The first three are the image's fault: each is told only after a second child, a fresh one, has ended so too.
"""

from pipeline.errors import PipelineError
from worker.imaging import ImageError


class ImageTookTooLong(ImageError):
    """The image took too long to resize."""

    code = "image_took_too_long"


class DecoderCrashed(ImageError):
    """The process that was resizing the image died."""

    code = "decoder_crashed"


class OutOfMemory(ImageError):
    """The image needs more memory than a job may have."""

    code = "out_of_memory"


LOST_CHILD = (ImageTookTooLong, DecoderCrashed, OutOfMemory)
"""The errors that cost a child, and after which a fresh one tries once more."""


class RenderFailed(PipelineError):
    """Resizing failed in a way that nobody thought of."""


class PoolClosed(PipelineError):
    """The worker is stopping and resizes no more."""
