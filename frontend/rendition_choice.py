"""The options of one rendition as somebody wrote them, checked: in `renditions` or in a preset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

from frontend.errors import OptionInvalid
from frontend.option_values import OPTIONS, Choice, check_together, option_value, shown
from pipeline.messages import RenditionName


@dataclass(frozen=True, kw_only=True)
class RenditionLimits:
    """How many renditions a job may have, and how many pixels one of them."""

    max_renditions: int
    max_output_pixels: int

    def check_count(self, renditions: int) -> None:
        """Raise OptionInvalid for more renditions than a job may have."""
        if renditions > self.max_renditions:
            raise OptionInvalid("renditions", str(renditions), f"at most {self.max_renditions} renditions")


def choice_of(options: Mapping[str, object], *, field: str, limits: RenditionLimits) -> Choice:
    """The options with their values, without those that are None. `name` may be among them.

    Raises OptionInvalid; `field` is what comes before the name of the option in it, as `renditions[0].`.
    """
    given = {key: value for key, value in options.items() if value is not None}
    choice = {key: _value(key, value, field) for key, value in given.items()}
    check_together(choice, field=field, max_output_pixels=limits.max_output_pixels)
    return choice


def unknown_option(field: str, value: str, known: Sequence[str]) -> OptionInvalid:
    """The error for an option that there is not. It names the one that may have been meant."""
    name = field.rpartition(".")[2]
    meant = get_close_matches(name, [other for other in known if other != name], n=1)
    hint = f" (did you mean {meant[0]!r}?)" if meant else ""
    return OptionInvalid(field, value, known, remark=f", but there is no such option{hint}")


def check_names(choices: Sequence[Choice], *, field: str) -> None:
    """Raise OptionInvalid, about the option `field`, if two of the renditions were given the same name."""
    names = [choice["name"] for choice in choices if "name" in choice]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise OptionInvalid(
                field, name, "another name for each rendition", remark=" twice among the names"
            )


def _value(key: str, value: object, field: str) -> object:
    if key in OPTIONS:
        return option_value(key, value, field=f"{field}{key}")
    if key != "name":
        raise unknown_option(f"{field}{key}", shown(value), ("name", *OPTIONS))
    try:
        return msgspec.convert(value, RenditionName)
    except msgspec.ValidationError as error:
        allowed = "a name of at most 64 letters, digits, - and _, the first one a letter or digit"
        raise OptionInvalid(f"{field}name", shown(value), allowed) from error
