"""The end of it all: a table in Markdown, sentences for what went wrong, JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.outcome import Outcome

COLUMNS = (
    "scenario",
    "seed",
    "accepted",
    "ended",
    "tried again (most)",
    "faults",
    "longest without 202 / end",
    "took",
    "violations",
)


def table(outcomes: Sequence[Outcome]) -> str:
    """A row for each run."""
    lines = [_row(COLUMNS), _row(["---"] * len(COLUMNS)), *(_row(_cells(one)) for one in outcomes)]
    return "\n".join(lines)


def sentences(outcomes: Sequence[Outcome]) -> list[str]:
    """What else is to be told: further figures, reasons why one was not run, violations."""
    told = []
    for one in outcomes:
        told += [f"{one.scenario}: {name} {figure}" for name, figure in one.further.items()]
        told += [f"{one.scenario}: sent again: {_counts(one.sent_again)}"] if one.sent_again else []
        told += [f"{one.scenario}: failed with: {_counts(one.failed_with)}"] if one.failed_with else []
        told += [f"{one.scenario}: skipped: {one.skipped}"] if one.skipped else []
        told += [f"{one.scenario}: VIOLATION: {violation}" for violation in one.violations]
    return told


def write_json(path: Path, outcomes: Sequence[Outcome]) -> None:
    """All of it, as a list of objects."""
    path.write_text(json.dumps([one.as_json() for one in outcomes], indent=1) + "\n")


def _cells(one: Outcome) -> list[str]:
    if one.skipped:
        return [f"`{one.scenario}`", str(one.seed), "skipped", *[""] * (len(COLUMNS) - 3)]
    return [
        f"`{one.scenario}`",
        str(one.seed),
        f"{one.accepted:,}",
        _counts(one.ended),
        f"{one.tried_again} ({one.most_attempts})",
        _counts(one.faults),
        f"{one.longest_without_202_s:.1f} s / {one.longest_without_end_s:.1f} s",
        f"{one.took_s:.0f} s",
        str(len(one.violations)),
    ]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items())) or "–"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
