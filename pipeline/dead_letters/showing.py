"""Dead letters for a terminal and as JSON. What strangers wrote is cut and escaped: it may be anything."""

import base64
import json
from datetime import datetime
from typing import Any

from pipeline.dead_letters.letter import DeadLetter

LINE_REASON = 90
MOST_SHOWN = 4_000


def line_of(letter: DeadLetter) -> str:
    """One line: id, when, job, size, reason."""
    when = letter.died_at.strftime("%Y-%m-%d %H:%M:%S") if letter.died_at else "-"
    reason = safe(letter.reason, most=LINE_REASON)
    job = safe(letter.job_id or "-", most=36)
    return f"{letter.id}  {when:19}  {job:36}  {len(letter.body):>7} B  {reason}"


def page_of(letter: DeadLetter) -> str:
    """All of it, but for the end of what is very long."""
    facts = {
        "id": letter.id,
        "when": letter.died_at.isoformat() if letter.died_at else "-",
        "reason": safe(letter.reason, most=MOST_SHOWN),
        "job": safe(letter.job_id or "-", most=MOST_SHOWN),
        "size": f"{len(letter.body)} bytes",
    }
    headers = [
        f"  {safe(name, most=100)}: {safe(str(value), most=MOST_SHOWN)}"
        for name, value in letter.headers.items()
    ]
    lines = [*(f"{name + ':':8}{fact}" for name, fact in facts.items()), "headers:", *headers, "body:"]
    return "\n".join([*lines, f"  {safe(_text_of(letter.body[: MOST_SHOWN + 1]), most=MOST_SHOWN)}"])


def json_of(letter: DeadLetter, *, with_body: bool) -> str:
    """A JSON object in one line. A body that is no text is in base 64."""
    facts: dict[str, Any] = {
        "id": letter.id,
        "when": letter.died_at.isoformat() if letter.died_at else None,
        "reason": letter.reason,
        "job_id": letter.job_id,
        "size": len(letter.body),
    }
    if with_body:
        facts |= {"headers": dict(letter.headers), **_body_as_json(letter.body)}
    return json.dumps(facts, default=_as_json)


def safe(text: str, *, most: int) -> str:
    """The text in one line of signs that can be printed, and no longer than that."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text[:most])
    return shown if len(text) <= most else f"{shown} …"


def _text_of(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _body_as_json(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _as_json(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
