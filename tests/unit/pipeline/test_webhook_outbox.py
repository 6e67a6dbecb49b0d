"""Webhooks wait in files until the broker has them."""

from pathlib import Path

from pipeline.ids import new_job_id
from pipeline.messages import DeliverWebhook
from pipeline.webhook_outbox import WebhookOutbox


async def test_what_waits_is_told_by_its_name_and_what_nobody_can_read_is_put_aside(tmp_path: Path) -> None:
    outbox = WebhookOutbox(tmp_path)
    first, second = [DeliverWebhook(job_id=new_job_id(), run=run) for run in (3, 0)]
    for command in (second, first):
        await outbox.put(command)
    folder = tmp_path / "webhooks"
    (folder / ".new.part").write_bytes(b"{")
    (folder / "zzz").write_bytes(b"{")

    names = await outbox.names()

    assert names[2] == "zzz"
    assert await outbox.commands(names) == [first, second]
    assert await outbox.names() == names[:2]
    await outbox.remove(first)
    assert await outbox.commands(names) == [second]
    assert (folder / "zzz.damaged").exists()
