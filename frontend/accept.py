"""What kind of answer a client would rather have, by its Accept header (RFC 9110, 12.5.1)."""

import re

from aiohttp import web

HTML, JSON = "text/html", "application/json"
_WEIGHT = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.ASCII | re.IGNORECASE)


def wants_html(request: web.Request) -> bool:
    """Whether a browser asks for a page, rather than a program for JSON.

    Only who names HTML wants it, and at least as much as JSON. Paths below /api/ are for programs.
    """
    if request.path.startswith("/api/"):
        return False
    weights = _weights(",".join(request.headers.getall("Accept", [])))
    json = weights.get(JSON, weights.get("application/*", weights.get("*/*", 0.0)))
    return weights.get(HTML, 0.0) > 0 and weights[HTML] >= json


def _weights(accept: str) -> dict[str, float]:
    """What is named, each with how much it is wanted, from 0 to 1."""
    weights: dict[str, float] = {}
    for element in accept.split(","):
        kind, *parameters = element.split(";")
        said = [match[1] for parameter in parameters if (match := _WEIGHT.fullmatch(parameter))]
        weights.setdefault(kind.strip().lower(), float(said[-1]) if said else 1.0)
    return weights
