"""The docs against the code: lists are complete, examples are understood, links lead somewhere."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import image_resizer
from deploy.local.settings import RunnerSettings
from frontend.app import create_app
from frontend.board import Board
from frontend.error_responses import ANSWERS, INTERNAL
from frontend.http_faults import HTTP_FAULTS
from frontend.job_state import JobState
from frontend.job_view import job_view, pipeline_view
from frontend.option_values import OPTIONS
from frontend.presets import read_presets
from frontend.settings import FrontendSettings
from pipeline import __version__, topology
from pipeline.errors import InvalidMessage
from pipeline.ids import new_job_id
from pipeline.log_id import LogId
from pipeline.messages import (
    AnyEvent,
    DeliverWebhook,
    RenditionReady,
    ResizeImage,
    Result,
    WorkerHeartbeat,
    decode_command,
    decode_event,
    decode_webhook,
    encode,
)
from pipeline.records import decode_receipt, encode_record
from pipeline.settings import settings_table
from tests.lanes import counted
from tests.unit.frontend.clients import ANYBODY
from worker import pool_errors
from worker.imaging import ImageError
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "storage" / "README.md"])
PAGE_IDS = [page.relative_to(ROOT).as_posix() for page in PAGES]

SETTINGS = (FrontendSettings, WorkerSettings, RunnerSettings)
RESULT = Result(name="a", file="a.jpg", width=1, height=1, media_type="image/jpeg", bytes=1)

Json = dict[str, Any]


def read(name: str) -> str:
    return (DOCS / name).read_text()


def json_blocks(text: str) -> list[Json]:
    """The objects in the ```json blocks of a page."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def prose(page: Path) -> str:
    """A page without its ``` blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What the headings of a page can be linked to by, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files of this project that a page points to, each with the anchor after it."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    for target in targets:
        if not re.match(r"https?://|mailto:", target):
            path, _, anchor = target.partition("#")
            yield ((page.parent / path).resolve() if path else page), anchor


# Settings


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_are_told_as_they_are(settings: type[Any]) -> None:
    missing = [row for row in settings_table(settings) if row not in read("settings.md").splitlines()]
    assert missing == [], "copy these rows into docs/settings.md"


def test_no_setting_is_told_that_is_not_there() -> None:
    heading = re.escape("| variable | default | meaning |\n|---|---|---|\n")
    tables = re.findall(rf"^{heading}((?:\|.*\n)+)", read("settings.md"), re.MULTILINE)
    told = {row for table in tables for row in table.splitlines()}
    assert told == {row for settings in SETTINGS for row in settings_table(settings)}


# The HTTP interface


def routes() -> list[str]:
    resources = create_app(FrontendSettings()).router.routes()
    shown = {(route.method, route.resource.canonical) for route in resources if route.resource}
    return sorted(f"{method} {path}" for method, path in shown if method != "HEAD")


@pytest.mark.parametrize("route", routes())
def test_every_route_is_told(route: str) -> None:
    assert f"`{route}`" in read("http_api.md")


@pytest.mark.parametrize("answer", sorted({*ANSWERS.values(), INTERNAL}))
def test_every_error_code_is_told_with_its_status(answer: tuple[int, str]) -> None:
    status, code = answer
    assert f"| `{code}` | {status} |" in read("http_api.md")


def test_no_error_code_is_told_that_is_not_there() -> None:
    told = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", read("http_api.md"), re.MULTILINE)
    assert {(int(status), code) for code, status in told} == {*ANSWERS.values(), INTERNAL}


def test_the_codes_of_what_http_finds_wrong_are_told_with_their_status() -> None:
    told = re.findall(r"`(\w+)`\s\((\d{3})[,)]", read("http_api.md").partition("What HTTP itself finds")[2])
    assert told == [(fault.code, str(status)) for status, fault in HTTP_FAULTS.items()]


def image_errors(cls: type[ImageError]) -> Iterator[str]:
    for error in cls.__subclasses__():
        yield error.code
        yield from image_errors(error)


ENDS_OF_JOBS = {*image_errors(ImageError), "source_missing", "storage_full", "internal_error"}


def test_the_errors_of_the_pool_are_among_them() -> None:
    assert {error.code for error in pool_errors.LOST_CHILD} <= ENDS_OF_JOBS


def test_every_reason_why_a_job_fails_is_told_and_no_other() -> None:
    told = re.findall(r"^\| `(\w+)` \| job \|", read("http_api.md"), re.MULTILINE)
    assert sorted(told) == sorted(ENDS_OF_JOBS)


