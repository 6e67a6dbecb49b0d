"""The file of the API keys, as TOML. A frontend reads it; `python -m frontend.api_keys` writes it.

    [shop]
    sha256 = ["5e88…"]               # of each of its keys, in hexadecimal; several while one replaces another
    requests_per_minute = 600        # instead of what all others may; 0: as many as it likes
    bytes_per_minute = 500_000_000   # of images
    sees_all = true                  # for operators: the jobs of all keys
    callback_url = "https://…"       # where the ends of its jobs are told, if WEBHOOK_HOSTS allows

A key is 32 bytes of chance. There is nothing to be guessed, so its digest needs neither salt nor slowness
(NIST SP 800-63B, 5.1.2.2 asks for those below 112 bits).
"""

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from frontend.toml_file import read_toml
from pipeline.errors import InvalidSetting, UrlInvalid
from pipeline.messages import Owner
from pipeline.web_address import parse_web_address

PREFIX = "ir_"
"""By this those are found who have committed a key to a repository."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
PerMinute = Annotated[int, Meta(ge=0, le=10**15)]


class ApiKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a client by the name of its key. None: what holds for all others."""

    sha256: Annotated[tuple[Digest, ...], Meta(min_length=1)]
    requests_per_minute: PerMinute | None = None
    bytes_per_minute: PerMinute | None = None
    sees_all: bool = False
    callback_url: str | None = None


ApiKeys = Mapping[Owner, ApiKey]


def new_secret() -> str:
    """A key that nobody has yet."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def read_keys(path: Path) -> ApiKeys:
    """The keys in the file by name. Raises InvalidSetting, which says what is wrong and where."""
    return {name: _key(name, table) for name, table in read_toml(path, setting="API_KEYS").items()}


def _key(name: str, table: object) -> ApiKey:
    try:
        msgspec.convert(name, Owner)
        key = msgspec.convert(table, ApiKey)
        if key.callback_url is None:
            return key
        return replace(key, callback_url=parse_web_address(key.callback_url).url)
    except (msgspec.ValidationError, UrlInvalid) as error:
        raise InvalidSetting(f"API_KEYS: key {name!r}: {error}") from error
