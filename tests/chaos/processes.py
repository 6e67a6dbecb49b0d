"""The processes of a run, seen from outside: every one of them carries the mark of the run."""

from collections.abc import Iterable
from pathlib import Path

import psutil

from tests.rig import Rig, Service

MARK = "CHAOS_RUN"


def marked(mark: str) -> list[psutil.Process]:
    """All processes that were started in this run, however far down, and are alive."""
    return [process for process in psutil.process_iter() if _has_mark(process, mark)]


def orphans(mark: str, services: Iterable[Service]) -> list[str]:
    """Those whose service is gone, as people would look for them."""
    homes = {service.pid for service in services if service.is_running}
    return [_shown(process) for process in marked(mark) if not _is_below(process, homes)]


def decoders(rig: Rig) -> list[tuple[str, psutil.Process]]:
    """The processes that decode, each with the name of its worker."""
    found = []
    for name, worker in rig.workers.items():
        if worker.is_running:
            found += [(name, process) for process in decoders_of(worker)]
    return found


def decoders_of(worker: Service) -> list[psutil.Process]:
    """Those of one worker, which runs: what its fork servers have started."""
    try:
        below = psutil.Process(worker.pid).children(recursive=True)
        return [process for process in below if process.ppid() != worker.pid]
    except psutil.NoSuchProcess:
        return []


def fork_servers(rig: Rig) -> list[tuple[str, psutil.Process]]:
    """The processes that the decoders come from, each with the name of its worker."""
    parents = {(name, process.ppid()) for name, process in _alive(decoders(rig))}
    return [(name, psutil.Process(pid)) for name, pid in sorted(parents) if psutil.pid_exists(pid)]


def readers(rig: Rig, name_start: str) -> list[tuple[str, psutil.Process]]:
    """The decoders that have a file open whose name begins so."""
    return [(name, process) for name, process in decoders(rig) if _has_open(process, name_start)]


def _alive(found: list[tuple[str, psutil.Process]]) -> list[tuple[str, psutil.Process]]:
    return [(name, process) for name, process in found if process.is_running()]


def _has_open(process: psutil.Process, name_start: str) -> bool:
    try:
        links = [link.readlink() for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    except OSError:
        return False  # it has ended, or closed one of them just now
    return any(link.name.startswith(name_start) for link in links)


def _has_mark(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _is_below(process: psutil.Process, homes: set[int]) -> bool:
    try:
        return process.pid in homes or any(parent.pid in homes for parent in process.parents())
    except psutil.NoSuchProcess:
        return True  # gone meanwhile


def _shown(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:80]}"
    except psutil.NoSuchProcess:
        return f"{process.pid}"
