"""Webhooks that the broker has not confirmed yet: one file each, named by what it is to tell.

Any frontend may send what is here, and two may send the same: it is delivered once.
"""

import asyncio
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

    async def commands(self) -> list[DeliverWebhook]:
        """Those that wait. What nobody can read is put aside, where only people look at it."""
        return await asyncio.to_thread(self._commands)

    def _put(self, command: DeliverWebhook) -> None:
        make_folder(self._folder)  # a store from before has none until a frontend or worker starts
        write_file(self._path(command), encode(command))

    def _path(self, command: DeliverWebhook) -> Path:
        return self._folder / f"{webhook_id(command.job_id, command.attempt)}.{command.run}"

    def _commands(self) -> list[DeliverWebhook]:
        found = []
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith(".") or path.name.endswith(DAMAGED_SUFFIX):
                continue
            with suppress(FileNotFoundError):  # somebody else has sent it
                try:
                    found.append(decode_webhook(path.read_bytes()))
                except InvalidMessage:
                    path.rename(path.with_name(path.name + DAMAGED_SUFFIX))
        return found
