"""Clients as a frontend knows them, and messages that are the same for all."""

from frontend.client import Client
from frontend.lines import Message
from frontend.live import MessageFor

ANYBODY = Client(name="anybody", sees_all=True)
SHOP = Client(name="key shop", owner="shop")
RIVAL = Client(name="key rival", owner="rival")


def for_all(message: Message) -> MessageFor:
    """The same message, whoever it is for."""
    return lambda _: message
