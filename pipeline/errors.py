"""The errors of the pipeline. A class's docstring is its message unless a better one is given."""


class PipelineError(Exception):
    """Something in the pipeline went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class InvalidSetting(PipelineError):
    """A setting has a value that cannot be used."""


class InvalidMessage(PipelineError):
    """The bytes of a message are not a message that this version understands."""


class InvalidId(PipelineError):
    """This is not an id of this pipeline: a UUID of version 7 is expected."""


class BrokerUnavailable(PipelineError):
    """The queue cannot be reached just now."""


class QueueFull(PipelineError):
    """The queue takes no more work just now."""


class OutboxFull(PipelineError):
    """The queue cannot be reached just now, and no more jobs can be kept until it is back."""


class StorageFull(PipelineError):
    """There is not enough free space left to store the image."""


class JobNotFound(PipelineError):
    """There is no such job."""


class JobBusy(PipelineError):
    """Somebody else is changing this job just now."""


class UploadNotFound(PipelineError):
    """There is no such upload, or not any more."""


class UploadLocked(PipelineError):
    """Another request is at this upload just now."""


class WorkUnderWay(PipelineError):
    """The same image is being resized in the same way for another job just now."""


class WebhookUnderWay(PipelineError):
    """The end of this job is being told by another frontend just now."""


class BatchNotFound(PipelineError):
    """There is no such batch."""


class UrlInvalid(PipelineError):
    """This is no address that can be fetched: http or https, a host, no user name."""


class UrlNotAllowed(PipelineError):
    """This host may not be asked: it is not allowed, or leads to an address that is not public."""


class SourceMissing(PipelineError):
    """The image that the job names is not in the store."""
