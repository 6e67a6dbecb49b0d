"""What the command makes of its arguments, before any server is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from image_resizer.command import main
from image_resizer.command.outcome import Exit
from image_resizer.errors import ResizerError
from image_resizer.options import MEANINGS

DOCS = (Path(__file__).parents[3] / "docs" / "client.md").read_text()


def codes(error: type[ResizerError]) -> Iterator[str]:
    """Those that the client itself has, of an error and all that are of its kind."""
    for kind in error.__subclasses__():
        if "code" in vars(kind):
            yield kind.code
        yield from codes(kind)


def test_every_code_and_every_exit_status_is_told() -> None:
    assert [code for code in codes(ResizerError) if f"`{code}`" not in DOCS] == []
    assert [status for status in Exit if f"| {status:d} " not in DOCS and f"; {status:d} " not in DOCS] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resize"], "Missing argument 'IMAGE...'"),
        (["resize", "a.jpg", "--fit", "stretch"], "'stretch' is not one of"),
        (["resize", "a.jpg", "--width", "wide"], "'wide' is not a valid integer"),
        (["resize", "a.jpg", "--jobs", "0"], "0 is not in the range x>=1"),
        (["status", "--url", "localhost:5000"], "'localhost:5000' is no address such as"),
        (["status", "--key", "se\ncret"], "a key has only visible ASCII characters"),
        (["follow"], "No such command 'follow'"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 2
    assert said in result.output
    assert "cret" not in result.output.replace(said, "")


def test_there_is_an_option_for_each_of_the_form() -> None:
    told = CliRunner().invoke(main, ["resize", "--help"]).output
    assert [name for name in MEANINGS if f"--{name.replace('_', '-')} " not in told] == []
