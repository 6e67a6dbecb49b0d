"""What a client would prefer (RFC 7240), as far as uploads know it: `wait` and `return=representation`.

A preference that is not understood, or cannot be met, is passed over: RFC 7240 forbids to refuse for it (2).
"""

import re
from dataclasses import dataclass

from aiohttp import web

from frontend.wait_option import MOST_WAIT_S

HEADER = "Prefer"
APPLIED_HEADER = "Preference-Applied"

# Nothing here can match the same text in two ways: senders must not be able to make reading it long.
_ELEMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^",])++')
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_WORD = rf'{_NAME}|"(?:[^"\\]|\\.)*+"'
_PREFERENCE = re.compile(rf"\s*+({_NAME})\s*+(?:=\s*+({_WORD})\s*+)?(?:;|$)")
_SECONDS = re.compile(r"0*+(\d++)", re.ASCII)


@dataclass(frozen=True)
class Preferences:
    """What an upload is answered with, and when: `wait_s` is 0 for at once."""

    wait_s: int = 0
    wants_image: bool = False
    """Whether the one result is wanted instead of the jobs; only together with a wait."""

    def applied(self, *, is_image: bool) -> str:
        """The value of `Preference-Applied`."""
        return f"wait={self.wait_s}" + (", return=representation" if is_image else "")


def preferences_of(request: web.Request) -> Preferences:
    """The preferences of a request; a wait is cut down to MOST_WAIT_S."""
    said = _said(", ".join(request.headers.getall(HEADER, [])))
    wait = said.get("wait", "")
    seconds = _SECONDS.fullmatch(wait)
    # With thousands of digits there is no making a number of them; three are more than the most.
    wait_s = min(int(seconds[1][:3]), MOST_WAIT_S) if seconds else 0
    return Preferences(wait_s, wants_image=wait_s > 0 and said.get("return") == "representation")


def _said(header: str) -> dict[str, str]:
    """Each preference with its value. Of one that is named more than once the first counts (RFC 7240, 2)."""
    said: dict[str, str] = {}
    for element in _ELEMENT.findall(header):
        if preference := _PREFERENCE.match(element):
            name, value = preference.groups(default="")
            said.setdefault(name.lower(), value.strip('"'))
    return said
