"""What can be wrong with an image. A class's docstring is its message unless a better one is given."""

from typing import ClassVar


class ImageError(Exception):
    """The image cannot be resized.

    `code` is stable and for programs; the message is one sentence for the person who sent the image.
    The message is the only argument, so that the error keeps it when it is pickled.
    """

    code: ClassVar[str] = "image_error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class ImageUnreadable(ImageError):
    """The file is damaged or is not the image that its first bytes promise."""

    code = "image_unreadable"


class ImageTruncated(ImageError):
    """The file ends too early: a part of the image is missing."""

    code = "image_truncated"


class ImageTooLarge(ImageError):
    """The image, or what is to be made of it, has more pixels than are taken."""

    code = "image_too_large"


class UnsupportedFormat(ImageError):
    """The file is of a kind that cannot be read, or the rendition of a size that its format cannot hold."""

    code = "unsupported_format"
