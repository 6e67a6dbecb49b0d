"""From what was noted during a run to its outcome."""

from collections import Counter

from tests.chaos.inspection import Inspection
from tests.chaos.outcome import Outcome, longest_gap
from tests.chaos.scenario import Scenario
from tests.chaos.stage import Stage


def summary(scenario: Scenario, stage: Stage, inspection: Inspection, *, seed: int, took_s: float) -> Outcome:
    """The outcome, with the further figures and violations that only this scenario has."""
    ledger = stage.ledger
    endings = list(inspection.promised().values())
    promised_at = [promise.given_at for promise in ledger.promises.values()]
    outcome = Outcome(
        scenario=scenario.name,
        seed=seed,
        jobs=scenario.jobs,
        accepted=len(ledger.promises),
        ended=dict(Counter(ending.status for ending in endings)),
        failed_with=dict(Counter(ending.code for ending in endings if ending.code)),
        tried_again=sum(ending.attempt > 1 for ending in endings),
        most_attempts=max((ending.attempt for ending in endings), default=0),
        faults=dict(ledger.faults),
        sent_again=dict(ledger.sent_again),
        longest_without_202_s=round(longest_gap(promised_at), 2),
        longest_without_end_s=round(longest_gap([ending.finished_at for ending in endings]), 2),
        took_s=round(took_s, 1),
    )
    for what in ("longest_without_202_s", "longest_without_end_s"):
        if getattr(outcome, what) > scenario.longest_outage_s:
            ledger.violations.add("away for too long", f"{what} {getattr(outcome, what)}")
    if len(ledger.promises) + len(ledger.refused) < scenario.jobs:
        ledger.violations.add("not everything was sent in time", f"{len(ledger.promises)} of {scenario.jobs}")
    outcome.further = {"webhooks:": _told(stage), **scenario.check(stage, inspection)}
    outcome.violations = ledger.violations.sentences()
    return outcome


def _told(stage: Stage) -> str:
    """How many ends were told, and by how many requests."""
    wanted = sum(promise.parcel.is_called_back for promise in stage.ledger.promises.values())
    receiver = stage.receiver
    return f"{len(receiver.told):,} of {wanted:,} ends told, by {len(receiver.received):,} requests"
