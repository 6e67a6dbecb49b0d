"""The options of load_test.py."""

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path

from yarl import URL

from benchmarks.load.followers import FOLLOWERS

WAYS = """how the jobs are followed: over a WebSocket (the default), as server-sent events, by asking for the
batch four times a second, by a long poll for each job, or by an answer to the upload that waits for the end
of its job, so that it is accepted only then"""


def positive(text: str) -> int:
    """The type of options that count something."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """The type of --size."""
    width, _, height = text.partition("x")
    return positive(width), positive(height)


def address(text: str) -> URL:
    """The type of --url."""
    try:
        url = URL(text)
        if url.scheme in ("http", "https") and url.host:
            return url
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no address such as http://localhost:5000")


def api_key(text: str) -> str:
    """The type of --key; what is wrong is told without the key."""
    if not re.fullmatch(r"[!-~]*", text):
        raise argparse.ArgumentTypeError("a key has only visible ASCII characters")
    return text


def parse_options(description: str, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line; ends the program with status 2 if they make no sense."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", type=address, default="http://localhost:5000", help="the server")
    parser.add_argument(
        "--key", type=api_key, default=os.environ.get("API_KEY", ""), help="the API key; or set API_KEY"
    )
    parser.add_argument("--follow", choices=FOLLOWERS, default="socket", help=WAYS)
    parser.add_argument("--count", type=positive, default=10, help="how many images")
    parser.add_argument("--concurrency", type=positive, default=10, help="how many uploads at a time")
    parser.add_argument("--size", type=size, default="1600x1200", help="of the photographs, in pixels")
    parser.add_argument("--dir", type=Path, help="send the images of this folder instead")
    parser.add_argument("--timeout", type=positive, default=120, help="seconds in which all must end")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)
