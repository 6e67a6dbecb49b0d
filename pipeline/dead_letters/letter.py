"""A dead letter as it is shown: pure, out of a body and headers that anybody may have written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import InvalidMessage
from pipeline.messages import decode_command

ID_DIGITS = 10

OURS = frozenset({"reason", "origin", "worker"})
"""What a worker writes to a letter; see docs/messages.md."""
BROKERS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")
"""What the broker writes to it. Sent along with a command they may make RabbitMQ drop it as a cycle."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """`id` names it, wherever it is in the queue; letters that are the same in all of this share it.

    `died_at` is when it became a dead letter, as far as that is known.
    """

    id: str
    died_at: datetime | None
    reason: str
    job_id: str | None
    headers: Mapping[str, Any]
    body: bytes

    @classmethod
    def read(cls, body: bytes, headers: Mapping[str, Any], sent_at: datetime | None) -> "DeadLetter":
        """The letter of which the broker has handed this out."""
        death = _last_death(headers)
        reason = str(headers["reason"]) if "reason" in headers else _reason_of(death)
        time = death.get("time")
        return cls(
            id=_id_of(body, headers),
            # Ours are published anew, with a time; those that the broker moves keep that of their command.
            died_at=_in_utc(time if isinstance(time, datetime) else sent_at),
            reason=reason,
            job_id=_job_id_of(body, headers),
            headers=headers,
            body=body,
        )

    def fits(self, *, reason: str | None, job_id: str | None) -> bool:
        """Whether it has this in its reason, in whatever case, and is about this job; None fits all."""
        has_reason = reason is None or reason.casefold() in self.reason.casefold()
        return has_reason and (job_id is None or job_id.lower() == (self.job_id or "").lower())


def headers_to_send(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers of a letter that is sent again: without those that tell of its death."""
    return {
        name: value for name, value in headers.items() if name not in OURS and not name.startswith(BROKERS)
    }


def _id_of(body: bytes, headers: Mapping[str, Any]) -> str:
    """What changes with each look (how often it was delivered) is not part of it."""
    death = _last_death(headers)
    facts = [str(headers.get(name, "")) for name in sorted(OURS)] + [str(death.get("time", ""))]
    words = "\0".join(facts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(words + b"\0" + body).hexdigest()[:ID_DIGITS]


def _last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else None
    return last if isinstance(last, dict) else {}


def _reason_of(death: Mapping[str, Any]) -> str:
    """In the words of the broker, such as `delivery_limit`: it came back too often."""
    if not death:
        return "unknown: somebody has put it here by hand"
    return f"{death.get('reason')}: moved here by the broker from the queue {death.get('queue')}"


def _job_id_of(body: bytes, headers: Mapping[str, Any]) -> str | None:
    try:
        return decode_command(body).job_id
    except InvalidMessage:
        named = headers.get("job_id")
        return named if isinstance(named, str) else None


def _in_utc(moment: datetime | None) -> datetime | None:
    """RabbitMQ's times are in UTC; whether they say so depends on who reads them."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
