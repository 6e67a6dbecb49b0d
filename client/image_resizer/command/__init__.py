"""`image-resizer`: the command."""

from image_resizer.command.cli import main

__all__ = ["main"]
