"""Everything at once: workers, decoders, frontends, the broker and its connections, the disk, and poison."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from tests.chaos.faults import (
    Trouble,
    close_connection,
    fill_disk,
    kill_broker,
    kill_decoder,
    kill_fork_server,
    kill_frontend,
    kill_reader_of,
    kill_worker,
    kill_worker_at,
    restart_broker,
    stop_decoder,
    stop_reader_of,
)
from tests.chaos.parcels import Parcel, good_parcel
from tests.chaos.poisons import CRASHING, DEADLY, HANGING, poisoned_parcel
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners
from tests.chaos.typed_messages import type_gone_image, type_no_command

RATE_PER_S = 4.0
ONE_POISON_IN = 25
AIM_EVERY_S = 0.05
MEGABYTE = 1024**2
GRACE_S = 180.0


def parcels(jobs: int, dice: Random) -> Iterator[Parcel]:
    """Photographs, with poison among them."""
    for number in range(jobs):
        if number % ONE_POISON_IN == ONE_POISON_IN - 1:
            yield poisoned_parcel(number // ONE_POISON_IN, dice, number)
        else:
            yield good_parcel(number, dice)


EVERYTHING = Scenario(
    name="all",
    jobs=round(300 * RATE_PER_S),
    deadline_s=300 + GRACE_S,
    least_faults=100,
    parcels=parcels,
    troubles=(
        Trouble((kill_worker,), every_s=6.0),
        Trouble((kill_decoder, stop_decoder), every_s=4.0),
        Trouble((kill_fork_server,), every_s=30.0, first_s=10.0),
        Trouble((kill_frontend,), every_s=10.0),
        Trouble((restart_broker, kill_broker), every_s=25.0, first_s=5.0),
        Trouble((close_connection,), every_s=7.0, first_s=2.0),
        Trouble((fill_disk,), every_s=20.0, first_s=3.0),
        Trouble((type_no_command, type_gone_image), every_s=15.0),
        Trouble(
            (kill_reader_of(CRASHING), stop_reader_of(HANGING), kill_worker_at(DEADLY)),
            AIM_EVERY_S,
            is_aimed=True,
        ),
    ),
    manners=Manners(
        rate_per_s=RATE_PER_S,
        keyed=True,
        refusals=frozenset({409, 423, 503, 507}),
        may_break=True,
        tus_one_in=3,
    ),
    workers=4,
    frontends=2,
    settings={
        "JOB_TIMEOUT_S": "3",
        "BULK_JOB_TIMEOUT_S": "3",
        "JOB_CPU_S": "3",
        "JOB_MEMORY_BYTES": "1073741824",
        "MIN_FREE_BYTES": f"{8 * MEGABYTE}",
        "WORKER_MIN_FREE_BYTES": f"{MEGABYTE}",
    },
    may_fail=frozenset({"decoder_crashed", "image_took_too_long"}),
    broker="own",
    storage_bytes=512 * MEGABYTE,
)
SHORT = EVERYTHING.in_short(jobs=40, least_faults=8, rate_per_s=5, hurry=1.5)


def for_minutes(minutes: float) -> Scenario:
    """It goes on for so long, and has a while then to come to an end."""
    seconds = 60 * minutes
    return replace(EVERYTHING, jobs=max(1, round(seconds * RATE_PER_S)), deadline_s=seconds + GRACE_S)
