"""One way to render for all tests here: bytes in, opened picture out."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipeline.messages import Rendition
from worker.imaging import Limits, Rendered, RenderedImage, render

Made = tuple[Rendered, list[RenderedImage]]
Render = Callable[..., Made]
Resize = Callable[..., Image.Image]


@pytest.fixture
def image_file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Puts bytes into a file whose name says nothing."""

    def write(data: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def rendered_all(image_file: Callable[[bytes], Path]) -> Render:
    """Renders the bytes of a file into several renditions, in the order in which they became ready."""

    def run(data: bytes, *renditions: Rendition, limits: Limits | None = None) -> Made:
        made: list[RenderedImage] = []
        found = render(image_file(data), renditions, on_ready=made.append, limits=limits or Limits())
        return found, made

    return run


@pytest.fixture
def rendered(rendered_all: Render) -> Render:
    """Renders the bytes of a file once, with the options of a Rendition."""

    def run(
        data: bytes,
        width: int | None = 300,
        height: int | None = 300,
        *,
        limits: Limits | None = None,
        **options: object,
    ) -> Made:
        asked = Rendition(name="it", width=width, height=height, **options)  # type: ignore[arg-type]  # checked
        return rendered_all(data, asked, limits=limits)

    return run


@pytest.fixture
def resized(rendered: Render) -> Resize:
    """The picture that rendering makes of the bytes of a file."""

    def run(data: bytes, width: int | None = 300, height: int | None = 300, **options: object) -> Image.Image:
        _, (made,) = rendered(data, width, height, **options)
        return Image.open(BytesIO(made.data))

    return run
