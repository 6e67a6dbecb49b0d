"""`?wait=`: for how long an answer may be put off."""

import re

from aiohttp import web

from frontend.errors import OptionInvalid

MOST_WAIT_S = 60
_SECONDS = re.compile(r"\d{1,2}(\.\d{1,3})?", re.ASCII)


def wait_of(request: web.Request) -> float:
    """The seconds for which a request wants to wait: 0 if it does not say. Raises OptionInvalid."""
    values = request.query.getall("wait", [])
    if not values:
        return 0.0
    [value, *more] = values
    if more or not _SECONDS.fullmatch(value) or float(value) > MOST_WAIT_S:
        raise OptionInvalid("wait", ", ".join(values), f"a number of seconds from 0 to {MOST_WAIT_S}, once")
    return float(value)
