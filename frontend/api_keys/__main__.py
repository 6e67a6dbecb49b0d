"""`python -m frontend.api_keys`: make API keys, list them, take them away. See docs/http_api.md.

A running frontend takes notice within a second. The key itself is printed once, alone on standard output, and
kept nowhere. 0 when it is done, 1 when there is no such name, 2 for what cannot be used.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import tomlkit
from tomlkit.items import Table

from frontend.api_keys.key_file import ApiKey, digest_of, new_secret, read_keys
from pipeline.durable_files import write_file
from pipeline.errors import InvalidSetting, UrlInvalid
from pipeline.messages import Owner
from pipeline.web_address import parse_web_address

DEFAULT_FILE = "api_keys.toml"


class NoSuchName(Exception):
    """There is no key of this name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments ask for."""
    options = _options(arguments)
    try:
        options.action(options)
    except NoSuchName as error:
        sys.stderr.write(f"api_keys: {error}\n")
        return 1
    except (InvalidSetting, OSError) as error:
        sys.stderr.write(f"api_keys: {error}\n")
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="api_keys", description="Who may use the frontends.")
    parser.add_argument(
        "--file",
        type=Path,
        default=Path(os.environ.get("API_KEYS") or DEFAULT_FILE),
        help=f"the file of the keys; default: $API_KEYS, or {DEFAULT_FILE}",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    add = actions.add_parser("add", help="make a key, which works besides those that the name has")
    add.add_argument("name", type=_name, help="letters, digits, - and _; its jobs belong to this name")
    add.add_argument("--requests-per-minute", type=_natural, help="instead of what all others may")
    add.add_argument("--bytes-per-minute", type=_natural, help="of images; instead of what all others may")
    add.add_argument("--sees-all", action="store_true", help="for operators: the jobs of all keys")
    add.add_argument("--callback-url", type=_address, help="where the ends of its jobs are told")
    add.set_defaults(action=_add)
    actions.add_parser("list", help="show the names, and what each may").set_defaults(action=_list)
    expire = actions.add_parser("expire", help="let only the newest key of a name go on working")
    remove = actions.add_parser("remove", help="take a name away, with all its keys; its jobs stay")
    for parser_of_one, action in ((expire, _expire), (remove, _remove)):
        parser_of_one.add_argument("name", type=_name)
        parser_of_one.set_defaults(action=action)
    return parser.parse_args(arguments)


def _name(text: str) -> str:
    try:
        return msgspec.convert(text, Owner)
    except msgspec.ValidationError as error:
        raise argparse.ArgumentTypeError("not a name of at most 64 letters, digits, - and _") from error


def _address(text: str) -> str:
    try:
        return parse_web_address(text).url
    except UrlInvalid as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError("not a whole number")
    return int(text)


def _add(options: argparse.Namespace) -> None:
    document = _document(options.file) if options.file.exists() else tomlkit.document()
    secret = new_secret()
    table = document.setdefault(options.name, tomlkit.table())
    table["sha256"] = [*table.get("sha256", []), digest_of(secret)]
    for field in ("requests_per_minute", "bytes_per_minute", "callback_url"):
        if getattr(options, field) is not None:
            table[field] = getattr(options, field)
    if options.sees_all:
        table["sees_all"] = True
    _write(options.file, document)
    sys.stderr.write(
        f"A key for {options.name}, shown this once; {options.file} has its digest.\n"
        f"Frontends that run with API_KEYS={options.file} take it within a second.\n"
    )
    sys.stdout.write(f"{secret}\n")


def _list(options: argparse.Namespace) -> None:
    for name, key in read_keys(options.file).items():
        sys.stdout.write(f"{name}: {', '.join(_facts(key))}\n")


def _facts(key: ApiKey) -> Iterator[str]:
    yield f"{len(key.sha256)} keys" if len(key.sha256) > 1 else "1 key"
    for limit, unit in ((key.requests_per_minute, "requests"), (key.bytes_per_minute, "bytes")):
        if limit is not None:
            yield f"{limit:,} {unit} a minute" if limit else f"any number of {unit}"
    if key.sees_all:
        yield "sees all jobs"
    if key.callback_url is not None:
        yield f"is told at {parse_web_address(key.callback_url).host}"


def _expire(options: argparse.Namespace) -> None:
    document = _document(options.file)
    table = _table(document, options.name)
    older = len(table["sha256"]) - 1
    table["sha256"] = [table["sha256"][-1]]
    _write(options.file, document)
    sys.stderr.write(f"{options.name}: the newest key stays; older ones that hold no more: {older}.\n")


def _remove(options: argparse.Namespace) -> None:
    document = _document(options.file)
    _table(document, options.name)
    document.remove(options.name)
    _write(options.file, document)
    sys.stderr.write(f"{options.name}: its keys hold no more; its jobs stay.\n")


def _document(path: Path) -> tomlkit.TOMLDocument:
    """The file as it is, comments and all, once it is known to be a sound one."""
    read_keys(path)
    return tomlkit.parse(path.read_text(encoding="utf-8"))


def _table(document: tomlkit.TOMLDocument, name: str) -> Table:
    table = document.get(name)
    if not isinstance(table, Table):
        raise NoSuchName(f"There is no key of the name {name!r}.")
    return table


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    write_file(path, tomlkit.dumps(document).encode())


if __name__ == "__main__":
    sys.exit(main())
