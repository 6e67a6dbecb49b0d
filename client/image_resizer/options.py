"""What may be asked of an image: the words of the server's form, here with types.

The command makes its options of what is here. What a value may be is for the server to say: `WrongOption`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import msgspec

Fit = Literal["cover", "contain", "fill", "inside", "outside"]
OutputFormat = Literal["auto", "jpeg", "png", "webp", "avif", "gif"]
MetadataPolicy = Literal["copyright", "none", "all"]


class Options(TypedDict, total=False):
    """All there is to ask. Without any, an image becomes 300 × 300 pixels, cut to fit; what is None is not
    asked.

    `preset` is one name, or several with commas; `renditions` a list of tables with the other options, one
    for each result. Those two add up, and go with none of the single options. Sizes are in pixels.
    """

    preset: str | None
    renditions: Sequence[Mapping[str, object]] | str | None
    width: int | None
    height: int | None
    fit: Fit | None
    position: str | None
    background: str | None
    without_enlargement: bool | None
    format: OutputFormat | None
    quality: int | None
    progressive: bool | None
    lossless: bool | None
    metadata: MetadataPolicy | None
    reuse: bool | None
    callback_url: str | None


MEANINGS = {
    "preset": "Renditions by the name that the server has for them, such as thumbnail; several with commas.",
    "renditions": 'Several at once, as a JSON list: [{"width": 640}, {"name": "card", "width": 400}].',
    "width": "Pixels. One of width and height alone keeps the aspect ratio.",
    "height": "Pixels.",
    "fit": "How width and height are filled.",
    "position": "Where cover cuts and contain puts the image: centre, north, a point x,y, attention.",
    "background": "A colour such as ff8800 for what is not covered, or transparent.",
    "without_enlargement": "Leave an image that is smaller as it is.",
    "format": "What the results are; auto keeps what browsers show.",
    "quality": "1 to 100, for JPEG, WebP and AVIF.",
    "progressive": "A JPEG that appears in several passes.",
    "lossless": "A WebP that loses nothing.",
    "metadata": "What is kept of EXIF and XMP.",
    "reuse": "Take results that the server has made of the same image before.",
    "callback_url": "An address that the server tells of the end of each job, if it may.",
}
"""What each of them means, in a sentence for the help of the command."""


def as_fields(options: Options) -> dict[str, str]:
    """The options as the server takes them: texts by their names, without those that are not asked for."""
    return {name: _text(value) for name, value in options.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
