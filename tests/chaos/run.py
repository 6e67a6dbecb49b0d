"""One run of one scenario: set up, make trouble, wait, look, and end everything that was started."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

from pipeline.ids import new_batch_id
from tests.chaos.brokers import Broker
from tests.chaos.faults import make
from tests.chaos.inspection import Inspection
from tests.chaos.ledger import Ledger
from tests.chaos.moody_receiver import HOOK_SETTINGS, MoodyReceiver
from tests.chaos.outcome import Outcome
from tests.chaos.processes import MARK, marked
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Sender
from tests.chaos.stage import Stage
from tests.chaos.summary import summary
from tests.chaos.witness import Witness
from tests.eventually import eventually
from tests.rig import Rig
from tests.webhook_receiver import Receiver, receiving

SETTINGS = {
    "RETRY_DELAYS_S": "0.5,1,2,4,8",
    "MIN_FREE_BYTES": "0",
    "WORKER_MIN_FREE_BYTES": "0",
    "LOG_LEVEL": "INFO",
}
FRONTEND_MODULE = "tests.called_back_frontend"
LOOK_EVERY_S = 0.25
SETTLES_WITHIN_S = 60.0
SEEN_WITHIN_S = 60.0
TOLD_WITHIN_S = 60.0
GONE_WITHIN_S = 20.0

OnProgress = Callable[[Ledger], None]
Send = Callable[[], Coroutine[None, None, None]]


async def run(
    scenario: Scenario,
    broker: Broker,
    folder: Path,
    *,
    storage: Path,
    seed: int,
    sweep_after_s: float,
    on_progress: OnProgress = lambda _: None,
) -> Outcome:
    """What the scenario comes to on this broker, which runs. All that is started here is ended on return."""
    settings = {**SETTINGS, **HOOK_SETTINGS, "SWEEP_AFTER_S": f"{sweep_after_s:g}", **scenario.settings}
    async with receiving(MoodyReceiver(Random(f"{seed}/receiver"))) as receiver:
        settings |= {"WEBHOOK_SECRET": receiver.secret, "RECEIVER_PORT": str(receiver.port)}
        rig_of = partial(Rig, broker.amqp_url, folder, storage=storage, frontend_module=FRONTEND_MODULE)
        return await _run(scenario, broker, rig_of, settings, receiver, seed=seed, on_progress=on_progress)


async def _run(
    scenario: Scenario,
    broker: Broker,
    rig_of: Callable[..., Rig],
    settings: Mapping[str, str],
    receiver: Receiver,
    *,
    seed: int,
    on_progress: OnProgress,
) -> Outcome:
    ledger, mark = Ledger(new_batch_id()), secrets.token_hex(8)
    rig = rig_of(**settings, **{MARK: mark})
    for number in range(2, scenario.frontends + 1):
        rig.prepare_frontend(f"frontend-{number}")
    stage = Stage(rig, broker, ledger, Random(f"{seed}/faults"), mark, receiver)
    # Before anything runs: to make them takes seconds, in which nothing else would be heard.
    parcels = list(scenario.parcels(scenario.jobs, Random(f"{seed}/parcels")))
    sender = Sender(list(rig.urls.values()), ledger, scenario.manners, Random(f"{seed}/sender"))
    begun = time.monotonic()
    inspection = Inspection(stage, may_fail=scenario.may_fail)
    try:
        await rig.start(workers=scenario.workers)
        await _play(scenario, stage, inspection, partial(sender.send, parcels), on_progress)
        _end_in_order(stage)
        await inspection.check_queues()
        await _check_processes(stage)
    finally:
        rig.kill()
        await broker.settle()
    return summary(scenario, stage, inspection, seed=seed, took_s=time.monotonic() - begun)


async def _play(
    scenario: Scenario, stage: Stage, inspection: Inspection, send: Send, on_progress: OnProgress
) -> None:
    witnesses = _witnesses(stage)
    async with _tasks(*(witness.watch() for witness in witnesses), _supervise(stage)):
        with suppress(TimeoutError):
            async with asyncio.timeout(scenario.deadline_s):
                async with _tasks(
                    *(make(trouble, stage, most_faults=scenario.most_faults) for trouble in scenario.troubles)
                ):
                    await _see_to_end(scenario, stage, inspection, send, on_progress)
        await stage.mend()
        await _settle(stage, inspection, witnesses)
        inspection.check_jobs()
        inspection.check_webhooks()
        await inspection.check_leftovers()
        await inspection.check_http(stage.rig.url)
        _check_witnesses(scenario, stage, inspection, witnesses)


async def _see_to_end(
    scenario: Scenario, stage: Stage, inspection: Inspection, send: Send, on_progress: OnProgress
) -> None:
    """Return when everything was sent and has ended, and there were faults enough."""
    async with asyncio.TaskGroup() as group:
        sent = group.create_task(send(), name="sender")
        while not (
            sent.done()
            and inspection.have_all_ended()
            and stage.ledger.faults.total() >= scenario.least_faults
        ):
            stage.ledger.ended = inspection.look_for_endings()
            on_progress(stage.ledger)
            await asyncio.sleep(LOOK_EVERY_S)
    stage.ledger.ended = len(inspection.endings)
    on_progress(stage.ledger)


async def _settle(stage: Stage, inspection: Inspection, witnesses: list[Witness]) -> None:
    """Wait for what goes or comes by itself; what does not is found by the checks that follow."""
    try:
        await stage.rig.until_ready()
    except AssertionError as error:
        stage.ledger.violations.add("the services did not come back", str(error))

    async def is_tidy() -> bool:
        return not await inspection.leftovers()

    async def are_told() -> bool:
        return not inspection.untold()

    for check, within_s in (
        (are_told, TOLD_WITHIN_S),
        (is_tidy, SETTLES_WITHIN_S),
        (_have_seen(witnesses, inspection), SEEN_WITHIN_S),
    ):
        with suppress(AssertionError):
            await eventually(check, within_s)


def _have_seen(witnesses: list[Witness], inspection: Inspection) -> Callable[[], Coroutine[None, None, bool]]:
    async def have_seen() -> bool:
        promises = inspection.promised_endings()
        return all(witness.has_seen(promises) for witness in witnesses)

    return have_seen


def _witnesses(stage: Stage) -> list[Witness]:
    urls, ledger, dice = list(stage.rig.urls.values()), stage.ledger, Random(stage.ledger.batch_id)
    return [
        Witness("the steady witness", urls[:1], ledger=ledger, dice=dice),
        Witness("the restless witness", urls, ledger=ledger, dice=dice, stays_s=1.0),
    ]


def _check_witnesses(
    scenario: Scenario, stage: Stage, inspection: Inspection, witnesses: list[Witness]
) -> None:
    for witness in witnesses:
        witness.check(inspection.promised_endings())
    steady = witnesses[0]
    if steady.was_interrupted and not scenario.manners.may_break:
        stage.ledger.violations.add("the steady witness was thrown out", f"{steady.connections} connections")


async def _supervise(stage: Stage) -> None:
    """Start again what has ended by itself, as a supervisor does."""
    while True:
        for service in stage.rig.services:
            if service.process is not None and not service.is_running:
                stage.ledger.strike("ended by itself", service.name)
                service.start()
        await asyncio.sleep(LOOK_EVERY_S)


def _end_in_order(stage: Stage) -> None:
    try:
        stage.rig.end()
    except AssertionError as error:
        stage.ledger.violations.add("a service did not stop when it was told to", str(error)[:500])


async def _check_processes(stage: Stage) -> None:
    """The services have ended, and with them all that they had started."""
    try:
        await eventually(lambda: not marked(stage.mark), GONE_WITHIN_S)
    except AssertionError:
        for process in marked(stage.mark):
            stage.ledger.violations.add("a process is left", str(process))
            process.kill()


@asynccontextmanager
async def _tasks(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run these beside the body, and cancel them after it. One that fails ends the body too."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        yield
        for task in tasks:
            task.cancel()
