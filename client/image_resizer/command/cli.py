"""The commands, as `image-resizer --help` lists them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from image_resizer import __version__
from image_resizer.answers import Job
from image_resizer.client import Client
from image_resizer.command.carrying_out import Server, carry_out
from image_resizer.command.display import Display, display_of
from image_resizer.command.folders import check_apart, images_at
from image_resizer.command.outcome import Exit, Outcome, exit_status, of_batch, of_errand
from image_resizer.command.parameters import AT_A_TIME, FORM, SERVER
from image_resizer.command.tally import Tally
from image_resizer.command.words import in_words, shown
from image_resizer.errands import Errand
from image_resizer.errors import SourceUnreadable
from image_resizer.local_image import LocalImage

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(__version__, prog_name="image-resizer")
@SERVER
def main(**_: Any) -> None:
    """Resize images at a server of the image resizer, and follow what becomes of them.

    Exit status: 0 all is well; 1 some images failed, and are named with their codes; 2 wrong arguments or
    options; 3 the server cannot be reached, does not let you in, or is none; 130 after Ctrl-C.
    """


@main.command(short_help="Send images, wait for them, and fetch the results.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...")
@click.option("--out", type=FOLDER, default=".", show_default=True, help="The folder for the results.")
@click.option("--no-wait", is_flag=True, help="End when all are sent; print the id of the batch on stdout.")
@AT_A_TIME
@FORM
@SERVER
def resize(images: tuple[str, ...], out: Path, no_wait: bool, at_once: int, **others: Any) -> None:
    """Send images, wait for them, and fetch the results: holiday_300x300.jpg for holiday.jpg.

    IMAGE may be a folder: all that are in it and below. Where the results are is printed on stdout, one a
    line. What breaks is gone on with: a connection by itself, this command when it is given again.
    """
    if not no_wait:
        check_apart(images, out)
    server, as_json, quiet = _taken(others)

    async def work(client: Client) -> Exit:
        found, outcomes = _looked_at(images, out)
        tally = Tally(sum(image.size for image in found.values()), len(found))
        with display_of(tally, has_bars=not quiet) as display:
            for outcome in outcomes:
                _tell(display, outcome)

            def changed(errand: Errand) -> None:
                tally.take_errand(errand)
                if errand.is_over:
                    outcomes.append(of_errand(errand, names[errand.image.path]))
                    _tell(display, outcomes[-1], to_stdout=not as_json)

            names = {image.path: name for name, image in found.items()}
            errands = await client.resize_all(
                names, out=None if no_wait else out, at_once=at_once, on_change=changed, **others
            )
            batches = sorted(
                {errand.job.batch_id for errand in errands if errand.job and errand.job.batch_id}
            )
            _sum_up(display, server, batches, outcomes, as_json=as_json, quiet=quiet, ids=no_wait)
        return exit_status(outcomes)

    carry_out(server, work)


@main.command(short_help="Follow a batch until all of its jobs have ended.")
@click.argument("batch", metavar="BATCH")
@click.option("--out", type=FOLDER, help="Fetch the results into this folder.")
@AT_A_TIME
@SERVER
def watch(batch: str, out: Path | None, at_once: int, **others: Any) -> None:
    """Follow a batch until all of its jobs have ended."""
    server, as_json, quiet = _taken(others)

    async def work(client: Client) -> Exit:
        return await _watch(client, server, batch, out, at_once, as_json=as_json, quiet=quiet)

    carry_out(server, work)


@main.command(short_help="Try once more what failed of a batch, and follow it.")
@click.argument("batch", metavar="BATCH")
@click.option("--out", type=FOLDER, help="Fetch the results of the batch into this folder.")
@click.option("--no-wait", is_flag=True, help="Do not wait for what comes of it.")
@AT_A_TIME
@SERVER
def retry(batch: str, out: Path | None, no_wait: bool, at_once: int, **others: Any) -> None:
    """Try once more what failed of a batch, and follow it."""
    server, as_json, quiet = _taken(others)

    async def work(client: Client) -> Exit:
        tried = await client.retry_batch(batch)
        if not quiet:
            click.echo(f"{len(tried)} tried once more", err=True)
        if no_wait:
            return Exit.ALL_WELL
        return await _watch(client, server, batch, out, at_once, as_json=as_json, quiet=quiet, known=tried)

    carry_out(server, work)


@main.command(short_help="How the server is, or a batch.")
@click.argument("batch", required=False, metavar="[BATCH]")
@SERVER
def status(batch: str | None, **others: Any) -> None:
    """How the server is: its queue and its workers. Or how far a batch is."""
    server, as_json, _ = _taken(others)

    async def work(client: Client) -> Exit:
        shown = await (client.batch(batch) if batch else client.pipeline())
        click.echo(msgspec.json.encode(shown).decode() if as_json else in_words(shown))
        return Exit.ALL_WELL

    carry_out(server, work)


async def _watch(
    client: Client,
    server: Server,
    batch_id: str,
    out: Path | None,
    at_once: int,
    *,
    as_json: bool,
    quiet: bool,
    known: Sequence[Job] = (),
) -> Exit:
    tally = Tally()
    with display_of(tally, has_bars=not quiet) as display:
        batch = await client.wait_for_batch(batch_id, on_job=tally.take_job, known=known)
        saved = await client.save_batch(batch, out, at_once=at_once) if out is not None else {}
        outcomes = of_batch(batch, saved)
        for outcome in outcomes:
            _tell(display, outcome, to_stdout=not as_json)
        _sum_up(display, server, [batch_id], outcomes, as_json=as_json, quiet=quiet, ids=False)
    return exit_status(outcomes)


def _taken(others: dict[str, Any]) -> tuple[Server, bool, bool]:
    """What SERVER has put among the options of the form: the server, whether JSON, whether quiet.

    They may stand before the name of the command as well; those behind it count more.
    """
    context = click.get_current_context()
    before = context.parent.params if context.parent else {}
    behind = {name for name in before if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    others |= {name: value for name, value in before.items() if name not in behind}
    server = Server(others.pop("url"), others.pop("key"), others.pop("patience"))
    return server, others.pop("as_json"), others.pop("quiet")


def _looked_at(paths: Sequence[str], out: Path) -> tuple[dict[str, LocalImage], list[Outcome]]:
    """The images by the names that the user has for them, and what became of those that cannot be read.

    What is in the folder for the results is none, unless it is named itself.
    """
    found: dict[Path, tuple[str, LocalImage]] = {}
    outcomes: list[Outcome] = []
    for path in dict.fromkeys(paths):
        with _noted(path, outcomes):
            for name in images_at(path, without=out):
                with _noted(name, outcomes):
                    image = LocalImage.at(name)
                    found.setdefault(image.path, (name, image))
    return dict(found.values()), outcomes


@contextmanager
def _noted(name: str, outcomes: list[Outcome]) -> Iterator[None]:
    try:
        yield
    except SourceUnreadable as error:
        outcomes.append(Outcome(name, fault=error))


def _tell(display: Display, outcome: Outcome, *, to_stdout: bool = True) -> None:
    for path in outcome.files if to_stdout else ():
        display.result(str(path))
    if outcome.fault is not None:
        display.note(
            f"image-resizer: {shown(outcome.name)}: {outcome.fault.code}: {shown(str(outcome.fault))}"
        )


def _sum_up(
    display: Display,
    server: Server,
    batches: Sequence[str],
    outcomes: Sequence[Outcome],
    *,
    as_json: bool,
    quiet: bool,
    ids: bool,
) -> None:
    if as_json:
        display.result(
            json.dumps({"batches": batches, "images": [outcome.as_json() for outcome in outcomes]})
        )
    elif ids:
        for batch in batches:
            display.result(batch)
    if not quiet:
        well = sum(outcome.fault is None for outcome in outcomes)
        pages = [f"{server.url.rstrip('/')}/batches/{batch}" for batch in batches]
        display.note(" ".join([f"{well} of {len(outcomes)} images are {'sent' if ids else 'done'}", *pages]))
