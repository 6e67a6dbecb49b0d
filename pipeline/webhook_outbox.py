"""Webhooks that the broker has not confirmed yet: one file each, named by what it is to tell.

Any frontend may send what is here, and two may send the same: it is delivered once.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.durable_files import make_folder, space_errors, write_file
from pipeline.errors import InvalidMessage
from pipeline.messages import DeliverWebhook, decode_webhook, encode
from pipeline.outbox import DAMAGED_SUFFIX
from pipeline.store_paths import StorePaths
from pipeline.webhook_log import webhook_id


class WebhookOutbox:
    """The outbox of the webhooks of a store on a disk."""

    def __init__(self, root: Path) -> None:
        self._folder = StorePaths(root.resolve()).webhooks

    async def put(self, command: DeliverWebhook) -> None:
        """Keep the command until `remove`: it is on the disk when this returns. Raises StorageFull."""
        async with space_errors():
            await asyncio.to_thread(self._put, command)

    async def remove(self, command: DeliverWebhook) -> None:
        """The command has been published."""
        await asyncio.to_thread(self._path(command).unlink, missing_ok=True)

    async def names(self) -> list[str]:
        """The names of those that wait, the oldest job first."""
        return await asyncio.to_thread(self._names)

    async def commands(self, names: Sequence[str]) -> list[DeliverWebhook]:
        """Those of these names that wait still. What nobody can read is put aside, for people to look at."""
        return await asyncio.to_thread(self._commands, names)

    def _put(self, command: DeliverWebhook) -> None:
        make_folder(self._folder)  # a store from before has none until a frontend or worker starts
        write_file(self._path(command), encode(command))

    def _path(self, command: DeliverWebhook) -> Path:
        return self._folder / f"{webhook_id(command.job_id, command.attempt)}.{command.run}"

    def _names(self) -> list[str]:
        names = (entry.name for entry in os.scandir(self._folder))
        return sorted(
            name for name in names if not name.startswith(".") and not name.endswith(DAMAGED_SUFFIX)
        )

    def _commands(self, names: Sequence[str]) -> list[DeliverWebhook]:
        found = []
        for path in (self._folder / name for name in names):
            with suppress(FileNotFoundError):  # somebody else has sent it
                try:
                    found.append(decode_webhook(path.read_bytes()))
                except InvalidMessage:
                    path.rename(path.with_name(path.name + DAMAGED_SUFFIX))
        return found
