"""RabbitMQ's management API, as an operator uses it."""

import base64
import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from deploy.local.broker_node import BrokerNode
from pipeline.messages import LANES, Lane, ResizeImage, encode
from tests.eventually import WITHIN_S


def call(node: BrokerNode, method: str, path: str, body: object = None, *, user: str = "guest") -> Any:
    """The JSON that the API answers, or None for an empty answer. Raises urllib's HTTPError.

    The password of the user is its name.
    """
    login = base64.b64encode(f"{user}:{user}".encode()).decode()
    request = urllib.request.Request(
        f"{node.management_url}api{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=WITHIN_S) as response:
        text = response.read()
    return json.loads(text) if text else None


def version(node: BrokerNode) -> tuple[int, ...]:
    """The version of RabbitMQ, to be compared: (3, 10, 8)."""
    return tuple(map(int, call(node, "GET", "/overview")["rabbitmq_version"].split(".")))


@contextmanager
def virtual_host(node: BrokerNode, name: str) -> Iterator[str]:
    """The AMQP address of a broker of one's own on the same node, with nothing in it."""
    call(node, "PUT", f"/vhosts/{name}")
    permit_to_configure(node, name, ".*")
    try:
        yield node.amqp_url + name
    finally:
        call(node, "DELETE", f"/vhosts/{name}")


def permit_to_configure(node: BrokerNode, name: str, pattern: str) -> None:
    """Whoever works in this virtual host may make and delete what has such a name, and use all there is."""
    call(node, "PUT", f"/permissions/{name}/guest", {"configure": pattern, "write": ".*", "read": ".*"})


def queue(node: BrokerNode, name: str, *, vhost: str = "/") -> Any:
    """What the console shows of a queue."""
    return call(node, "GET", f"/queues/{quote(vhost, safe='')}/{name}")


def messages(node: BrokerNode, name: str) -> list[Any]:
    """The messages of a queue, which stay in it."""
    wish = {"count": 50, "ackmode": "ack_requeue_true", "encoding": "auto"}
    found: list[Any] = call(node, "POST", f"/queues/%2F/{name}/get", wish)
    return found


def publish(node: BrokerNode, payload: str) -> bool:
    """Type a message into the console: publish it as a resize command; whether it was routed."""
    message = {"properties": {}, "routing_key": "resize", "payload": payload, "payload_encoding": "string"}
    return bool(call(node, "POST", "/exchanges/%2F/images/publish", message)["routed"])


def publish_command(node: BrokerNode, command: ResizeImage, *, routing_key: str) -> bool:
    """Type a command into the console, with this routing key; whether it was routed."""
    message = {
        "properties": {},
        "routing_key": routing_key,
        "payload": encode(command).decode(),
        "payload_encoding": "string",
    }
    return bool(call(node, "POST", "/exchanges/%2F/images/publish", message)["routed"])


@contextmanager
def short_queue(
    node: BrokerNode, *, most: int = 1, vhost: str = "/", lanes: Sequence[Lane] = LANES
) -> Iterator[None]:
    """These lanes take so many commands each, or a few more, and then none until this is over."""
    path = f"/policies/{quote(vhost, safe='')}/short"
    policy = {
        "pattern": rf"^resize\.({'|'.join(lanes)})$",
        "apply-to": "queues",
        "definition": {"max-length": most},
    }
    call(node, "PUT", path, policy)
    try:
        yield
    finally:
        call(node, "DELETE", path)


def close_connections(node: BrokerNode, *, name_contains: str) -> int:
    """Close the connections whose client-given name contains this; how many there were."""
    found = [
        connection["name"]
        for connection in call(node, "GET", "/connections")
        if name_contains in connection.get("client_properties", {}).get("connection_name", "")
    ]
    for name in found:
        call(node, "DELETE", f"/connections/{quote(name, safe='')}")
    return len(found)
