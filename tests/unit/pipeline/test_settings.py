"""Settings are read once from the environment; what is wrong is named, what is secret is not printed."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest

from pipeline.errors import InvalidSetting
from pipeline.settings import (
    ServiceSettings,
    amqp_addresses,
    amqp_url,
    folder,
    log_level,
    natural,
    port_number,
    positive_int,
    positive_seconds,
    read_settings,
    setting,
    settings_table,
)


@dataclass(frozen=True, kw_only=True)
class Kettle:
    """Settings of a kettle."""

    boil_s: float = setting(90.0, parse=positive_seconds, text="Seconds until it whistles.")
    cups: int = setting(4, parse=positive_int, text="Cups that fit in.")
    key: str = setting("", parse=amqp_url, secret=True, text="Who may use it.")


TAKEN = [
    (positive_int, "1", 1),
    (positive_int, "007", 7),
    (positive_int, "10000000000", 10_000_000_000),
    (natural, "0", 0),
    (natural, "12", 12),
    (positive_seconds, "0.5", 0.5),
    (positive_seconds, "60", 60.0),
    (positive_seconds, "1e3", 1000.0),
    (port_number, "0", 0),
    (port_number, "65535", 65535),
    (amqp_url, "amqp://localhost", "amqp://localhost"),
    (amqp_url, "amqps://me:secret@broker:5671/images", "amqps://me:secret@broker:5671/images"),
    (amqp_url, "amqp://a:5672/,amqps://me:s%2Ct@b/", "amqp://a:5672/,amqps://me:s%2Ct@b/"),
    (log_level, "debug", "DEBUG"),
    (log_level, "WARNING", "WARNING"),
    (folder, "/srv/images", Path("/srv/images")),
]

REFUSED = [
    *((positive_int, text) for text in ("0", "-1", "1.5", "x", " 1", "1e3", "1_000", "²", "٣")),
    *((natural, text) for text in ("-1", "1.0", "x", "+1", "١")),
    *((positive_seconds, text) for text in ("0", "-0.1", "x", "inf", "nan", "-inf", "1 s")),
    *((port_number, text) for text in ("65536", "-1", "http", "80.0", "٨٠")),
    *((amqp_url, text) for text in ("localhost", "http://localhost", "amqp://", "amqp:///vhost")),
    *((amqp_url, text) for text in ("amqp://host:port/", "amqp://host:70000/")),
    *((amqp_url, text) for text in (",", "amqp://a,", "amqp://a,,amqp://b", "amqp://a,b")),
    *((log_level, text) for text in ("LOUD", "10", "TRACE", "NOTSET")),
]


def parser_and_text(value: object) -> str:
    return getattr(value, "__name__", repr(value))


@pytest.mark.parametrize(("parse", "text", "value"), TAKEN, ids=parser_and_text)
def test_a_value_that_can_be_used_is_taken(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("parse", "text"), REFUSED, ids=parser_and_text)
def test_a_value_that_cannot_be_used_is_a_value_error_that_says_what_was_expected(
    parse: Callable[[str], object], text: str
) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        parse(text)


def test_what_is_not_in_the_environment_has_its_default() -> None:
    assert read_settings(Kettle, {"PATH": "/bin"}) == Kettle(boil_s=90.0, cups=4, key="")


def test_what_is_in_the_environment_is_read_under_its_name_in_capitals() -> None:
    assert read_settings(Kettle, {"CUPS": "2", "BOIL_S": "1.5", "cups": "9"}) == Kettle(cups=2, boil_s=1.5)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings(Kettle, {"CUPS": "", "KEY": ""}) == Kettle()


def test_a_wrong_value_is_named_together_with_its_variable_and_what_was_expected() -> None:
    with pytest.raises(InvalidSetting, match=r"^CUPS has value 'many': not a positive integer$"):
        read_settings(Kettle, {"CUPS": "many"})


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://me:letmein@broker",
        "amqp://me:letmein@[::1",
        "amqp://me:letmein@bro\N{ACCOUNT OF}ker/",
        "amqp://one/,amqp://me:letmein@two:port/",
        "amqp://me:letmein,letmein@broker/",
    ],
)
def test_a_wrong_secret_is_named_without_its_value(wrong: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^KEY has value \*\*\*: ") as caught:
        read_settings(Kettle, {"KEY": wrong})

    assert "letmein" not in str(caught.value)


def test_the_addresses_of_a_cluster_are_told_apart_and_their_spaces_do_not_count() -> None:
    assert amqp_addresses("amqp://a/, amqp://me:p%2Cq@b:1/v") == ("amqp://a/", "amqp://me:p%2Cq@b:1/v")
    assert amqp_addresses("amqp://a/") == ("amqp://a/",)


def test_settings_cannot_be_changed_later() -> None:
    settings = read_settings(Kettle, {})

    with pytest.raises(FrozenInstanceError):
        settings.cups = 5  # type: ignore[misc]  # what mypy forbids, Python has to forbid too


def test_the_table_has_a_row_for_every_setting() -> None:
    assert settings_table(Kettle) == [
        "| `BOIL_S` | `90.0` | Seconds until it whistles. |",
        "| `CUPS` | `4` | Cups that fit in. |",
        "| `KEY` | `` | Who may use it. |",
    ]


def test_every_service_knows_the_broker_the_store_and_how_much_to_log() -> None:
    settings = read_settings(ServiceSettings, {"AMQP_URL": "amqp://broker/", "STORAGE_DIR": "/srv"})

    assert settings == ServiceSettings(amqp_url="amqp://broker/", storage_dir=Path("/srv"), log_level="INFO")


def test_the_password_of_the_broker_is_not_printed_with_the_settings() -> None:
    settings = read_settings(ServiceSettings, {"AMQP_URL": "amqp://me:letmein@broker/"})

    assert "letmein" not in repr(settings)
