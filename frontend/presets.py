"""Presets: renditions by name, from a TOML file. Without one of the operator's own, it is presets.toml.

    [responsive]
    title = "Responsive images"
    widths = [320, 640]           # a rendition for each
    formats = ["webp", "jpeg"]    # and for each of those
    fit = "inside"                # every other option holds for all of them

`renditions`, a list of tables with options, makes those that differ in more.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from frontend.errors import OptionInvalid
from frontend.option_values import OPTIONS, Choice, shown
from frontend.rendition_choice import RenditionLimits, check_names, choice_of, unknown_option
from frontend.toml_file import Table, read_toml
from pipeline.errors import InvalidSetting
from pipeline.messages import RenditionName

log = logging.getLogger(__name__)

PACKAGED = Path(__file__).with_name("presets.toml")
_LISTS = {"widths": "width", "formats": "format"}
_KEYS = ("title", "renditions", *_LISTS, *OPTIONS)


@dataclass(frozen=True)
class Preset:
    """A few words for people, and the options of each rendition."""

    name: str
    title: str
    choices: tuple[Choice, ...]


Presets = Mapping[str, Preset]


def read_presets(path: Path | None, *, limits: RenditionLimits) -> Presets:
    """The presets in the file, or the packaged ones, by name and in its order.

    Raises InvalidSetting, which names the file or the preset with the field and the value that are wrong.
    """
    tables = read_toml(path or PACKAGED, setting="PRESETS_FILE")
    if path is None:
        return _those_within(limits, tables)
    return {name: _preset(name, table, limits) for name, table in tables.items()}


def _those_within(limits: RenditionLimits, tables: Table) -> Presets:
    """The packaged presets but for those that are more than an operator allows."""
    presets = {}
    for name, table in tables.items():
        try:
            presets[name] = _checked(name, table, limits)
        except OptionInvalid as error:
            log.info("the preset %r is left out: %s", name, error)
    return presets


def _preset(name: str, table: object, limits: RenditionLimits) -> Preset:
    try:
        return _checked(name, table, limits)
    except OptionInvalid as error:
        raise InvalidSetting(f"PRESETS_FILE: preset {name!r}: {error}") from error


def _checked(name: str, table: object, limits: RenditionLimits) -> Preset:
    try:
        msgspec.convert(name, RenditionName)
    except msgspec.ValidationError as error:
        raise OptionInvalid("name", name, "a name of letters, digits, - and _") from error
    if not isinstance(table, dict):
        raise OptionInvalid(name, shown(table), "a table with options")
    for key in table.keys() - set(_KEYS):
        raise unknown_option(key, shown(table[key]), _KEYS)
    choices = tuple(choice_of(options, field=field, limits=limits) for field, options in _combined(table))
    limits.check_count(len(choices))
    check_names(choices, field="name")
    return Preset(name, _text(table, "title", default=name), choices)


def _combined(table: Table) -> Iterator[tuple[str, Table]]:
    """Where they are written, and the options of each rendition: every format, every width, every table."""
    for_all = {key: value for key, value in table.items() if key in OPTIONS}
    entries = _list(table, "renditions", default=[{}])
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise OptionInvalid(f"renditions[{number}]", shown(entry), "a table with options")
        field = f"renditions[{number}]." if "renditions" in table else ""
        for one_format in _alternatives(table, "formats"):
            for one_width in _alternatives(table, "widths"):
                yield field, {**for_all, **one_format, **one_width, **entry}


def _alternatives(table: Table, key: str) -> list[Table]:
    return [{_LISTS[key]: value} for value in _list(table, key, default=[])] or [{}]


def _list(table: Table, key: str, *, default: list[Any]) -> list[Any]:
    value = table.get(key, default)
    if not isinstance(value, list) or not (value or key not in table):
        raise OptionInvalid(key, shown(value), "a list with at least one entry")
    return value


def _text(table: Table, key: str, *, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise OptionInvalid(key, shown(value), "a text")
    return value
