"""From an image file to its renditions. The only place that knows Pillow; it knows no queue and no network.

`render` is the whole of it. It reads one untrusted file, keeps to limits, and ends in a `Rendered` or in an
`ImageError`; both can be pickled, so that it can run in a child process.
"""

from worker.imaging.errors import (
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    UnsupportedFormat,
)
from worker.imaging.limits import Limits
from worker.imaging.recipe import Rendered, RenderedImage, render

__all__ = [
    "ImageError",
    "ImageTooLarge",
    "ImageTruncated",
    "ImageUnreadable",
    "Limits",
    "Rendered",
    "RenderedImage",
    "UnsupportedFormat",
    "render",
]
