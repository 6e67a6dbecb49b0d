import pytest

from pipeline.image_formats import GIF, PNG, WEBP, ImageFormat
from worker.imaging.animation import durations_for


def test_rounding_does_not_add_up() -> None:
    assert sum(durations_for([33.0] * 30, WEBP, GIF)) == 990
    assert sum(durations_for([33.4] * 10, WEBP, PNG)) == 334


def test_what_a_gif_hurries_through_is_told_to_others_as_browsers_show_it() -> None:
    assert durations_for([0, 10, 20], GIF, WEBP) == [100, 100, 20]
    assert durations_for([0, 10, 20], GIF, GIF) == [0, 10, 20]


@pytest.mark.parametrize("image_format", [GIF, PNG, WEBP])
def test_endless_frames_are_shortened_to_what_the_format_can_say(image_format: ImageFormat) -> None:
    most = {GIF: 655_350, PNG: 65_535_000, WEBP: 16_777_215}[image_format]

    assert durations_for([1e12], WEBP, image_format) == [most]
    assert sum(durations_for([1e12] * 7, WEBP, image_format)) <= most


def test_a_long_animation_in_png_is_told_in_coarser_steps() -> None:
    assert durations_for([65_535.0], WEBP, PNG) == [65_535]
    assert durations_for([65_537.0], WEBP, PNG) == [65_540]
