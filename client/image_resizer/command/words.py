"""What the server says, in words for a terminal."""

from image_resizer.answers import Batch, Pipeline


def in_words(told: Batch | Pipeline) -> str:
    """A few lines about a batch, or about the server."""
    return _batch(told) if isinstance(told, Batch) else _pipeline(told)


def shown(text: str) -> str:
    """Text of others without what would move the cursor, or say something to the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


def _batch(batch: Batch) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in batch.counts.items())
    lines = [f"{batch.id}: {counts}"]
    for job in batch.jobs:
        error = f"  {job.error.code}: {shown(job.error.detail)}" if job.error else ""
        lines.append(f"{job.id}  {job.status:<10}  {shown(job.name)}{error}")
    return "\n".join(lines)


def _pipeline(pipeline: Pipeline) -> str:
    ready = "unknown" if pipeline.queue.ready is None else pipeline.queue.ready
    rate = pipeline.rates_per_s.get("60s", 0.0)
    lines = [
        f"broker   {pipeline.broker}",
        f"waiting  {ready}" + (f", and {pipeline.outbox} not in the queue yet" if pipeline.outbox else ""),
        f"workers  {len(pipeline.workers)}, {_load(pipeline.busy, pipeline.slots)}",
        f"rate     {rate:g} jobs a second over the last minute",
    ]
    lines += [
        f"         {shown(worker.name)}: {_load(len(worker.busy), worker.slots)}"
        for worker in pipeline.workers
    ]
    return "\n".join(lines)


def _load(busy: int, slots: int) -> str:
    """A slot may be at two images, one of each lane."""
    images = "1 image" if busy == 1 else f"{busy} images"
    return f"at {images}, on {slots} slot" + ("s" if slots != 1 else "")
