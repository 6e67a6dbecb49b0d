"""The folder of a run, `.run/`: only one runner at a time has it, and others can read where it is."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


class AlreadyRunning(Exception):
    """Another `make run` is running in this folder."""


class RunFolder:
    """`path` may be relative to the current folder; a Unix socket's path has to be short."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def broker(self) -> Path:
        """The folder of the private RabbitMQ node."""
        return self.path / "rabbitmq"

    @property
    def socket(self) -> Path:
        """Where the runner can be asked for more workers."""
        return self.path / "runner.sock"

    @property
    def _note(self) -> Path:
        return self.path / "runner.json"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the folder; raises AlreadyRunning. However this process ends, the kernel gives it up."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        with (self.path / "runner.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self._who_runs()) from None
            # A runner that was killed has left these.
            self._clear()
            try:
                yield
            finally:
                self._clear()

    def write_note(self, **facts: str) -> None:
        """Tell others, in runner.json, where what is running can be found. No secrets."""
        self._note.write_text(json.dumps({"pid": os.getpid(), **facts}, indent=1) + "\n")

    def read_note(self) -> Mapping[str, str]:
        """What `write_note` was last given, by whoever runs; nothing if nobody does."""
        try:
            note = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return {}
        return {name: str(fact) for name, fact in note.items()}

    def _clear(self) -> None:
        for path in (self._note, self.socket):
            path.unlink(missing_ok=True)

    def _who_runs(self) -> str:
        try:
            note = json.loads(self._note.read_text())
            return f"already running: {note['page']} (process {note['pid']}); Ctrl-C in its terminal stops it"
        except (OSError, ValueError, KeyError):
            return "already running, or just starting or stopping"
