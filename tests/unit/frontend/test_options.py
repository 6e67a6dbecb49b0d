"""Options in, renditions out; what is wrong is named together with its value and what is allowed."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from msgspec.structs import fields

from frontend.errors import OptionInvalid
from frontend.option_values import OPTIONS
from frontend.options import RequestOptions
from frontend.presets import PACKAGED, read_presets
from frontend.rendition_choice import RenditionLimits
from pipeline.messages import DEFAULT_RENDITION, Rendition, ResizeImage, decode_command, encode
from tests.unit.pipeline.examples import COMMAND

LIMITS = RenditionLimits(max_renditions=20, max_output_pixels=100_000_000)
PRESETS = read_presets(PACKAGED, limits=LIMITS)


def asked(*options: tuple[str, str], limits: RenditionLimits = LIMITS, **more: str) -> tuple[Rendition, ...]:
    """The renditions that a request with these options asks for."""
    request = RequestOptions(presets=PRESETS, limits=limits)
    for name, value in (*options, *more.items()):
        request.add(name, value)
    return request.renditions()


def listed(*entries: Mapping[str, object]) -> tuple[Rendition, ...]:
    return asked(("renditions", json.dumps(entries)))


def names(renditions: tuple[Rendition, ...]) -> list[str]:
    return [rendition.name for rendition in renditions]


def refused(*options: tuple[str, str], limits: RenditionLimits = LIMITS, **more: str) -> OptionInvalid:
    with pytest.raises(OptionInvalid) as caught:
        asked(*options, *more.items(), limits=limits)
    return caught.value


def refused_list(*entries: object) -> OptionInvalid:
    return refused(renditions=json.dumps(entries))


# Single options


def test_who_asks_for_nothing_gets_300_by_300() -> None:
    assert asked() == (DEFAULT_RENDITION,)


def test_options_without_a_size_are_of_300_by_300() -> None:
    assert asked(format="webp") == (Rendition(name="300x300-webp", width=300, height=300, format="webp"),)


@pytest.mark.parametrize(
    ("options", "size", "name"),
    [
        ({"width": "640"}, (640, None), "640w"),
        ({"height": "480"}, (None, 480), "480h"),
        ({"width": "640", "height": "480"}, (640, 480), "640x480"),
        ({"width": "16384", "format": "jpeg"}, (16384, None), "16384w-jpeg"),
    ],
)
def test_a_side_alone_leaves_the_other_to_the_image(
    options: dict[str, str], size: tuple[int | None, int | None], name: str
) -> None:
    (rendition,) = asked(*options.items())

    assert (rendition.width, rendition.height) == size
    assert rendition.name == name


def test_every_option_arrives_at_the_rendition() -> None:
    (rendition,) = asked(
        width="640",
        height="480",
        fit="contain",
        position="northwest",
        background="#ff880080",
        without_enlargement="on",
        format="webp",
        quality="90",
        lossless="yes",
        metadata="all",
    )

    assert rendition == Rendition(
        name="640x480-webp",
        width=640,
        height=480,
        fit="contain",
        position="northwest",
        background="#ff880080",
        without_enlargement=True,
        format="webp",
        quality=90,
        lossless=True,
        metadata="all",
    )


def test_there_is_an_option_for_every_field_of_a_rendition() -> None:
    assert {*OPTIONS, "name"} == {field.name for field in fields(Rendition)}


@pytest.mark.parametrize("text", ["true", "1", "on", "yes", "TRUE", "Yes"])
def test_yes_has_many_words(text: str) -> None:
    assert asked(progressive=text)[0].progressive is True


@pytest.mark.parametrize("text", ["false", "0", "off", "no", "False"])
def test_no_has_as_many(text: str) -> None:
    assert asked(progressive=text)[0].progressive is False


@pytest.mark.parametrize(
    ("sent", "taken"), [("center", "centre"), ("centre", "centre"), ("0.25,.5", "0.25,.5"), ("1,0", "1,0")]
)
def test_the_middle_has_two_spellings_and_a_point_is_a_position(sent: str, taken: str) -> None:
    assert asked(position=sent)[0].position == taken


def test_a_field_that_was_left_empty_was_not_given() -> None:
    empty = [(name, "") for name in (*OPTIONS, "renditions", "preset")]

    assert asked(*empty, *empty, ("width", " "), ("preset", "thumbnail")) == asked(preset="thumbnail")
    assert asked(*empty) == (DEFAULT_RENDITION,)


WRONG = {
    "no number": ("width", "wide"),
    "nothing": ("width", "0"),
    "less than nothing": ("height", "-3"),
    "half a pixel": ("height", "10.5"),
    "more than there is": ("width", "16385"),
    "digits of another script": ("width", "٣٠٠"),
    "a number with a sign": ("width", "+3"),
    "no number at all": ("width", "null"),
    "another fit": ("fit", "stretch"),
    "a fit in capitals": ("fit", "COVER"),
    "a position that there is not": ("position", "top"),
    "half a point": ("position", "0.5"),
    "a point outside": ("position", "0.5,1.01"),
    "no colour": ("background", "reddish"),
    "five digits": ("background", "#12345"),
    "neither yes nor no": ("without_enlargement", "maybe"),
    "two": ("lossless", "2"),
    "a format that is not made": ("format", "tiff"),
    "the suffix of a format": ("format", "jpg"),
    "no quality": ("quality", "0"),
    "more than all the quality": ("quality", "101"),
    "a policy that there is not": ("metadata", "some"),
}


@pytest.mark.parametrize(("name", "value"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_named_with_its_option_and_what_is_allowed(name: str, value: str) -> None:
    error = refused((name, value))

    assert (error.field, error.value, error.allowed) == (name, value, OPTIONS[name].allowed)
    words = [error.allowed] if isinstance(error.allowed, str) else error.allowed
    assert all(part in str(error) for part in (name, value, *words))


def test_a_long_value_is_named_in_short() -> None:
    error = refused(fit="x" * 5000)

    assert len(error.value) == 80
    assert len(str(error)) < 300


def test_an_option_that_there_is_not_is_told_which_one_may_have_been_meant() -> None:
    error = refused(heigth="300")

    assert (error.field, error.value) == ("heigth", "300")
    assert {"width", "height", "preset", "batch_id"} <= set(error.allowed)
    assert "did you mean 'height'?" in str(error)


def test_an_option_that_is_like_no_other_is_only_told_which_there_are() -> None:
    assert "did you mean" not in str(refused(zzz="1"))


@pytest.mark.parametrize("name", ["width", "fit", "renditions"])
def test_what_is_given_twice_is_refused_even_if_it_is_the_same(name: str) -> None:
    value = {"width": "300", "fit": "cover", "renditions": '[{"width": 3}]'}[name]

    assert refused((name, value), (name, value)).field == name


# What does not go together


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"lossless": "true", "format": "jpeg"}, "lossless"),
        ({"lossless": "true", "format": "avif"}, "lossless"),
        ({"lossless": "true", "format": "gif"}, "lossless"),
        ({"progressive": "true", "format": "png"}, "progressive"),
        ({"progressive": "true", "format": "webp"}, "progressive"),
        ({"width": "16384", "format": "webp"}, "width"),
        ({"height": "16384", "format": "webp"}, "height"),
        ({"background": "transparent", "format": "jpeg"}, "background"),
        ({"background": "#ff880080", "format": "jpeg"}, "background"),
        ({"background": "f808", "format": "jpeg"}, "background"),
        ({"width": "16000", "height": "16000"}, "width"),
    ],
)
def test_options_that_contradict_each_other_are_refused_in_either_order(
    options: dict[str, str], field: str
) -> None:
    for order in (list(options.items()), list(options.items())[::-1]):
        error = refused(*order)
        assert (error.field, error.value) == (field, options[field])


@pytest.mark.parametrize(
    "options",
    [
        {"lossless": "false", "format": "jpeg"},
        {"lossless": "true", "format": "png"},
        {"lossless": "true", "format": "webp"},
        {"lossless": "true"},
        {"progressive": "true"},
        {"progressive": "true", "format": "jpeg"},
        {"background": "transparent"},
        {"background": "#ff8800ff", "format": "jpeg"},
        {"background": "f80f", "format": "jpeg"},
        {"background": "black", "format": "jpeg"},
        {"width": "10000", "height": "10000"},
        {"width": "16383", "format": "webp"},
    ],
)
def test_options_that_go_together_are_taken(options: dict[str, str]) -> None:
    assert len(asked(*options.items())) == 1


def test_a_rendition_may_be_as_large_as_the_limit_and_no_larger() -> None:
    limits = replace(LIMITS, max_output_pixels=1000)

    assert asked(width="100", height="10", limits=limits)
    error = refused(width="101", height="10", limits=limits)
    assert "at most 100 with the height 10" in str(error)


@pytest.mark.parametrize("other", [("preset", "thumbnail"), ("renditions", '[{"width": 3}]')])
def test_single_options_are_not_mixed_with_lists(other: tuple[str, str]) -> None:
    for order in ([("width", "3"), other], [other, ("width", "3")]):
        error = refused(*order)
        assert error.allowed == "either single options, or renditions and presets"
        assert error.field == order[1][0]


# Lists


def test_a_list_has_a_rendition_for_each_entry_in_its_order() -> None:
    renditions = listed(
        {"width": 640, "format": "webp"}, {"name": "small", "width": 64, "height": 64}, {"height": 480}
    )

    assert renditions == (
        Rendition(name="640w-webp", width=640, format="webp"),
        Rendition(name="small", width=64, height=64),
        Rendition(name="480h", height=480),
    )


def test_an_entry_without_a_size_keeps_that_of_the_image() -> None:
    assert listed({}, {"format": "png"}) == (
        Rendition(name="original"),
        Rendition(name="original-png", format="png"),
    )


def test_an_entry_may_have_text_for_its_values_and_null_for_none() -> None:
    assert listed({"width": "640", "lossless": "true", "height": None}) == (
        Rendition(name="640w", width=640, lossless=True),
    )


def test_a_second_rendition_that_would_have_the_same_name_gets_a_number() -> None:
    same = {"width": 640}

    assert names(listed(same, same | {"quality": 50}, {"name": "640w-2"}, same)) == [
        "640w",
        "640w-3",
        "640w-2",
        "640w-4",
    ]


def test_a_name_that_is_given_is_kept_though_it_would_have_been_made_for_another() -> None:
    assert names(listed({"width": 640}, {"name": "640w", "height": 9})) == ["640w-2", "640w"]


WRONG_ENTRIES = {
    "a value": ([{}, {"width": 0}], "renditions[1].width", "0"),
    "a word": ([{"fit": "stretch"}], "renditions[0].fit", "stretch"),
    "yes and no": ([{"lossless": 2}], "renditions[0].lossless", "2"),
    "a number for a word": ([{"position": 5}], "renditions[0].position", "5"),
    "an object": ([{"width": {"px": 3}}], "renditions[0].width", '{"px":3}'),
    "an endless number": ([{"width": 10**40}], "renditions[0].width", "1" + "0" * 40),
    "an option that there is not": ([{"widht": 3}], "renditions[0].widht", "3"),
    "a list in an entry": ([{"renditions": []}], "renditions[0].renditions", "[]"),
    "no object": ([3], "renditions[0]", "3"),
    "a name that is a path": ([{"name": "../up"}], "renditions[0].name", "../up"),
    "an empty name": ([{"name": ""}], "renditions[0].name", ""),
    "a name that ends in a line break": ([{"name": "a\n"}], "renditions[0].name", "a\n"),
    "a name twice": ([{"name": "a"}, {"name": "a"}], "renditions", "a"),
    "a contradiction": (
        [{"lossless": True, "format": "jpeg"}],
        "renditions[0].lossless",
        "true",
    ),
    "too large": ([{"width": 16384, "height": 16384}], "renditions[0].width", "16384"),
}


@pytest.mark.parametrize(("entries", "field", "value"), WRONG_ENTRIES.values(), ids=WRONG_ENTRIES)
def test_what_is_wrong_in_a_list_is_named_with_its_place(
    entries: list[object], field: str, value: str
) -> None:
    error = refused_list(*entries)

    assert (error.field, error.value) == (field, value)
    assert error.field in str(error)


def test_a_misspelt_option_in_a_list_is_told_which_one_may_have_been_meant() -> None:
    assert "did you mean 'width'?" in str(refused_list({"widht": 3}))


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", "3", "null", "[{]", "x", '["\\ud800"]', '"' + "[" * 5000, "[" * 60_000, "[NaN]"],
    ids=lambda text: text[:8].encode("ascii", "replace").decode(),
)
def test_what_is_no_list_in_json_is_refused(text: str) -> None:
    assert refused(renditions=text).allowed == "a JSON list with an object for each rendition"


def test_a_job_has_at_most_so_many_renditions() -> None:
    limits = replace(LIMITS, max_renditions=3)

    assert len(asked(renditions="[{},{},{}]", limits=limits)) == 3
    error = refused(renditions="[{},{},{},{}]", limits=limits)
    assert (error.field, error.value, error.allowed) == ("renditions", "4", "at most 3 renditions")


# Presets


def test_a_preset_is_asked_for_by_its_name() -> None:
    assert asked(preset="thumbnail") == (DEFAULT_RENDITION,)


def test_the_responsive_preset_is_four_widths_in_three_formats() -> None:
    renditions = asked(preset="responsive")

    assert {(rendition.width, rendition.format) for rendition in renditions} == {
        (width, output) for width in (320, 640, 1280, 1920) for output in ("avif", "webp", "jpeg")
    }
    assert {(rendition.fit, rendition.without_enlargement) for rendition in renditions} == {("inside", True)}
    assert names(renditions)[0] == "320w-avif"


@pytest.mark.parametrize(
    "options", [[("preset", "thumbnail, preview")], [("preset", "thumbnail"), ("preset", "preview")]]
)
def test_presets_add_up(options: list[tuple[str, str]]) -> None:
    assert names(asked(*options)) == ["300x300", "1600x1600"]


def test_presets_and_a_list_add_up() -> None:
    renditions = asked(renditions='[{"width": 300, "height": 300}]', preset="thumbnail")

    assert names(renditions) == ["300x300", "300x300-2"]


def test_a_preset_that_there_is_not_is_told_which_there_are() -> None:
    error = refused(preset="thumbnail,huge")

    assert (error.field, error.value, error.allowed) == ("preset", "huge", tuple(PRESETS))


def test_presets_together_have_at_most_so_many_renditions() -> None:
    assert refused(("preset", "responsive"), ("preset", "responsive")).value == "24"


# What a worker will read


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_asked_for_is_what_a_worker_understands(preset: str) -> None:
    renditions = asked(preset=preset)
    command = ResizeImage(job_id=COMMAND.job_id, source="uploads/a.jpg", renditions=renditions)

    assert decode_command(encode(command)).renditions == renditions
