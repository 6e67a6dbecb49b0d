"""Settings: one frozen dataclass a service, read once from the environment.

A field made by `setting` is read from the variable of the same name in capitals. Units are in the names.
Every setting is listed in docs/settings.md; a test compares the two.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pipeline.errors import InvalidSetting
from pipeline.topology import DEFAULT_RETRY_DELAYS_S

SECONDS_OF_A_DAY = 86_400
LONGEST_DAYS = 100_000

T = TypeVar("T")
S = TypeVar("S")


def setting(default: T, *, parse: Callable[[str], T], text: str, secret: bool = False) -> T:
    """A field of a settings class: its default, how its text becomes a value, and what it is for.

    `parse` raises ValueError, whose message says what was expected. The value of a `secret` is never printed.
    """
    metadata = {"parse": parse, "text": text, "secret": secret}
    # dataclasses.field is typed as the default's type for the same reason.
    result: T = dataclasses.field(default=default, metadata=metadata, repr=not secret)
    return result


def read_settings(cls: type[S], environ: Mapping[str, str]) -> S:
    """The settings of `cls`: what `environ` says, and the defaults for the rest.

    Raises InvalidSetting, which names the variable and what was expected of it.
    A variable that is empty counts as not set.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # every settings class is a dataclass
        name = field.name.upper()
        text = environ.get(name, "")
        if not text:
            continue
        try:
            values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            shown = "***" if field.metadata["secret"] else repr(text)
            raise InvalidSetting(f"{name} has value {shown}: {error}") from error
    return cls(**values)


def settings_table(cls: type[Any]) -> list[str]:
    """The rows of docs/settings.md for a settings class: name, default, meaning."""
    return [
        f"| `{field.name.upper()}` | `{_shown(field.default)}` | {field.metadata['text']} |"
        for field in dataclasses.fields(cls)
    ]


def _shown(default: object) -> str:
    """A default as it would be written into the environment."""
    if isinstance(default, tuple):
        return ",".join(f"{part:g}" for part in default)
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)


def positive_int(text: str) -> int:
    """A whole number above zero."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError("not a positive integer")
    return int(text)


def natural(text: str) -> int:
    """A whole number, zero included."""
    if not text.isascii() or not text.isdigit():
        raise ValueError("not a whole number")
    return int(text)


def positive_seconds(text: str) -> float:
    """A number of seconds above zero."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError("not a number of seconds above 0")
    return seconds


def days(text: str) -> float:
    """A number of days, zero included."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= LONGEST_DAYS:
        raise ValueError("not a number of days from 0 on")
    return number


def rising_seconds(text: str) -> tuple[float, ...]:
    """Numbers of seconds, each larger than the one before, from a tenth of a second to a day."""
    expected = ValueError("not rising numbers of seconds from 0.1 to 86400, separated by commas")
    try:
        # A tenth is what the names of the queues can tell apart.
        seconds = tuple(round(float(part), 1) for part in text.split(","))
    except ValueError:
        raise expected from None
    is_rising = all(one < next_one for one, next_one in itertools.pairwise(seconds))
    if not is_rising or not 0.1 <= seconds[0] <= seconds[-1] <= SECONDS_OF_A_DAY:
        raise expected
    return seconds


def port_number(text: str) -> int:
    """A TCP port."""
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("not a port between 0 and 65535")
    return int(text)


def service_name(text: str) -> str:
    """A name that can stand in logs, in the broker's console and on the page."""
    if not text.isprintable() or len(text) > 64 or " " in text:
        raise ValueError("not a name of at most 64 characters without spaces")
    return text


def yes_or_no(text: str) -> bool:
    """Whether something is wanted."""
    if text not in ("yes", "no"):
        raise ValueError("neither yes nor no")
    return text == "yes"


def amqp_url(text: str) -> str:
    """The address of a broker, or those of a cluster's nodes with commas between them."""
    if not all(_is_amqp_address(address) for address in amqp_addresses(text)):
        raise ValueError(
            "not an address like amqp://user:password@host:5672/vhost, nor several with commas between them"
        )
    return text


def amqp_addresses(text: str) -> tuple[str, ...]:
    """The addresses in a value of AMQP_URL, at least one. A comma that belongs to one is written `%2C`."""
    return tuple(address.strip() for address in text.split(","))


def _is_amqp_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.scheme in ("amqp", "amqps") and parts.hostname and parts.port != 0)
    except ValueError:
        return False  # the message would quote the address, and the password in it


def log_level(text: str) -> str:
    """A level that the logging module knows."""
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("not one of DEBUG, INFO, WARNING, ERROR")
    return text.upper()


def folder(text: str) -> Path:
    """A folder, relative to where the service is started."""
    return Path(text)


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service needs to know."""

    amqp_url: str = setting(
        "amqp://guest:guest@localhost:5672/",
        parse=amqp_url,
        secret=True,
        text="The broker, or several nodes of one cluster with commas between them: a service that loses one "
        "goes to the next, and a comma in a password is written `%2C`. A name and a password in it are never "
        "printed.",
    )
    storage_dir: Path = setting(
        Path("storage"),
        parse=folder,
        text="The folder of the images and of the truth about the jobs. All services share it.",
    )
    retry_delays_s: tuple[float, ...] = setting(
        DEFAULT_RETRY_DELAYS_S,
        parse=rising_seconds,
        text="Seconds that a job waits before it is tried once more, after the first failure, the second and "
        "so on; then it fails. For failures outside of the image, such as a full disk. The same for all "
        "services.",
    )
    log_level: str = setting(
        "INFO", parse=log_level, text="How much is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
