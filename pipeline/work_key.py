"""What names a piece of work, so that it is known again: what was sent, what is wanted of it, and by whom."""

import hashlib
from collections.abc import Sequence

import msgspec

from pipeline.messages import Owner, Rendition, WorkKey

KERNEL_VERSION = 1
"""One more whenever the same image and the same wishes come to other results than before."""

_encoder = msgspec.json.Encoder()


def work_key(*, sha256: str, renditions: Sequence[Rendition], owner: Owner | None) -> WorkKey:
    """The key of the work to make these renditions of an image with this SHA-256.

    Jobs with the same key come to the same results, and belong to the same owner: whoever sends an image with
    another API key learns nothing of it. The bytes tell what kind of image it is; its name does not matter.
    """
    work = (KERNEL_VERSION, owner, sha256, tuple(renditions))
    return hashlib.sha256(_encoder.encode(work)).hexdigest()
