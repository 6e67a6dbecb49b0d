"""A client of the image resizer.

async with Client("http://localhost:5000") as client:
    print(await client.resize("holiday.jpg", width=640, out="small"))
"""

from image_resizer.answers import Batch, Job, JobError, Pipeline, Rendition, Source
from image_resizer.client import Client
from image_resizer.errands import Errand
from image_resizer.errors import (
    Busy,
    DownloadDamaged,
    InvalidAnswer,
    JobEndedBadly,
    NotLetIn,
    NotSaved,
    Passing,
    Refused,
    ResizerError,
    SourceChanged,
    SourceUnreadable,
    Unreachable,
    WrongOption,
)
from image_resizer.options import Options
from image_resizer.uploading import new_batch_id

__version__ = "0.1.0"

__all__ = [
    "Batch",
    "Busy",
    "Client",
    "DownloadDamaged",
    "Errand",
    "InvalidAnswer",
    "Job",
    "JobEndedBadly",
    "JobError",
    "NotLetIn",
    "NotSaved",
    "Options",
    "Passing",
    "Pipeline",
    "Refused",
    "Rendition",
    "ResizerError",
    "Source",
    "SourceChanged",
    "SourceUnreadable",
    "Unreachable",
    "WrongOption",
    "new_batch_id",
]
