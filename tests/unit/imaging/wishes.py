"""Any size, any fit, any position: what may be asked for, as hypothesis draws it."""

from typing import get_args

from hypothesis import strategies as st

from pipeline.messages import COMPASS, Fit, Rendition
from worker.imaging.geometry import Box, Size

FITS: tuple[Fit, ...] = get_args(Fit)

edges = st.integers(1, 5000)
sizes = st.tuples(edges, edges)
fractions = st.integers(0, 1000).map(lambda number: f"{number / 1000:.3f}")
positions = st.sampled_from(("centre", "center", "attention", *COMPASS)) | st.tuples(
    fractions, fractions
).map(",".join)
points = st.tuples(st.floats(0, 1), st.floats(0, 1))
fits = st.sampled_from(FITS)


def asked(
    width: int | None, height: int | None, fit: Fit = "cover", position: str = "centre", **more: bool
) -> Rendition:
    """A rendition of this size; `more` is for `without_enlargement`."""
    return Rendition(name="it", width=width, height=height, fit=fit, position=position, **more)  # type: ignore[arg-type]  # the others are booleans


def extent(box: Box) -> tuple[float, float]:
    """Width and height of a box."""
    left, top, right, bottom = box
    return right - left, bottom - top


def whole(size: Size) -> Box:
    """The box around all of a picture."""
    return 0.0, 0.0, float(size[0]), float(size[1])
