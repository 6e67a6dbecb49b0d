"""What runs in a child of the pool: jobs come in and renditions go out, one job at a time, under limits."""

import errno
import math
import os
import resource
import signal
import socket
import traceback
from dataclasses import replace
from pathlib import Path

from worker.child_protocol import Answer, Broken, Finished, Job, Made, Ready, Refused, frame_head, read_job
from worker.death_signal import die_with_parent
from worker.imaging import ImageError, RenderedImage, render
from worker.job_limits import JobLimits
from worker.priority import step_back

OUT_OF_MEMORY_EXIT_CODE = 12  # ENOMEM


def serve(connection: socket.socket, limits: JobLimits) -> None:
    """Do what is asked over the connection, until its other end is closed."""
    _keep_to(limits)
    connection.sendall(frame_head(Ready()))
    with connection, connection.makefile("rb") as jobs:
        while (job := read_job(jobs)) is not None:
            _allow_cpu(limits.cpu_s)
            connection.sendall(frame_head(_answer(job, connection, limits)))


def _answer(job: Job, connection: socket.socket, limits: JobLimits) -> Answer:
    def send(image: RenderedImage) -> None:
        connection.sendall(frame_head(Made(replace(image, data=b"")), len(image.data)))
        connection.sendall(image.data)

    try:
        path = Path(os.fsdecode(job.path))
        return Finished(render(path, job.renditions, on_ready=send, limits=limits.imaging))
    except ImageError as error:
        return Refused(error.code, str(error))
    except MemoryError:
        # Who knows what is left half made: the next try gets a fresh process, and this is how it is told.
        os._exit(OUT_OF_MEMORY_EXIT_CODE)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            os._exit(OUT_OF_MEMORY_EXIT_CODE)
        number = error.errno if isinstance(error, OSError) else None
        return Broken(type(error).__name__, number, traceback.format_exc())


def _keep_to(limits: JobLimits) -> None:
    die_with_parent()
    # Ctrl-C reaches the whole foreground group; it is for the worker to say when a child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A write to a file then is an error, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Decoders complain of damaged files on standard error, at whatever length the file likes.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    step_back(limits.niceness)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_cpu(seconds: int) -> None:
    """Have the kernel end this process (SIGXCPU) when it has used so many more seconds of the processor."""
    used = time_used()
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used) + seconds, resource.RLIM_INFINITY))


def time_used() -> float:
    """Seconds of the processor that this process has used so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
