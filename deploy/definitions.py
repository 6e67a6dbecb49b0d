"""The broker's definitions: what pipeline/topology.py declares, and who may do what with it.

    python -m deploy.definitions                 write deploy/rabbitmq/definitions.json
    python -m deploy.definitions --check         fail unless that file is what would be written
    python -m deploy.definitions --output FILE   write FILE with passwords of your own, from the environment

With --output the ladders are those of RETRY_DELAYS_S and WEBHOOK_DELAYS_S, which have to be the ones that the
workers and the frontends are given.
RabbitMQ takes the file in when it starts for the first time, and when the file has changed since the last.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontend.settings import FrontendSettings
from pipeline import topology
from pipeline.errors import InvalidSetting
from pipeline.settings import read_settings
from pipeline.topology import (
    BULK,
    DEAD_IMAGES,
    DEAD_WEBHOOKS,
    DEFAULT_RETRY_DELAYS_S,
    DEFAULT_WEBHOOK_DELAYS_S,
    EVENT_LOG,
    EVENTS,
    EXCHANGES,
    IMAGES,
    INTERACTIVE,
    QUEUES,
    RESIZE_DEAD,
    WEBHOOK_QUEUE,
    WEBHOOKS,
    Rung,
    WebhookRung,
    ladder,
    webhook_ladder,
)

COMMITTED = Path(__file__).parent / "rabbitmq" / "definitions.json"
VHOST = "/"
SALT_BYTES = 4

Definitions = dict[str, list[dict[str, Any]]]


def only(*named: topology.Exchange | topology.Queue | Rung) -> str:
    """The pattern of a permission: these and nothing else. Of none it is `^$`, which is nothing at all.

    A rung stands for its exchange and its queue, which have one name.
    """
    names = "|".join(re.escape(one.name) for one in named)
    return f"^({names})$" if names else "^$"


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the broker; the patterns say which exchanges and queues it may make, fill and empty."""

    name: str
    configure: str = only()
    write: str
    read: str
    tags: tuple[str, ...] = ()

    @property
    def password_variable(self) -> str:
        """The environment variable that holds its password, here and in docker-compose.yml."""
        return f"{self.name.upper()}_PASSWORD"


# The first names of each list are what the service does. The others are there because a service looks
# at the whole topology before it starts, and from RabbitMQ 4.3.1 on looking at something takes any one
# permission on it. To write to a queue is to bind it, which takes a readable exchange as well.
def frontend(rungs: Sequence[Rung]) -> User:
    """The user of the frontends, who put webhooks on the rungs of their ladder."""
    own = [rung for rung in rungs if isinstance(rung, WebhookRung)]
    return User(
        name="frontend",
        write=only(
            IMAGES, EVENTS, WEBHOOKS, DEAD_IMAGES, INTERACTIVE, BULK, RESIZE_DEAD, DEAD_WEBHOOKS, *own
        ),
        read=only(EVENT_LOG, WEBHOOK_QUEUE),
    )


def worker(rungs: Sequence[Rung]) -> User:
    """The user of the workers, who put jobs on the rungs of the retry ladder."""
    own = [rung for rung in rungs if not isinstance(rung, WebhookRung)]
    return User(
        name="worker",
        write=only(EVENTS, WEBHOOKS, DEAD_IMAGES, RESIZE_DEAD, WEBHOOK_QUEUE, DEAD_WEBHOOKS, *own),
        read=only(INTERACTIVE, BULK, IMAGES, EVENT_LOG),
    )


DEFAULT_LADDER = ladder(DEFAULT_RETRY_DELAYS_S)
DEFAULT_WEBHOOK_LADDER = webhook_ladder(DEFAULT_WEBHOOK_DELAYS_S)
DEFAULT_RUNGS = (*DEFAULT_LADDER, *DEFAULT_WEBHOOK_LADDER)
FRONTEND = frontend(DEFAULT_RUNGS)
WORKER = worker(DEFAULT_RUNGS)
# A person at the console: sees all, moves messages, tunes policies; makes no users.
OPERATOR = User(name="operator", configure=".*", write=".*", read=".*", tags=("monitoring", "policymaker"))


def users(rungs: Sequence[Rung]) -> tuple[User, ...]:
    """All users of a broker with these ladders."""
    return frontend(rungs), worker(rungs), OPERATOR


USERS = users(DEFAULT_RUNGS)

# Pairs, as a queue cannot be a key. Only keys that RabbitMQ 3.10 knows: another one fails the whole import.
POLICIES: Sequence[tuple[topology.Queue, Mapping[str, str | int]]] = (
    (INTERACTIVE, {"max-length": 100_000}),
    (BULK, {"max-length": 100_000}),
    (WEBHOOK_QUEUE, {"max-length": 1_000_000}),
    (EVENT_LOG, {"max-age": "2D", "max-length-bytes": 500_000_000}),
)


