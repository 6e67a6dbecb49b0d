"""What the command makes of its arguments, before any server is asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner
from pytest_aiohttp.plugin import AiohttpServer

from image_resizer.client import Client
from image_resizer.command import cli, main
from image_resizer.command.carrying_out import Server, with_client
from image_resizer.command.folders import images_at
from image_resizer.command.outcome import Exit
from image_resizer.errors import ResizerError, SourceUnreadable
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
        (["--url", "localhost:5000", "status"], "'localhost:5000' is no address such as"),
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


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the command runs, with images in others."""
    for name in (
        "b.jpg",
        "a.PNG",
        "notes.txt",
        ".c.jpg",
        "sub/d.webp",
        ".git/e.jpg",
        "sub/small/a_300x300.jpg",
    ):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_the_images_that_are_in_it_and_below(tree: Path) -> None:
    images = ["photos/a.PNG", "photos/b.jpg", "photos/sub/d.webp"]

    assert images_at("photos", without=tree / "photos" / "sub" / "small") == images
    assert images_at("photos", without=tree) == [*images, "photos/sub/small/a_300x300.jpg"]
    assert images_at("photos/notes.txt", without=tree) == ["photos/notes.txt"]
    with pytest.raises(SourceUnreadable, match="empty has no images"):
        images_at("empty", without=tree)


def test_results_do_not_come_among_the_images_of_a_folder(tree: Path) -> None:
    result = CliRunner().invoke(main, ["resize", "photos", "--out", "empty/../photos"])

    assert result.exit_code == 2
    assert "photos is the folder for the results as well" in result.output


def test_where_the_server_is_may_be_said_before_the_command_and_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Server] = []
    monkeypatch.setattr(cli, "carry_out", lambda server, _: asked.append(server))
    monkeypatch.setenv("IMAGE_RESIZER_URL", "http://environment")

    for arguments in (
        ["--url", "http://before", "--key", "k", "status"],
        ["--url", "http://before", "status", "--url", "http://behind", "--patience", "1"],
        ["status"],
    ):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output

    assert asked == [
        Server("http://before", "k", 60.0),
        Server("http://behind", None, 1.0),
        Server("http://environment", None, 60.0),
    ]


async def test_who_has_asked_too_much_in_a_minute_waits(aiohttp_server: AiohttpServer) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) > 2:
            return web.json_response({"id": "1", "status": "queued"})
        wait = {"Retry-After": "0"}
        return web.json_response({"code": "rate_limited", "detail": "Too much."}, status=429, headers=wait)

    async def work(client: Client) -> Exit:
        await client.job("1")
        return Exit.ALL_WELL

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    url = str((await aiohttp_server(app)).make_url("/"))

    assert await with_client(Server(url, None, 0), work) is Exit.ALL_WELL
    assert asked == ["/api/pipeline", "/api/jobs/1", "/api/jobs/1"]


def test_there_is_an_option_for_each_of_the_form() -> None:
    told = CliRunner().invoke(main, ["resize", "--help"]).output
    assert [name for name in MEANINGS if f"--{name.replace('_', '-')} " not in told] == []
