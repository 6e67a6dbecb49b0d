"""What can be wrong with a request. A class's docstring is its message unless a better one is given."""

from pipeline.errors import PipelineError


class RequestError(PipelineError):
    """The request cannot be answered."""


class FormMalformed(RequestError):
    """The body is not a well-formed multipart form. It may have been cut off."""


class NoFile(RequestError):
    """The request brings no image. Send one or more `file` parts, or an image as the body."""


class FileEmpty(RequestError):
    """The file is empty."""


class TooManyFiles(RequestError):
    """The request brings too many images at once."""


class UploadTooLarge(RequestError):
    """The image is larger than this server takes."""


class RequestTooLarge(RequestError):
    """The request is larger than this server takes."""


class NotAnImage(RequestError):
    """The file is not an image that can be resized here, by its first bytes."""


class BodyUnsupported(RequestError):
    """The body has to be multipart/form-data with `file` parts, or one image with an image/* type."""


class OptionInvalid(RequestError):
    """An option of the request has a value that cannot be used."""


class ForeignOrigin(RequestError):
    """Pages of other sites may not watch."""


class RenditionNotFound(RequestError):
    """The job has no such rendition, or has it not yet."""
