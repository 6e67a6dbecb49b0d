"""Messages that somebody types into the console: some are no commands, some are of images that are gone."""

import json

from pipeline.ids import new_job_id
from tests.chaos.stage import Stage

NO_COMMANDS = (
    "hello",
    "",
    "{}",
    "[1, 2",
    '{"type": "resize_image"}',
    '{"v": 99, "type": "resize_image", "job_id": "x", "source": "uploads/x"}',
    '{"type": "resize_image", "job_id": "../../etc/passwd", "source": "../../etc/passwd"}',
    "\x00\x01 \ud7ff",
)


async def type_no_command(stage: Stage) -> None:
    """Something that no worker can take; it belongs to the dead letters."""
    stage.ledger.doubtful_dead_letters += 1
    await stage.broker.publish(stage.dice.choice(NO_COMMANDS))
    stage.ledger.doubtful_dead_letters -= 1
    stage.ledger.dead_letters += 1
    stage.ledger.strike("garbage typed")


async def type_gone_image(stage: Stage) -> None:
    """A command whose image is gone; its job has to fail, and say so."""
    job_id = new_job_id()
    command = {"type": "resize_image", "job_id": job_id, "source": f"uploads/2026-01-01/{job_id}/gone.jpg"}
    stage.ledger.doubtful_strangers.add(job_id)
    await stage.broker.publish(json.dumps(command))
    stage.ledger.strangers.add(job_id)
    stage.ledger.strike("command without image typed")
