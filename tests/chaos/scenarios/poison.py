"""Good images alone, then as many good ones among files and messages that are made to do harm."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from pipeline.ids import made_at, parse_job_id
from tests.chaos.faults import Trouble, kill_reader_of, kill_worker_at, stop_reader_of
from tests.chaos.inspection import Inspection
from tests.chaos.outcome import percentile
from tests.chaos.parcels import Parcel, good_parcel
from tests.chaos.poisons import CRASHING, DEADLY, HANGING, poisoned_parcel
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners
from tests.chaos.stage import Stage
from tests.chaos.typed_messages import type_gone_image, type_no_command

ONE_POISON_IN = 10
AIM_EVERY_S = 0.03
MOST_SLOWER = 2.0
SHARE = 0.95


def parcels(jobs: int, dice: Random) -> Iterator[Parcel]:
    """A half of the jobs is good, the other one too, but for some that come with it."""
    half = jobs // 2
    for number in range(jobs):
        if number > half and number % ONE_POISON_IN == 0:
            yield poisoned_parcel(number // ONE_POISON_IN, dice, number)
        else:
            yield good_parcel(number, dice)


def compare(stage: Stage, inspection: Inspection) -> dict[str, str]:
    """How long a good job took from upload to end without poison, and with it: at most twice as long."""
    before, after = _p95s_s(stage, inspection)
    if after > MOST_SLOWER * before:
        stage.ledger.violations.add("good jobs are slowed down", f"p95 {before:.3f} s, then {after:.3f} s")
    return _told(before, after)


def tell(stage: Stage, inspection: Inspection) -> dict[str, str]:
    """The same figures without a verdict: of thirty jobs beside other tests the 95th percentile is chance."""
    return _told(*_p95s_s(stage, inspection))


def _told(before_s: float, after_s: float) -> dict[str, str]:
    return {"p95 of the good": f"{1000 * before_s:.0f} ms alone, {1000 * after_s:.0f} ms among poison"}


def _p95s_s(stage: Stage, inspection: Inspection) -> tuple[float, float]:
    half = max((promise.parcel.number for promise in stage.ledger.promises.values()), default=0) // 2
    alone, mixed = _durations_s(stage, inspection, half)
    return percentile(alone, SHARE), percentile(mixed, SHARE)


def _durations_s(stage: Stage, inspection: Inspection, half: int) -> tuple[list[float], list[float]]:
    alone: list[float] = []
    mixed: list[float] = []
    for job_id, ending in inspection.promised().items():
        parcel = stage.ledger.promises[job_id].parcel
        if parcel.poison is None:
            begun = made_at(parse_job_id(job_id)).timestamp()
            (alone if parcel.number <= half else mixed).append(ending.finished_at - begun)
    return alone, mixed


POISON = Scenario(
    name="poison",
    jobs=660,
    deadline_s=400,
    least_faults=30,
    parcels=parcels,
    check=compare,
    troubles=(
        Trouble((type_no_command, type_gone_image), every_s=2.0),
        Trouble((kill_reader_of(CRASHING),), every_s=AIM_EVERY_S, is_aimed=True),
        Trouble((stop_reader_of(HANGING),), every_s=AIM_EVERY_S, is_aimed=True),
        Trouble((kill_worker_at(DEADLY),), every_s=AIM_EVERY_S, is_aimed=True),
    ),
    manners=Manners(rate_per_s=6),
    workers=4,
    settings={
        "JOB_TIMEOUT_S": "2",
        "BULK_JOB_TIMEOUT_S": "2",
        "JOB_CPU_S": "2",
        "JOB_MEMORY_BYTES": "1073741824",
    },
)
SHORT = replace(
    POISON.in_short(jobs=60, least_faults=4, rate_per_s=6, hurry=1),
    check=tell,
    # Beside other tests a good image may take several times as long.
    settings={**POISON.settings, "JOB_TIMEOUT_S": "6", "BULK_JOB_TIMEOUT_S": "6", "JOB_CPU_S": "6"},
)
