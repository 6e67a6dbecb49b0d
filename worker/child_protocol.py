"""What the pool and a child say to each other: frames, each a message and the bytes that belong to it.

    4 bytes  length of the message, big endian
    8 bytes  length of the data
    message  msgpack
    data     the file of a rendition, or nothing

Not pickle: a child has read untrusted bytes, and nothing that comes from it may run in its parent.
"""

import asyncio
import struct
from dataclasses import replace
from typing import BinaryIO

import msgspec
from msgspec import Struct

from pipeline.messages import Rendition
from worker.imaging import Rendered, RenderedImage

_LENGTHS = struct.Struct(">IQ")
LONGEST_MESSAGE_BYTES = 16 * 1024**2
LONGEST_DATA_BYTES = 2 * 1024**3


class Job(Struct, frozen=True):
    """To the child: make these renditions of the image in the file at `path`, which is in its bytes."""

    path: bytes
    renditions: tuple[Rendition, ...]


class Ready(Struct, frozen=True, tag=True):
    """From the child: it is under its limits and takes jobs."""


class Made(Struct, frozen=True, tag=True):
    """From the child: a rendition. The bytes of its file are the data of the frame."""

    image: RenderedImage


class Finished(Struct, frozen=True, tag=True):
    """From the child: the job is done."""

    rendered: Rendered


class Refused(Struct, frozen=True, tag=True):
    """From the child: the image is to blame. `code` and `detail` are those of the ImageError."""

    code: str
    detail: str


class Broken(Struct, frozen=True, tag=True):
    """From the child: something else went wrong. `errno` is an OSError's."""

    kind: str
    errno: int | None
    traceback: str


Answer = Finished | Refused | Broken
FromChild = Ready | Made | Answer

_encoder = msgspec.msgpack.Encoder()
_job_decoder = msgspec.msgpack.Decoder(Job)
_from_child_decoder: msgspec.msgpack.Decoder[FromChild] = msgspec.msgpack.Decoder(FromChild)


def frame_head(message: Job | FromChild, data_bytes: int = 0) -> bytes:
    """A frame without its data, of which so many bytes must follow."""
    body = _encoder.encode(message)
    return _LENGTHS.pack(len(body), data_bytes) + body


def read_job(stream: BinaryIO) -> Job | None:
    """The next job; None at the end of the stream."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    message_bytes, _ = _LENGTHS.unpack(lengths)
    return _job_decoder.decode(stream.read(message_bytes))


async def receive(reader: asyncio.StreamReader) -> FromChild:
    """The next message of a child, a rendition with its data.

    Raises EOFError when the child is gone, or says what no child would say.
    """
    try:
        message_bytes, data_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if message_bytes > LONGEST_MESSAGE_BYTES or data_bytes > LONGEST_DATA_BYTES:
            raise EOFError("a frame of a child is too long")
        message = _from_child_decoder.decode(await reader.readexactly(message_bytes))
        data = await reader.readexactly(data_bytes)
    except (ConnectionError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EOFError(str(error)) from error
    return Made(replace(message.image, data=data)) if isinstance(message, Made) else message
