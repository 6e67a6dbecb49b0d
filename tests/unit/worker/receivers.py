"""Whom a pool gives its renditions to."""

from worker.imaging import RenderedImage


class Receiver:
    """Keeps the renditions that it is given."""

    def __init__(self) -> None:
        self.images: list[RenderedImage] = []

    @property
    def names(self) -> list[str]:
        """The names of the renditions that have come, in the order of their coming."""
        return [image.name for image in self.images]

    async def take(self, image: RenderedImage) -> None:
        """Take a rendition."""
        self.images.append(image)


async def ignore(image: RenderedImage) -> None:
    """Take a rendition and forget it."""
