"""What can be wrong with a request. A class's docstring is its message unless a better one is given."""

from collections.abc import Sequence
from math import ceil

from pipeline.errors import PipelineError
from pipeline.messages import JobError

Allowed = str | Sequence[str]
"""What an option may be: a phrase, or the words that there are."""

SHOWN_VALUE_CHARACTERS = 80


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


class UploadStalled(RequestError):
    """Nothing has come of the request for too long. Nothing of it was kept."""


class UploadPaused(RequestError):
    """Nothing has come of the upload for too long. Ask how far it has come, and go on from there."""


class TusVersionUnsupported(RequestError):
    """Tus-Resumable has to be 1.0.0, the one version of the protocol that is spoken here."""


class TusHeaderInvalid(RequestError):
    """A header of a resumable upload is missing, or cannot be used."""


class OffsetConflict(RequestError):
    """The Upload-Offset is not where the upload stands. HEAD tells where that is."""


class FinalUpload(RequestError):
    """This upload was made of others: nothing can be added to it."""


class PartUnfinished(RequestError):
    """A part of the upload has not come in whole."""


class ChecksumMismatch(RequestError):
    """The bytes are not those of the Upload-Checksum. Nothing of them was kept."""


class TooMuchUnfinished(RequestError):
    """The client has begun more resumable uploads than it may before it has ended some."""


class IdempotencyKeyInvalid(RequestError):
    """An Idempotency-Key has 1 to 255 visible ASCII characters and is sent once."""


class IdempotencyKeyReused(RequestError):
    """This Idempotency-Key was sent with another upload before. A new upload needs a new key."""


class NotAnImage(RequestError):
    """The file is not an image that can be resized here, by its first bytes."""


class UrlsOff(RequestError):
    """This server fetches no images from addresses; URL_HOSTS is not set."""


class UrlUnreachable(RequestError):
    """The host of the address cannot be reached, proves not who it is, or speaks no HTTP."""


class UrlBrokenOff(RequestError):
    """The image at the address broke off, or came otherwise than announced."""


class UrlBadStatus(RequestError):
    """The address was not answered with an image."""


class UrlRedirectedTooOften(RequestError):
    """The address leads on and on."""


class UrlTooSlow(RequestError):
    """The image at the address did not come in time."""


class UrlNotTakenAtFirst(RequestError):
    """It could not be fetched when this Idempotency-Key came first. Send it again with a new key."""


class WebhooksOff(RequestError):
    """This server calls nobody back; WEBHOOK_HOSTS is not set."""


class CallbackInvalid(RequestError):
    """The callback_url is no address that can be called: http or https, a host, no user name."""


class CallbackNotAllowed(RequestError):
    """The host of the callback_url may not be called: it is not allowed, or is not public."""


class WebhookNotFound(RequestError):
    """The job has no callback_url: nobody is told of its end."""


class WebhookNotDue(RequestError):
    """The job has not ended yet: there is nothing to be told."""


class BodyUnsupported(RequestError):
    """The body has to be multipart/form-data with `file` parts, or one image with an image/* type."""


class OptionInvalid(RequestError):
    """An option of the request has a value that cannot be used."""

    def __init__(self, field: str, value: str, allowed: Allowed, *, remark: str = "") -> None:
        """The option called `field` has this value, and what it may be: the message says all three.

        Long values are shortened. A `remark` is said after the value.
        """
        self.field = _shortened(field)
        self.value = _shortened(value)
        self.allowed = allowed
        super().__init__(f"{self.field} has the value {self.value!r}{remark}; allowed {_listed(allowed)}.")


class KeyMissing(RequestError):
    """An API key is needed here. Send it as `Authorization: Bearer <key>`."""


class KeyUnknown(RequestError):
    """This is no API key of this server, or not any more."""


class LocalOnly(RequestError):
    """Only the machine that this server runs on is served, without API_KEYS and without SERVE_ANYONE=yes."""


class RateLimited(RequestError):
    """The client has sent as much as it may in a minute."""

    def __init__(self, wait_s: float) -> None:
        """After so many seconds it may send more."""
        self.retry_after_s = max(ceil(wait_s), 1)
        super().__init__(f"{type(self).__doc__} It may send more in {self.retry_after_s} s.")


class ForeignOrigin(RequestError):
    """Pages of other sites may neither watch nor change anything."""


class RenditionNotFound(RequestError):
    """The job has no such rendition, or has it not yet."""


class JobNotFailed(RequestError):
    """The job has neither failed nor been cancelled: there is nothing to try again."""


class JobCalledOff(RequestError):
    """The job was called off before it was done."""


class JobHasFailed(RequestError):
    """The job has failed: there is no result to be sent. Its code is that of the job."""

    def __init__(self, error: JobError) -> None:
        """Of a job that ended with this error."""
        self.code = error.code
        super().__init__(error.detail)


class NothingDone(RequestError):
    """No job of the batch is done: there is nothing to download, or not yet."""


class ReceiptNotFound(RequestError):
    """The job has not ended yet; its receipt is written when it does."""


def _listed(allowed: Allowed) -> str:
    return f"is {allowed}" if isinstance(allowed, str) else f"are {', '.join(allowed)}"


def _shortened(text: str) -> str:
    # Lone surrogates stand for bytes that were no UTF-8; they cannot be encoded again.
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= SHOWN_VALUE_CHARACTERS:
        return text
    return text[: SHOWN_VALUE_CHARACTERS - 1] + "…"
