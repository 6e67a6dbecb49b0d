"""One way to render for all tests here: bytes in, opened picture out."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from pipeline.messages import Rendition
from worker.imaging import Rendered, render

Render = Callable[..., Rendered]
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
def rendered(image_file: Callable[[bytes], Path]) -> Render:
    """Renders the bytes of a file once, with the options of a Rendition."""

    def run(data: bytes, width: int = 300, height: int = 300, **options: object) -> Rendered:
        asked = Rendition(name="it", width=width, height=height, **options)  # type: ignore[arg-type]  # checked
        return render(image_file(data), [asked])

    return run


@pytest.fixture
def resized(rendered: Render) -> Resize:
    """The picture that rendering makes of the bytes of a file."""

    def run(data: bytes, width: int = 300, height: int = 300, **options: object) -> Image.Image:
        return Image.open(BytesIO(rendered(data, width, height, **options).renditions[0].data))

    return run
