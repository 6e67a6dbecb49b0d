"""What may go wrong, each with a stable `code`; that of the server where it is the server that says no."""

from image_resizer.answers import Job


class ResizerError(Exception):
    """The base of all errors here. `str(error)` is a sentence for people."""

    code = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Passing(ResizerError):
    """What may be otherwise at the next try. It is raised only when the client's patience is over."""

    retry_after_s: float | None = None
    """The seconds after which the server wants to be asked again, if it said so."""


class Unreachable(Passing):
    """There is no server, or the connection broke. `may_have_arrived`: maybe only the answer was lost."""

    code = "unreachable"

    def __init__(self, detail: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(detail)
        self.may_have_arrived = may_have_arrived


class Busy(Passing):
    """The server cannot do it just now; `code` is its own: `queue_full`, `storage_full`, `rate_limited`."""

    def __init__(self, detail: str, *, status: int, code: str, retry_after_s: float | None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class Refused(ResizerError):
    """The server says no, and will say so again. `code` is one of its table, `status` that of HTTP."""

    def __init__(self, detail: str, *, status: int, code: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class NotLetIn(Refused):
    """The server wants a key, or another one, or serves only its own machine."""


class WrongOption(Refused):
    """An option has a value that the server does not take, or does not go with another one."""


class InvalidAnswer(ResizerError):
    """What answers is not the image resizer, or a version of it that is not understood."""

    code = "invalid_answer"


class JobEndedBadly(ResizerError):
    """The job has failed or was called off; `code` is its own: `image_truncated`, `cancelled`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        if job.error is not None and job.status == "failed":
            self.code = job.error.code
            super().__init__(job.error.detail)
        else:
            self.code = job.status
            super().__init__(f"Somebody has {job.status} the job.")


class SourceUnreadable(ResizerError):
    """The file cannot be read."""

    code = "source_unreadable"


class SourceChanged(ResizerError):
    """The file was changed while it was sent."""

    code = "source_changed"


class DownloadDamaged(ResizerError):
    """A result came otherwise than the server has it, several times in a row."""

    code = "download_damaged"


class NotSaved(ResizerError):
    """A result could not be written to the disk here."""

    code = "not_saved"
