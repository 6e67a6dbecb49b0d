"""The options of one rendition: their names, what each may be, and which do not go together.

The words are sharp's. Values come as text (a form, an address) or with a type (JSON, TOML).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from frontend.errors import Allowed, OptionInvalid
from pipeline.messages import COMPASS, Colour, Edge, Fit, MetadataPolicy, OutputFormat, Position, Quality

Choice = dict[str, Any]
"""The options of one rendition by name, with values as `Rendition` takes them. It has no name yet."""


@dataclass(frozen=True)
class Option:
    """The type of an option, and what it may be in words."""

    kind: Any
    allowed: Allowed


FITS = get_args(Fit)
POSITIONS = ("centre", *COMPASS, "attention")
OUTPUT_FORMATS = get_args(OutputFormat)
METADATA_POLICIES = get_args(MetadataPolicy)

WEBP_LONGEST_SIDE = 16383  # RFC 9649, 2.5: 14 bits

_PIXELS = "a whole number from 1 to 16384"
_YES_OR_NO = ("true", "false")

OPTIONS: Mapping[str, Option] = {
    "width": Option(Edge, _PIXELS),
    "height": Option(Edge, _PIXELS),
    "fit": Option(Fit, FITS),
    "position": Option(Position, (*POSITIONS, "a point x,y from 0,0 to 1,1")),
    "background": Option(Colour, ("white", "black", "transparent", "a colour such as ff8800 or ff880080")),
    "without_enlargement": Option(bool, _YES_OR_NO),
    "format": Option(OutputFormat, OUTPUT_FORMATS),
    "quality": Option(Quality, "a whole number from 1 to 100"),
    "progressive": Option(bool, _YES_OR_NO),
    "lossless": Option(bool, _YES_OR_NO),
    "metadata": Option(MetadataPolicy, METADATA_POLICIES),
}

_BOOLEANS = {"true": True, "1": True, "on": True, "yes": True} | dict.fromkeys(
    ("false", "0", "off", "no"), False
)


def option_value(name: str, value: object, *, field: str) -> Any:
    """The value of the option called `name` as `Rendition` takes it.

    Raises OptionInvalid, in which the option is called `field`.
    """
    option = OPTIONS[name]
    try:
        found = msgspec.convert(_worded(option, value), option.kind, strict=False)
    except msgspec.ValidationError as error:
        raise OptionInvalid(field, shown(value), option.allowed) from error
    return "centre" if found == "center" else found


def yes_or_no(text: str, *, field: str) -> bool:
    """What a word in an address means; raises OptionInvalid, in which it is called `field`."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError as error:
        raise OptionInvalid(field, text, _YES_OR_NO) from error


def check_together(choice: Choice, *, field: str, max_output_pixels: int) -> None:
    """Raise OptionInvalid for options that do not go together; `field` is put before the name of one."""
    for name, allowed in _contradictions(choice):
        raise OptionInvalid(f"{field}{name}", shown(choice[name]), allowed)
    width, height = choice.get("width", 0), choice.get("height", 0)
    if width * height > max_output_pixels:
        allowed = (
            f"at most {max_output_pixels // height} with the height {height}: "
            f"a rendition has at most {max_output_pixels:,} pixels"
        )
        raise OptionInvalid(f"{field}width", str(width), allowed)


def shown(value: object) -> str:
    """A value as a message shows it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _worded(option: Option, value: object) -> object:
    return _BOOLEANS.get(shown(value).lower(), value) if option.kind is bool else value


def _contradictions(choice: Choice) -> Iterator[tuple[str, str]]:
    output = choice.get("format", "auto")
    for side in ("width", "height"):
        if output == "webp" and choice.get(side, 0) > WEBP_LONGEST_SIDE:
            yield side, f"at most {WEBP_LONGEST_SIDE} with the format webp"
    if choice.get("lossless") and output not in ("auto", "png", "webp"):
        yield "lossless", f"false with the format {output}: only png and webp lose nothing"
    if choice.get("progressive") and output not in ("auto", "jpeg"):
        yield "progressive", f"false with the format {output}: only jpeg has it"
    if output == "jpeg" and _is_see_through(choice.get("background", "white")):
        yield "background", "a colour without transparency with the format jpeg, which has none"


def _is_see_through(colour: str) -> bool:
    """Whether a colour lets something through: the fourth part of `#rgba` and `#rrggbbaa` is not full."""
    digits = colour.removeprefix("#").lower()
    if colour in ("white", "black") or len(digits) not in (4, 8):
        return colour == "transparent"
    return not digits.endswith("f" * (len(digits) // 4))
