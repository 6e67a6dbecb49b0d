"""Doing what a command is about, with a client, and ending with the right exit status whatever happens."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import click

from image_resizer.client import Client
from image_resizer.command.outcome import Exit
from image_resizer.errors import Busy, InvalidAnswer, NotLetIn, Passing, ResizerError, WrongOption
from image_resizer.patience import TOO_MANY_REQUESTS

Work = Callable[[Client], Awaitable[Exit]]


@dataclass(frozen=True)
class Server:
    """Which one, with which key, and for how long it is tried again."""

    url: str
    key: str | None
    patience: float


def carry_out(server: Server, work: Work) -> None:
    """Do it, and end the program."""
    sys.exit(_status_of(server, work))


def _status_of(server: Server, work: Work) -> Exit:
    try:
        return asyncio.run(with_client(server, work))
    except WrongOption as error:
        return _told(error, Exit.USAGE)
    except (Passing, NotLetIn, InvalidAnswer) as error:
        return _told(error, Exit.NO_SERVER)
    except ResizerError as error:
        return _told(error, Exit.SOME_FAILED)
    except KeyboardInterrupt:
        click.echo("image-resizer: interrupted; the same command goes on where it stopped.", err=True)
        return Exit.INTERRUPTED
    except asyncio.CancelledError:
        return Exit.TERMINATED


async def with_client(server: Server, work: Work) -> Exit:
    """Do it, if there is a server: without any patience, but for a limit of so much a minute."""
    task = asyncio.current_task()
    assert task is not None
    if sys.platform != "win32":  # where programs are ended in another way
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Client(server.url, key=server.key, patience_s=server.patience) as client:
        try:
            await client.check()
        except Busy as error:
            if error.code != TOO_MANY_REQUESTS:
                raise
            # It is there, and will answer: what follows waits for that.
        return await work(client)


def _told(error: ResizerError, status: Exit) -> Exit:
    click.echo(f"image-resizer: {error.code}: {error}", err=True)
    return status
