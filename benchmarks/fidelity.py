"""How near a result comes to the best that could be had: a full decode, then Lanczos, without compression.

SSIM as Wang, Bovik, Sheikh and Simoncelli define it (IEEE Transactions on Image Processing 13, 2004), on the
light of the pictures with their Gaussian window of 11 pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.tasks import Task

# An array of float64. What numpy calls it is not known where only the rest of the project is installed.
Numbers = Any

WINDOW, SIGMA = 11, 1.5
STEADY_MEAN, STEADY_VARIANCE = (0.01 * 255) ** 2, (0.03 * 255) ** 2


@dataclass(frozen=True)
class Fidelity:
    """SSIM, 1 for the same picture, and the mean of the absolute differences, of 255."""

    ssim: float
    mean_error: float


def references(task: Task) -> list[Image.Image]:
    """The best that could be had for a task; where a part is cut out, once to the fraction of a pixel and
    once to whole pixels of the result, as some do it.
    """
    with Image.open(task.source) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    edge = task.edge
    if task.fit != "cover":
        return [image.resize(_times(image.size, edge, max(image.size)), Image.Resampling.LANCZOS)]
    covering = image.resize(_times(image.size, edge, min(image.size)), Image.Resampling.LANCZOS)
    left, top = (covering.width - edge) // 2, (covering.height - edge) // 2
    return [
        ImageOps.fit(image, (edge, edge), Image.Resampling.LANCZOS),
        covering.crop((left, top, left + edge, top + edge)),
    ]


def compare(file: bytes, best: Sequence[Image.Image]) -> Fidelity:
    """How near the picture in a file comes to the nearest of the best."""
    return max((_compare(file, each) for each in best), key=lambda fidelity: fidelity.ssim)


def _compare(file: bytes, best: Image.Image) -> Fidelity:
    """Of a size that is one pixel off, what both have is compared."""
    with Image.open(BytesIO(file)) as opened:
        image = opened.convert("RGB")
    width, height = min(image.width, best.width), min(image.height, best.height)
    if max(abs(image.width - best.width), abs(image.height - best.height)) > 1:
        raise ValueError(f"{image.size} instead of {best.size}")
    one, other = image.crop((0, 0, width, height)), best.crop((0, 0, width, height))
    difference = np.abs(_numbers(one) - _numbers(other))
    return Fidelity(_ssim(_numbers(one.convert("L")), _numbers(other.convert("L"))), float(difference.mean()))


def _times(size: tuple[int, int], numerator: int, denominator: int) -> tuple[int, int]:
    """A size times a fraction, rounded half up."""
    width, height = ((2 * numerator * side + denominator) // (2 * denominator) for side in size)
    return width, height


def _ssim(one: Numbers, other: Numbers) -> float:
    mean_one, mean_other = _blurred(one), _blurred(other)
    variances = _blurred(one * one) - mean_one**2 + _blurred(other * other) - mean_other**2
    covariance = _blurred(one * other) - mean_one * mean_other
    light = (2 * mean_one * mean_other + STEADY_MEAN) / (mean_one**2 + mean_other**2 + STEADY_MEAN)
    structure = (2 * covariance + STEADY_VARIANCE) / (variances + STEADY_VARIANCE)
    return float((light * structure).mean())


def _blurred(numbers: Numbers) -> Numbers:
    """The weighted means in every window that lies inside."""
    weights = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * SIGMA**2))
    weights /= weights.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(numbers, WINDOW, axis=axis)
        numbers = windows @ weights
    return numbers


def _numbers(image: Image.Image) -> Numbers:
    return np.asarray(image, dtype=np.float64)
