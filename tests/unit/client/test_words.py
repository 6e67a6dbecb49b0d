"""What the command says of a server."""

from image_resizer.answers import Pipeline, QueueCounts, Worker
from image_resizer.command.words import in_words


def test_a_slot_that_is_at_an_image_of_each_lane_is_not_told_as_two() -> None:
    workers = (Worker("worker-1", 1, ("a", "b")), Worker("worker-2", 1, ("c",)), Worker("worker-3", 2))
    pipeline = Pipeline(
        broker="up", queue=QueueCounts(7, 4), workers=workers, slots=4, busy=3, rates_per_s={"60s": 1.5}
    )

    assert in_words(pipeline).splitlines() == [
        "broker   up",
        "waiting  7",
        "workers  3, at 3 images, on 4 slots",
        "rate     1.5 jobs a second over the last minute",
        "         worker-1: at 2 images, on 1 slot",
        "         worker-2: at 1 image, on 1 slot",
        "         worker-3: at 0 images, on 2 slots",
    ]
