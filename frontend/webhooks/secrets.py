"""The secrets that webhooks are signed with, and the signatures (Standard Webhooks 1.0).

    webhook-signature: v1,<base 64 of HMAC-SHA256(secret, "<webhook-id>.<webhook-timestamp>.<body>")>

With several secrets there are several signatures, a space between them: a receiver needs to know one.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from pipeline.messages import Owner

PREFIX = "whsec_"
FEWEST_BYTES, MOST_BYTES = 24, 64


def webhook_secrets(text: str) -> tuple[str, ...]:
    """Secrets with spaces between them, as WEBHOOK_SECRET has them. Raises ValueError."""
    secrets = tuple(text.split())
    for secret in secrets:
        try:
            size = len(base64.b64decode(secret.removeprefix(PREFIX), validate=True))
        except ValueError:  # not base 64, or not even ASCII
            size = 0
        if not secret.startswith(PREFIX) or not FEWEST_BYTES <= size <= MOST_BYTES:
            raise ValueError(
                f"not {PREFIX} and {FEWEST_BYTES} to {MOST_BYTES} bytes in base 64, nor several of these "
                "with spaces between them"
            )
    return secrets


def secrets_of(owner: Owner | None, secrets: Sequence[str]) -> tuple[str, ...]:
    """What the webhooks of this owner are signed with.

    Each API key has secrets of its own, made of the server's (HMAC-SHA256 of its name): who knows one cannot
    sign for another. Where there are no keys they are the server's.
    """
    return tuple(secrets) if owner is None else tuple(_derived(owner, secret) for secret in secrets)


def signature(body: bytes, *, webhook_id: str, timestamp: int, secrets: Sequence[str]) -> str:
    """The value of `webhook-signature`."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_base64(_hmac(secret, signed))}" for secret in secrets)


def _derived(owner: Owner, secret: str) -> str:
    return PREFIX + _base64(_hmac(secret, f"owner {owner}".encode()))


def _hmac(secret: str, data: bytes) -> bytes:
    return hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), data, hashlib.sha256)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
