"""Break everything while jobs run, and look whether what was promised is kept.

Exit code 0 when nothing happened that must not, 1 when something did, 130 after Ctrl-C.
"""

import argparse
import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import SystemRandom
from tempfile import mkdtemp

from rich.console import Console

from tests.chaos.outcome import Outcome
from tests.chaos.progress import shown
from tests.chaos.report import sentences, table, write_json
from tests.chaos.run import run
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios import FULL, SHORT, everything
from tests.chaos.setting import NotPossible, own_cluster, own_node, storage_in

INTERRUPTED = 130
SWEEP_AFTER_S, SHORT_SWEEP_AFTER_S = 10.0, 4.0


def main() -> int:
    """Run what the command line asks for."""
    options, console = _options(), Console()
    outcomes: list[Outcome] = []
    try:
        for scenario in _chosen(options):
            console.print(f"{scenario.name}: seed {options.seed}", highlight=False)
            outcomes.append(asyncio.run(_run(scenario, options, console)))
            _say(console, sentences(outcomes[-1:]))
    except KeyboardInterrupt:
        console.print("interrupted; everything that was started has been ended")
        return INTERRUPTED
    finally:
        _tell(console, outcomes, options)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "scenario",
        nargs="*",
        choices=[*FULL, []],
        metavar="SCENARIO",
        help=f"of {', '.join(FULL)}: all of them",
    )
    parser.add_argument("--seed", type=int, help="of the dice")
    parser.add_argument("--jobs", type=int, help="how many uploads")
    parser.add_argument(
        "--minutes",
        type=float,
        help="how long `all` goes on (default: 5); in the others, when what has not ended counts as lost",
    )
    parser.add_argument("--short", action="store_true", help="the short forms, as in `make test`")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to this file")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = SystemRandom().randrange(10**6)
    return options


def _chosen(options: argparse.Namespace) -> list[Scenario]:
    known = SHORT if options.short else FULL
    return [_adapted(known[name], options) for name in options.scenario or known]


def _adapted(scenario: Scenario, options: argparse.Namespace) -> Scenario:
    if options.minutes and scenario is everything.EVERYTHING:
        scenario = everything.for_minutes(options.minutes)
    elif options.minutes:
        scenario = replace(scenario, deadline_s=60 * options.minutes)
    return replace(scenario, jobs=options.jobs) if options.jobs else scenario


async def _run(scenario: Scenario, options: argparse.Namespace, console: Console) -> Outcome:
    _end_on_sigterm()
    folder = Path(mkdtemp(prefix=f"chaos-{scenario.name}-"))
    is_good = False
    try:
        with ExitStack() as stack:
            storage = stack.enter_context(storage_in(folder, size=scenario.storage_bytes))
            opened = own_cluster if scenario.broker == "cluster" else own_node
            broker = stack.enter_context(opened(folder))
            on_progress = stack.enter_context(shown(console, scenario.name, scenario.jobs))
            outcome = await run(
                scenario,
                broker,
                folder,
                storage=storage,
                seed=options.seed,
                sweep_after_s=SHORT_SWEEP_AFTER_S if options.short else SWEEP_AFTER_S,
                on_progress=on_progress,
            )
        is_good = outcome.is_good
    except NotPossible as error:
        is_good = True
        return Outcome(scenario.name, options.seed, skipped=str(error))
    finally:
        if is_good:
            shutil.rmtree(folder)
        else:
            console.print(f"{scenario.name}: logs and files are in {folder}", highlight=False)
    return outcome


def _end_on_sigterm() -> None:
    """As Ctrl-C: end what was started. What a shell puts into the background is born deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _tell(console: Console, outcomes: list[Outcome], options: argparse.Namespace) -> None:
    if not outcomes:
        return
    _say(console, ["", table(outcomes), "", *sentences(outcomes)])
    if options.json:
        write_json(options.json, outcomes)


def _say(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
