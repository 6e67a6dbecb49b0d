"""The Content-Disposition of a file: shown or saved, and under which name (RFC 6266, RFC 8187)."""

import re
import unicodedata
from urllib.parse import quote

_ATTR_CHAR = "!#$&+-.^_`|~"
"""What RFC 8187, 3.2.1 lets stand besides letters and digits."""


def content_disposition(file_name: str, *, is_download: bool) -> str:
    """The value of the header: `inline` is shown, `attachment` is saved.

    The name is in it twice: in ASCII for old programs, and in full for all others, which take that one.
    """
    kind = "attachment" if is_download else "inline"
    full = quote(file_name.encode("utf-8", "replace"), safe=_ATTR_CHAR)
    return f"{kind}; filename=\"{_in_ascii(file_name)}\"; filename*=UTF-8''{full}"


def _in_ascii(file_name: str) -> str:
    """Accents are left out, other scripts become `_`, and so does what old programs might misread."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", file_name) if not unicodedata.combining(char)
    )
    return re.sub(r'[^ -~]|["%\\;]', "_", plain)
