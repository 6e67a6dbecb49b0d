"""What is looked at after a run, from outside: files on the disk, HTTP, queues, processes."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from tests.chaos.ledger import Promise
from tests.chaos.processes import orphans
from tests.chaos.stage import Stage
from tests.checked_session import checked_session

RECEIPT = "receipt.json"
DEAD_LETTERS = "resize.dead"
TEMPORARY = ("*.part", ".attempt-*")
ENDED_WITH_PICTURES = "done"


@dataclass(frozen=True)
class Ending:
    """A receipt, as it lies on the disk, and its folder."""

    folder: Path
    receipt: dict[str, Any]

    @property
    def status(self) -> str:
        """How the job ended."""
        return str(self.receipt["status"])

    @property
    def code(self) -> str:
        """Why it failed; empty when it did not."""
        error = self.receipt.get("error")
        return str(error["code"]) if error else ""

    @property
    def attempt(self) -> int:
        """The attempt with which it ended, from 1."""
        return int(self.receipt["attempt"])

    @property
    def finished_at(self) -> float:
        """When it ended (seconds, POSIX)."""
        return datetime.fromisoformat(self.receipt["finished_at"]).timestamp()


class Inspection:
    """Looks at what a run has left, and notes in the ledger what must not be so."""

    def __init__(self, stage: Stage, *, may_fail: frozenset[str]) -> None:
        """`may_fail` are the codes with which a job that has nothing wrong with it may fail."""
        self._stage = stage
        self._storage = stage.rig.storage
        self._may_fail = may_fail
        self._add = stage.ledger.violations.add
        self.endings: dict[str, Ending] = {}

    def look_for_endings(self) -> int:
        """Read the receipts that are new; how many jobs have ended."""
        for path in self._storage.glob(f"processed/*/*/{RECEIPT}"):
            if path.parent.name not in self.endings:
                self.endings[path.parent.name] = Ending(path.parent, json.loads(path.read_bytes()))
        return len(self.endings)

    def have_all_ended(self) -> bool:
        """Whether there is a receipt for each promise, and for each stranger."""
        self.look_for_endings()
        ledger = self._stage.ledger
        return {*ledger.promises, *ledger.strangers} <= self.endings.keys()

    def promised(self) -> dict[str, Ending]:
        """The endings of the jobs that were promised."""
        promises = self._stage.ledger.promises
        return {job_id: ending for job_id, ending in self.endings.items() if job_id in promises}

    def promised_endings(self) -> dict[str, str]:
        """How the promised jobs have ended."""
        return {job_id: ending.status for job_id, ending in self.promised().items()}

    def check_jobs(self) -> None:
        """One receipt for each promise, whole files for those that are done, none for the others."""
        for promise in self._stage.ledger.promises.values():
            ending = self.endings.get(promise.job_id)
            if ending is None:
                self._add("a promise without a receipt", f"{promise.job_id} {promise.parcel.name}")
            else:
                self._check_ending(promise, ending)
        self._check_strangers()

    def check_webhooks(self) -> None:
        """Each end that was to be told has been taken, rightly signed, as its receipt tells it."""
        receiver = self._stage.receiver
        for job_id in self.untold():
            self._add("an end that nobody was told of", job_id)
        for job_id, told in receiver.told.items():
            ending = self.endings.get(job_id)
            if ending is not None and told.body["type"] != f"job.{ending.status}":
                self._add("another end was told", f"{job_id}: {told.body['type']}")
        for fault in receiver.faults:
            self._add("a webhook that is not signed rightly", fault)

    def untold(self) -> list[str]:
        """The jobs of which somebody is to be told, and has not been yet."""
        promises, told = self._stage.ledger.promises, self._stage.receiver.told
        ended = (job_id for job_id in self.promised() if promises[job_id].parcel.is_called_back)
        return [job_id for job_id in ended if job_id not in told]

    async def check_http(self, url: str) -> None:
        """The batch shows every promise with the end that its receipt tells."""
        batch = f"{url}/api/batches/{self._stage.ledger.batch_id}"
        try:
            async with checked_session() as http, http.get(batch, raise_for_status=True) as response:
                shown = {job["id"]: job["status"] for job in (await response.json())["jobs"]}
        except (aiohttp.ClientError, OSError) as error:
            self._add("HTTP tells nothing", str(error))
            return
        for job_id in self._stage.ledger.promises:
            ending = self.endings.get(job_id)
            if ending is not None and shown.get(job_id) != ending.status:
                self._add("HTTP tells another end", f"{job_id} {ending.status}: {shown.get(job_id)}")

    async def leftovers(self) -> list[tuple[str, str]]:
        """What is there now and has to go by itself, each with its kind. Messages come last, alone."""
        found = [("a temporary file", name) for name in await asyncio.to_thread(self._temporary_files)]
        found += [("an upload without a promise", name) for name in self._uploads_of_nobody()]
        found += [("an entry of the outbox", path.name) for path in (self._storage / "outbox").glob("*")]
        found += [("a webhook in the outbox", path.name) for path in (self._storage / "webhooks").glob("*")]
        found += [("an orphan", orphan) for orphan in await asyncio.to_thread(self._orphans)]
        return found or await self._waiting()

    async def check_leftovers(self) -> None:
        """Nothing of that is left."""
        for kind, what in await self.leftovers():
            self._add(f"{kind} is left", what)

    async def check_queues(self) -> None:
        """Nothing waits anywhere, and the dead letters are those that were sent. The services have ended."""
        counts = await self._stage.broker.messages()
        self._check_dead_letters(counts.pop(DEAD_LETTERS, 0))
        for name, count in counts.items():
            if count:
                self._add("a queue is not empty", f"{name} has {count}")

    def _check_dead_letters(self, count: int) -> None:
        """A worker that is killed while it moves one leaves it twice; but none is ever missing."""
        ledger = self._stage.ledger
        killed = sum(number for fault, number in ledger.faults.items() if fault.startswith("worker"))
        most = ledger.dead_letters + ledger.doubtful_dead_letters
        if not ledger.dead_letters <= count <= most + (killed if most else 0):
            self._add("dead letters", f"{count}, and {ledger.dead_letters} were sent")

    async def _waiting(self) -> list[tuple[str, str]]:
        try:
            counts = await self._stage.broker.messages()
        except OSError as error:
            return [("a broker that does not answer", str(error))]
        return [
            ("a message", f"{count} in {name}")
            for name, count in counts.items()
            if count and name != DEAD_LETTERS
        ]

    def _check_ending(self, promise: Promise, ending: Ending) -> None:
        parcel = promise.parcel
        if ending.status == ENDED_WITH_PICTURES:
            self._check_files(promise, ending)
            return
        if not parcel.may_end_with(ending.code) and ending.code not in self._may_fail:
            self._add("a job failed", f"{promise.job_id} {parcel.name}: {ending.receipt.get('error')}")
        for path in self._results(ending):
            self._add("a result of a job that is not done", str(path.relative_to(self._storage)))

    def _check_files(self, promise: Promise, ending: Ending) -> None:
        told = {result["name"]: result for result in ending.receipt["renditions"]}
        sizes = {name: (result["width"], result["height"]) for name, result in told.items()}
        if promise.parcel.poison is None and sizes != dict(promise.parcel.sizes):
            self._add("other renditions than were asked for", f"{promise.job_id}: {sizes}")
        for result in told.values():
            if fault := _fault(ending.folder / result["file"], result):
                self._add("a result is not whole", f"{promise.job_id}: {fault}")
        known = {result["file"] for result in told.values()}
        for path in self._results(ending):
            if path.name not in known:
                self._add("a result that no receipt tells of", str(path.relative_to(self._storage)))

    def _check_strangers(self) -> None:
        ledger = self._stage.ledger
        for job_id in self.endings.keys() - ledger.promises.keys() - ledger.doubtful_strangers:
            self._add("a receipt without a promise", job_id)
        for job_id in ledger.strangers - self.endings.keys():
            self._add("a typed command without a receipt", job_id)

    def _uploads_of_nobody(self) -> list[str]:
        folders = self._storage.glob("uploads/*/*")
        return [folder.name for folder in folders if folder.name not in self._stage.ledger.promises]

    @staticmethod
    def _results(ending: Ending) -> Iterator[Path]:
        return (path for path in ending.folder.glob("[!.]*") if path.name != RECEIPT)

    def _temporary_files(self) -> list[str]:
        found = [path for pattern in TEMPORARY for path in self._storage.rglob(pattern)]
        return [str(path.relative_to(self._storage)) for path in found]

    def _orphans(self) -> list[str]:
        return orphans(self._stage.mark, self._stage.rig.services)


def _fault(path: Path, result: dict[str, Any]) -> str | None:
    """What is wrong with a file of which a receipt tells this."""
    try:
        if path.stat().st_size != result["bytes"]:
            return f"{path.name} has {path.stat().st_size} bytes, and not {result['bytes']}"
        with Image.open(path) as picture:
            picture.load()
            size = picture.size
    except (OSError, SyntaxError, ValueError) as error:
        return f"{path.name}: {error}"
    told = (result["width"], result["height"])
    return None if size == told else f"{path.name} is {size}, and not {told}"
