"""The options of the command, those of the form among them: made of what `Options` says."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import click

from image_resizer.client import AT_ONCE, DEFAULT_URL, PATIENCE_S, address
from image_resizer.options import MEANINGS, Options

Command = TypeVar("Command", bound=Callable[..., Any])


def all_options(options: list[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    """One decorator of several, which `--help` shows in this order."""

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def _address(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        address(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value


def _key(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """What is wrong is told without the key."""
    if value and not all("!" <= char <= "~" for char in value):
        raise click.BadParameter("a key has only visible ASCII characters")
    return value or None


def _form_option(name: str) -> Callable[[Command], Command]:
    """`--without-enlargement` for `without_enlargement`, with the type that it has in `Options`."""
    kind = next(one for one in get_args(get_type_hints(Options)[name]) if one is not type(None))
    flag = f"--{name.replace('_', '-')}"
    if kind is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=MEANINGS[name])
    if get_origin(kind) is Literal:
        return click.option(flag, name, type=click.Choice(get_args(kind)), help=MEANINGS[name])
    shown = click.INT if kind is int else click.STRING
    return click.option(flag, name, type=shown, help=MEANINGS[name])


SERVER = all_options(
    [
        click.option(
            "--url",
            envvar="IMAGE_RESIZER_URL",
            show_envvar=True,
            default=DEFAULT_URL,
            show_default=True,
            callback=_address,
            help="The server.",
        ),
        click.option(
            "--key",
            envvar="IMAGE_RESIZER_KEY",
            show_envvar=True,
            callback=_key,
            help="The API key, if it wants one.",
        ),
        click.option(
            "--patience",
            type=click.FloatRange(min=0),
            default=PATIENCE_S,
            show_default=True,
            metavar="SECONDS",
            help="How long to try again while the server cannot be reached or is busy.",
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="Print the outcome as JSON, and nothing else, on stdout."
        ),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
    ]
)
FORM = all_options([_form_option(name) for name in MEANINGS])
AT_A_TIME = click.option(
    "--jobs",
    "at_once",
    type=click.IntRange(min=1),
    default=AT_ONCE,
    show_default=True,
    metavar="N",
    help="How many images are sent, and how many results fetched, at a time.",
)
