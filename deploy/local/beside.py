"""`python -m deploy.local.beside MODULE [ARGUMENT …]`: run a module against what `make run` runs.

With AMQP_URL set it runs against that broker. STORAGE_DIR, too, is used if it is set.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from deploy.local.control import NothingRuns
from deploy.local.run_folder import RunFolder

REFUSED = 2
FOLDER = RunFolder(Path(".run"))


class BrokerNotNoted(Exception):
    """`make run` uses a broker of somebody else's, whose address it does not write down: set AMQP_URL."""


def environment_beside(note: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that is to work on the same. Raises NothingRuns, BrokerNotNoted."""
    if not environ.get("AMQP_URL") and "amqp" not in note:
        raise BrokerNotNoted(BrokerNotNoted.__doc__) if note else NothingRuns
    noted = {"AMQP_URL": note.get("amqp", ""), "STORAGE_DIR": note.get("storage", "")}
    given = {name: value for name, value in environ.items() if value}
    return noted | given


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the command; exit code 2 if nothing is running that it could work on."""
    try:
        environment = environment_beside(FOLDER.read_note(), os.environ)
    except (NothingRuns, BrokerNotNoted) as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    os.execve(sys.executable, [sys.executable, "-m", *arguments], environment)  # noqa: S606  # no shell wanted


if __name__ == "__main__":
    main(sys.argv[1:])
