"""The command line of `python -m pipeline.dead_letters`."""

import argparse
from collections.abc import Sequence

from pipeline.dead_letters.choice import Choice

LIST, SHOW, RETRY, DROP = "list", "show", "retry", "drop"


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """What is asked for: `command`, `json`, `choice`. Ends the program (2) if that is not clear."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command in (RETRY, DROP) and bool(options.ids) == options.all:
        parser.error(f"{options.command} takes either ids or --all")
    if options.ids and (options.reason or options.job):
        parser.error("--reason and --job choose among all, so they do not go with ids")
    options.choice = Choice(frozenset(options.ids), options.reason, options.job)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.dead_letters",
        description="What no worker could do: look at it, put it into the queue again, throw it away. "
        "AMQP_URL is the broker, with the login of somebody who may read resize.dead.",
    )
    parser.set_defaults(ids=[], all=False, json=False, reason=None, job=None)
    commands = parser.add_subparsers(dest="command", required=True)

    listing = commands.add_parser(LIST, help="one line a letter: id, when, job, size, reason")
    showing = commands.add_parser(SHOW, help="all that there is to see of a letter")
    showing.add_argument("ids", metavar="ID", nargs=1)
    for command in (listing, showing):
        command.add_argument("--json", action="store_true", help="a JSON object a line")
    retrying = commands.add_parser(RETRY, help="put letters back into the queue, without the marks of death")
    dropping = commands.add_parser(DROP, help="throw letters away, for good")
    for command in (retrying, dropping):
        command.add_argument("ids", metavar="ID", nargs="*", default=[], help="as `list` shows them")
        command.add_argument("--all", action="store_true", help="all of them, or all that fit")
    for command in (listing, retrying, dropping):
        command.add_argument("--reason", metavar="TEXT", help="only those with this in their reason")
        command.add_argument("--job", metavar="ID", help="only those about this job")
    return parser
