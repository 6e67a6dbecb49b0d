"""`python -m pipeline.dead_letters list | show | retry | drop`. Killed in the middle, it loses nothing."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence

from pipeline.broker import DeadLetterQueue, HeldLetter
from pipeline.dead_letters.arguments import DROP, LIST, RETRY, read_arguments
from pipeline.dead_letters.letter import DeadLetter, headers_to_send
from pipeline.dead_letters.showing import json_of, line_of, page_of
from pipeline.errors import BrokerUnavailable, InvalidSetting, QueueFull
from pipeline.logs import configure_logging
from pipeline.progress_line import ProgressLine
from pipeline.settings import ServiceSettings, read_settings

DONE, FAILED, REFUSED = 0, 1, 2

SERVICE = "dead-letters"
CONNECT_WITHIN_S = 10.0


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """0 if it is done, 1 if not all of it could be, 2 if it is not clear what is asked for."""
    options = read_arguments(arguments)
    try:
        settings = read_settings(ServiceSettings, environ)
    except InvalidSetting as error:
        print(error, file=sys.stderr)
        return REFUSED
    configure_logging(service=SERVICE, level="WARNING")
    try:
        return asyncio.run(_carry_out(options, settings.amqp_url))
    except (BrokerUnavailable, QueueFull) as error:
        print(error, "The rest is still among the dead letters.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Broken off. The rest is still among the dead letters.", file=sys.stderr)
    except BrokenPipeError:
        # Whoever reads has seen enough. Python would complain again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


async def _carry_out(options: argparse.Namespace, amqp_url: str) -> int:
    queue = DeadLetterQueue(amqp_url, service=SERVICE)
    queue.link.start()
    treated: list[str] = []
    try:
        await queue.link.wait_open(CONNECT_WITHIN_S)
        async with queue.letters() as held:
            await _treat_all(options, held, treated)
        if options.command == LIST and not treated:
            print("No dead letters to show.", file=sys.stderr)
    finally:
        await queue.link.close()
        if options.command in (RETRY, DROP):
            what = "put back into the queue" if options.command == RETRY else "thrown away"
            print(f"{len(treated):,} {what}.")
    for letter_id in options.choice.missing:
        print(f"There is no dead letter {letter_id!r}.", file=sys.stderr)
    return FAILED if options.choice.missing else DONE


async def _treat_all(
    options: argparse.Namespace, held: AsyncIterator[HeldLetter], treated: list[str]
) -> None:
    """Do with each letter that is meant what is asked for; `treated` are the ids of those that are done."""
    line, looked_at = ProgressLine(), 0
    async for one in held:
        letter = DeadLetter.read(one.body, one.headers, one.sent_at)
        if options.choice.takes(letter):
            await _treat(options, one, letter)
            treated.append(letter.id)
        looked_at += 1
        if options.command != LIST:
            line.tell(f"{looked_at:,} dead letters looked at, {len(treated):,} done")
    line.end()


async def _treat(options: argparse.Namespace, held: HeldLetter, letter: DeadLetter) -> None:
    match options.command:
        case "list":
            print(json_of(letter, with_body=False) if options.json else line_of(letter), flush=True)
        case "show":
            print(json_of(letter, with_body=True) if options.json else page_of(letter))
        case "retry":
            await held.send_again(headers_to_send(letter.headers))
        case "drop":
            await held.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