def objects(value: Any) -> Iterator[Json]:
    """An object and all that are in it."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


def test_jobs_are_shown_as_they_are() -> None:
    job_id = new_job_id()
    job = JobState(id=job_id, ready=(RenditionReady(job_id=job_id, result=RESULT),))
    expected = job_view(job, position=None)
    shown = [
        one for block in json_blocks(read("http_api.md")) for one in objects(block) if "receipt_url" in one
    ]
    assert len(shown) >= 2
    for one in shown:
        assert list(one) == list(expected)
        assert list(one["source"]) == list(expected["source"])
        assert [list(rendition) for rendition in one["renditions"]] in ([], [list(expected["renditions"][0])])


def test_the_receipt_is_shown_whole() -> None:
    [shown] = [block for block in json_blocks(read("http_api.md")) if "report" in block]
    receipt = decode_receipt(json.dumps(shown).encode())
    assert json.loads(encode_record(receipt)) == shown, "a field is missing"
    assert receipt.report is not None


def test_every_option_is_told() -> None:
    told = read("http_api.md").partition("## Options\n")[2].partition("\n## ")[0]
    for option, facts in OPTIONS.items():
        [row] = [
            row for row in told.splitlines() if row.startswith("| `") and f"`{option}`" in row.split("|")[1]
        ]
        words = facts.allowed if not isinstance(facts.allowed, str) else ()
        assert [
            word for word in words if " " not in word and word != "false" and f"`{word}`" not in row
        ] == []


def test_every_preset_is_told() -> None:
    told = re.findall(r"^\| `(\w+)` \|", read("http_api.md").partition("### Presets")[2], re.MULTILINE)
    presets = read_presets(None, limits=FrontendSettings().rendition_limits)
    assert told[: len(presets)] == list(presets)


def test_the_pipeline_is_shown_as_it_is() -> None:
    board = Board()
    board.take(LogId(0, 0), WorkerHeartbeat(worker="worker-1", slots=1, busy=("a job",)), is_replay=False)
    expected = pipeline_view(board, counted(0, 2), ANYBODY)
    [shown] = [block["pipeline"] for block in json_blocks(read("http_api.md")) if "pipeline" in block]
    assert list(shown) == list(expected)
    assert list(shown["queue"]) == list(expected["queue"])
    assert list(shown["workers"][0]) == list(expected["workers"][0])
    assert list(shown["workers"][0]["busy"][0]) == list(expected["workers"][0]["busy"][0])


# Messages

MESSAGES = (ResizeImage, DeliverWebhook, *get_args(AnyEvent))
DECODE = {"resize_image": decode_command, "deliver_webhook": decode_webhook}


def tag_of(message: type[Any]) -> str:
    return str(message.__struct_config__.tag)


def decoded(shown: Json) -> Any:
    decode = DECODE.get(shown["type"], decode_event)
    return decode(json.dumps(shown).encode())


@pytest.mark.parametrize("message", MESSAGES, ids=tag_of)
def test_every_message_is_shown_whole(message: type[Any]) -> None:
    shown = [block for block in json_blocks(read("messages.md")) if block["type"] == tag_of(message)]
    assert shown, f"docs/messages.md shows no {tag_of(message)}"
    assert [block for block in shown if json.loads(encode(decoded(block))) == block], "a field is missing"


def test_every_message_that_is_shown_is_understood() -> None:
    for block in json_blocks(read("messages.md")):
        assert isinstance(decoded(block), MESSAGES)


def test_a_message_that_is_wrong_would_be_noticed() -> None:
    with pytest.raises(InvalidMessage):
        decoded({"type": "job_done", "v": 1})


@pytest.mark.parametrize("one", [*topology.EXCHANGES, *topology.QUEUES], ids=lambda one: one.name)
def test_every_exchange_and_queue_is_told(one: topology.Exchange | topology.Queue) -> None:
    assert re.search(rf"^\| `{re.escape(one.name)}` \|", read("messages.md"), re.MULTILINE)


@pytest.mark.parametrize("queue", topology.QUEUES, ids=lambda queue: queue.name)
def test_every_argument_of_a_queue_is_told(queue: topology.Queue) -> None:
    text = read("messages.md")
    for name, value in queue.arguments.items():
        if name != "x-queue-type":  # the table says "quorum" or "stream"
            assert f"| `{name}` | `{value}` |" in text or f"`{name}: {value}`" in text, name


# All pages


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target.name}#{anchor}"


def code_in(page: Path) -> str:
    """What a page shows as code: spans, ``` blocks and indented lines."""
    text = page.read_text()
    blocks = re.findall(r"^```.*?^```$|^ {4}[^\n]*$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", prose(page))])


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_make_can_make_what_it_is_told_to(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code_in(page)))
    assert named <= targets


def test_every_target_of_make_is_told() -> None:
    help_lines = re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = code_in(ROOT / "README.md") + code_in(ROOT / "CONTRIBUTING.md")
    assert [target for target in help_lines if f"make {target}" not in told] == []


def test_the_changelog_tells_of_this_version() -> None:
    versions = re.findall(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == __version__ == image_resizer.__version__


def test_decisions_are_numbered_and_indexed() -> None:
    records = sorted(DECISIONS.glob("0*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    index = (DECISIONS / "README.md").read_text()
    for record in records:
        assert f"[{record.name[:4]}]({record.name})" in index
        assert re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_pages_do_not_name_the_machine_they_were_written_on() -> None:
    assert [
        page.name for page in PAGES if re.search(r"(?<![\w.])/(work|farm|root|tmp/\w)", page.read_text())
    ] == []


@pytest.mark.parametrize("line", ["ruff check .", "ruff format --check .", "mypy"])
def test_pre_commit_runs_the_lines_of_make(line: str) -> None:
    assert f"$(BIN)/{line}\n" in (ROOT / "Makefile").read_text()
    assert f"entry: .venv/bin/{line}\n" in (ROOT / ".pre-commit-config.yaml").read_text()
