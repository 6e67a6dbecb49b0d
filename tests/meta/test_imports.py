"""Who imports whom, as docs/architecture.md tells it. Read from the source files, nothing is imported."""

import ast
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("pipeline", "frontend", "worker")
CLIENT = "client/image_resizer"
"""It goes to other machines than the product does, by itself."""
SERVICES = ("frontend", "worker")
# Each library has one door. It is the product's: benchmarks, load_test.py and tests use what they need.
DOORS = {
    "aio_pika": ("pipeline/broker/", "pipeline/topology.py"),
    "PIL": ("worker/imaging/",),
    "aiohttp": ("frontend/",),
    "aiohttp_jinja2": ("frontend/",),
    "jinja2": ("frontend/",),
    "markdown_it": ("frontend/openapi/",),
    "yaml": ("frontend/openapi/",),
    "prometheus_client": ("frontend/metrics.py",),
    "uuid6": ("pipeline/ids.py",),
    "zipstream": ("frontend/batch_archive.py",),
}


@dataclass(frozen=True)
class Import:
    """`module`, dotted and absolute, is imported by `file`, a path from the root of the project."""

    file: str
    module: str

    @property
    def package(self) -> str:
        """The first name of the module."""
        return self.module.partition(".")[0]


@cache
def imported_in(folder: str) -> list[Import]:
    """All imports below a folder, those inside of functions and of `if TYPE_CHECKING` too."""
    return [Import(path, module) for path, text in sources(folder) for module in modules_in(path, text)]


def sources(folder: str) -> Iterator[tuple[str, str]]:
    """Path and text of every Python file below a folder."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"there is no Python in {folder}/"
    return ((file.relative_to(ROOT).as_posix(), file.read_text()) for file in files)


def modules_in(path: str, text: str) -> Iterator[str]:
    """The modules that a source text imports; `from a import b` names both a and a.b."""
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: imports here are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def strangers(imports: list[Import], library: str) -> list[Import]:
    """The imports of a library that do not go through its door."""
    doors = DOORS[library]
    return [one for one in imports if one.package == library and not one.file.startswith(doors)]


def test_the_services_do_not_know_each_other() -> None:
    assert [one for one in imported_in("frontend") if one.package == "worker"] == []
    assert [one for one in imported_in("worker") if one.package == "frontend"] == []


def test_the_pipeline_knows_no_service() -> None:
    assert [one for one in imported_in("pipeline") if one.package in SERVICES] == []


@pytest.mark.parametrize("folder", PRODUCT)
def test_the_product_does_not_need_what_surrounds_it(folder: str) -> None:
    around = {"deploy", "benchmarks", "load_test", "tests"}
    assert [one for one in imported_in(folder) if one.package in around] == []


def test_the_client_knows_nothing_of_what_it_talks_to() -> None:
    ours = {*PRODUCT, "deploy", "benchmarks", "load_test", "tests"}
    assert [one for one in imported_in(CLIENT) if one.package in ours] == []
    assert [one for folder in PRODUCT for one in imported_in(folder) if one.package == "image_resizer"] == []


def test_the_client_imports_only_what_comes_with_it() -> None:
    setup = setup_of("client")
    with_it = {line.split(">=")[0].strip() for line in setup["options"]["install_requires"].split("\n")}
    imported = {one.package for one in imported_in(CLIENT)} - {"image_resizer", *sys.stdlib_module_names}
    assert imported == with_it - {""}


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    product = [one for folder in PRODUCT for one in imported_in(folder)]
    assert any(one.package == library for one in product)
    assert strangers(product, library) == []


def test_nobody_reaches_under_aio_pika() -> None:
    assert [one for folder in PRODUCT for one in imported_in(folder) if one.package == "aiormq"] == []


@pytest.mark.parametrize("library", ["aio_pika", "aiormq", "PIL", "aiohttp"])
def test_the_runner_speaks_to_the_services_only_as_processes(library: str) -> None:
    assert [one for one in imported_in("deploy") if one.package == library] == []


def test_the_door_to_the_broker_is_the_package_itself() -> None:
    outside = [one for folder in PRODUCT for one in imported_in(folder)]
    inside = "pipeline/broker/"
    through_a_window = [
        one
        for one in outside
        if one.module.startswith("pipeline.broker.")
        and not one.file.startswith(inside)
        and (ROOT / one.module.replace(".", "/")).with_suffix(".py").is_file()
    ]
    assert through_a_window == []


def test_no_module_takes_the_name_of_the_storage_folder() -> None:
    # `import storage` would find the folder of data as a namespace package, and succeed.
    paths = [path for folder in (*PRODUCT, "deploy", "benchmarks", "tests") for path, _ in sources(folder)]
    assert [path for path in paths if "storage" in Path(path).with_suffix("").parts] == []
    assert [*ROOT.glob("storage.py"), *(ROOT / "storage").rglob("*.py")] == []


def setup_of(folder: str) -> ConfigParser:
    """The setup.cfg of a distribution."""
    setup = ConfigParser()
    setup.read(ROOT / folder / "setup.cfg")
    return setup


@pytest.mark.parametrize(("distribution", "folders"), [(".", PRODUCT), ("client", (CLIENT,))])
def test_setup_lists_every_package(distribution: str, folders: tuple[str, ...]) -> None:
    found = {
        Path(path).parent.relative_to(distribution).as_posix().replace("/", ".")
        for folder in folders
        for path, _ in sources(folder)
        if Path(path).name == "__init__.py"
    }
    assert set(setup_of(distribution)["options"]["packages"].split()) == found


@pytest.mark.parametrize("folder", [*PRODUCT, CLIENT])
def test_every_folder_of_modules_is_a_package(folder: str) -> None:
    folders = {(ROOT / path).parent for path, _ in sources(folder)}
    assert [str(one) for one in folders if not (one / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import PIL.Image", {"PIL.Image"}),
        ("def later():\n    from worker import app", {"worker", "worker.app"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import aiohttp", {"aiohttp"}),
    ],
)
def test_imports_are_found_wherever_they_stand(text: str, expected: set[str]) -> None:
    assert expected <= set(modules_in("example.py", text))


def test_what_goes_past_a_door_is_found() -> None:
    inside, past = Import("worker/imaging/decode.py", "PIL.Image"), Import("worker/app.py", "PIL.Image")
    assert strangers([inside, past], "PIL") == [past]