@dataclass(frozen=True)
class Password:
    """A password, and the salt that its hash begins with."""

    text: str
    salt: bytes

    @property
    def hash(self) -> str:
        """As RabbitMQ's rabbit_password_hashing_sha256 writes it: salt and SHA-256 of both, in base 64."""
        digest = hashlib.sha256(self.salt + self.text.encode()).digest()
        return base64.b64encode(self.salt + digest).decode()


Passwords = Mapping[str, Password]
"""By the name of the user."""


def development_passwords() -> Passwords:
    """Each user's own name. The salt is not random, so that the committed file can be compared."""
    return {
        user.name: Password(user.name, hashlib.sha256(user.name.encode()).digest()[:SALT_BYTES])
        for user in USERS
    }


def own_passwords(environ: Mapping[str, str]) -> Passwords:
    """The passwords in `environ`; raises ValueError, which names the variable that will not do."""
    passwords = {}
    for user in USERS:
        text = environ.get(user.password_variable, "")
        if not re.fullmatch(r"[A-Za-z0-9._~-]{12,}", text):
            # Anything else would have to be escaped in AMQP_URL, in .env and in the shell, each its own way.
            raise ValueError(f"{user.password_variable} has to be 12 or more of: letters, digits, . _ ~ -")
        passwords[user.name] = Password(text, secrets.token_bytes(SALT_BYTES))
    return passwords


def own_rungs(environ: Mapping[str, str]) -> tuple[Rung, ...]:
    """The ladders of the services that have this environment; raises InvalidSetting."""
    settings = read_settings(FrontendSettings, environ)
    return *ladder(settings.retry_delays_s), *webhook_ladder(settings.webhook_delays_s)


def definitions(passwords: Passwords, rungs: Sequence[Rung] = DEFAULT_RUNGS) -> Definitions:
    """What the broker imports, in the shape of its own exports."""
    exchanges = (*EXCHANGES, *(rung.exchange for rung in rungs))
    queues = (*QUEUES, *(rung.queue for rung in rungs))
    return {
        "vhosts": [{"name": VHOST}],
        "users": [_user(user, passwords[user.name]) for user in users(rungs)],
        "permissions": [_permission(user) for user in users(rungs)],
        "policies": [_policy(queue, keys) for queue, keys in POLICIES],
        "exchanges": [_exchange(exchange) for exchange in exchanges],
        "queues": [_queue(queue) for queue in queues],
        "bindings": [_binding(queue, binding) for queue in queues for binding in queue.bindings],
    }


def render(content: Definitions) -> str:
    """The text of a definitions file."""
    return json.dumps(content, indent=2) + "\n"


def _user(user: User, password: Password) -> dict[str, Any]:
    return {
        "name": user.name,
        "password_hash": password.hash,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": list(user.tags),
    }


def _permission(user: User) -> dict[str, Any]:
    return {
        "user": user.name,
        "vhost": VHOST,
        "configure": user.configure,
        "write": user.write,
        "read": user.read,
    }


def _policy(queue: topology.Queue, keys: Mapping[str, str | int]) -> dict[str, Any]:
    return {
        "name": queue.name,
        "vhost": VHOST,
        "pattern": only(queue),
        "apply-to": "queues",
        "priority": 0,
        "definition": dict(keys),
    }


def _exchange(exchange: topology.Exchange) -> dict[str, Any]:
    return {
        "name": exchange.name,
        "vhost": VHOST,
        "type": exchange.kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(queue: topology.Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "vhost": VHOST,
        "durable": True,
        "auto_delete": False,
        "arguments": dict(queue.arguments),
    }


def _binding(queue: topology.Queue, binding: topology.Binding) -> dict[str, Any]:
    return {
        "source": binding.exchange,
        "vhost": VHOST,
        "destination": queue.name,
        "destination_type": "queue",
        "routing_key": binding.routing_key,
        "arguments": {},
    }


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Do what the command line says; what is wrong, or None."""
    parser = argparse.ArgumentParser(prog="python -m deploy.definitions", description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    what.add_argument("--output", type=Path, metavar="FILE", help="write FILE, with your own passwords")
    options = parser.parse_args(arguments)
    if options.check:
        return check(COMMITTED)
    if options.output is None:
        COMMITTED.write_text(render(definitions(development_passwords())))
        return None
    try:
        own = definitions(own_passwords(environ), own_rungs(environ))
    except (ValueError, InvalidSetting) as error:
        return str(error)
    options.output.write_text(render(own))
    return None


def check(path: Path) -> str | None:
    """What is wrong with the file, or None when it is what would be written with development passwords."""
    expected = render(definitions(development_passwords()))
    if path.is_file() and path.read_text() == expected:
        return None
    return f"{path} is out of date: run python -m deploy.definitions"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
