"""Bodies of requests, well made and badly."""

from io import BytesIO

from PIL import Image

BOUNDARY = "cut-here"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
PAGE = {"Accept": "text/html,application/xhtml+xml"}


def image(image_format: str = "PNG") -> bytes:
    """A tiny image."""
    file = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(file, image_format)
    return file.getvalue()


PNG = image()


def file_part(data: bytes, name: str = "holiday.png", *, field: str = "file") -> bytes:
    """A part of a form with a file."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data


def field_part(name: str, value: str) -> bytes:
    """A part of a form with a value."""
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def form(*parts: bytes) -> bytes:
    """A form of these parts, whose type is FORM."""
    return b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts) + end_of_form()


def end_of_form() -> bytes:
    """The last line of a form."""
    return f"--{BOUNDARY}--\r\n".encode()
