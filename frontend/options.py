"""The options of a request in, the renditions that are asked for out. See docs/http_api.md.

There are three ways to ask: single options for one rendition, `renditions` for a list of them in JSON, and
`preset` for those that the operator has named. The last two add up; the first goes with none of them.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from frontend.errors import OptionInvalid
from frontend.option_values import OPTIONS, Choice, check_together, option_value, shown
from frontend.presets import Presets
from frontend.rendition_choice import RenditionLimits, check_names, choice_of, unknown_option
from frontend.rendition_names import named
from pipeline.messages import BAD_BYTES, DEFAULT_RENDITION, Rendition

LISTS = ("renditions", "preset")
OTHERS = ("file", "url", "batch_id", "name", "reuse", "callback_url")
"""What a request may bring besides; it is not for this module."""
KNOWN = (*OPTIONS, *LISTS, *OTHERS)
DEFAULT_SIZE = {"width": DEFAULT_RENDITION.width, "height": DEFAULT_RENDITION.height}


class RequestOptions:
    """Takes the options of one request as they come, in any order."""

    def __init__(self, *, presets: Presets, limits: RenditionLimits) -> None:
        self._presets = presets
        self._limits = limits
        self._single: Choice = {}
        self._listed: list[Choice] = []
        self._given: set[str] = set()

    def add(self, name: str, value: str) -> None:
        """Take in an option; a value without text counts as not given.

        Raises OptionInvalid as soon as what has been given can no longer be used, whatever comes after it.
        """
        if name not in OPTIONS and name not in LISTS:
            raise unknown_option(name, value, KNOWN)
        text = value.strip()
        if text:
            self._take(name, text)
            self._check(name, text)

    def renditions(self) -> tuple[Rendition, ...]:
        """What is asked for: at least one rendition, each with a name of its own."""
        return named(self._listed or [self._sized_single()])

    def _take(self, name: str, text: str) -> None:
        if name in self._given and name != "preset":
            raise OptionInvalid(name, text, "one value", remark=" and another one before")
        self._given.add(name)
        if name in OPTIONS:
            self._single[name] = option_value(name, text, field=name)
        elif name == "preset":
            self._listed += self._of_presets(text)
        else:
            self._listed += self._of_json(text)

    def _check(self, name: str, text: str) -> None:
        if self._single and self._listed:
            allowed = "either single options, or renditions and presets"
            raise OptionInvalid(name, text, allowed, remark=" and is mixed with the other kind")
        self._limits.check_count(len(self._listed))
        check_names(self._listed, field=name)
        check_together(self._single, field="", max_output_pixels=self._limits.max_output_pixels)

    def _sized_single(self) -> Choice:
        has_size = "width" in self._single or "height" in self._single
        return self._single if has_size else {**DEFAULT_SIZE, **self._single}

    def _of_presets(self, text: str) -> Sequence[Choice]:
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name not in self._presets:
                raise OptionInvalid("preset", name, tuple(self._presets))
        return [choice for name in names for choice in self._presets[name].choices]

    def _of_json(self, text: str) -> list[Choice]:
        entries = _decoded(text)
        self._limits.check_count(len(entries))
        choices = []
        for number, entry in enumerate(entries):
            field = f"renditions[{number}]"
            if not isinstance(entry, dict):
                raise OptionInvalid(field, shown(entry), "an object with options")
            choices.append(choice_of(entry, field=f"{field}.", limits=self._limits))
        return choices


def _decoded(text: str) -> list[Any]:
    """The list that the text is in JSON. Raises OptionInvalid."""
    try:
        entries = msgspec.json.decode(text)
    except BAD_BYTES:
        entries = None
    if not isinstance(entries, list) or not entries:
        raise OptionInvalid("renditions", text, "a JSON list with an object for each rendition")
    return entries
