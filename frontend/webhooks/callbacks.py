"""The addresses at which clients want to be told: which are taken, before anything of them is kept."""

from frontend.client import Client
from frontend.errors import CallbackInvalid, CallbackNotAllowed, WebhooksOff
from frontend.webhooks.sender import WebhookSender
from pipeline.errors import UrlInvalid, UrlNotAllowed


class Callbacks:
    """Reads them; without a sender nobody is told of anything."""

    def __init__(self, sender: WebhookSender | None) -> None:
        self._sender = sender

    def read(self, text: str) -> str:
        """The address that the text is. Raises WebhooksOff, CallbackInvalid and CallbackNotAllowed."""
        if self._sender is None:
            raise WebhooksOff
        try:
            return self._sender.checked(text).url
        except UrlInvalid as error:
            raise CallbackInvalid(f"callback_url cannot be called: {error}") from error
        except UrlNotAllowed as error:
            raise CallbackNotAllowed(f"callback_url cannot be called: {error}") from error

    def of_client(self, client: Client) -> str | None:
        """Where this client is told of jobs for which it names no address."""
        return client.callback_url if self._sender else None
