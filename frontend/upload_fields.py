"""What an upload says besides its images: renditions, batch, name, addresses of others and more.

All but presets and addresses once.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from multidict import MultiMapping

from frontend.errors import OptionInvalid, TooManyFiles, UrlsOff, WebhooksOff
from frontend.idempotency import Fingerprint
from frontend.option_values import yes_or_no
from frontend.options import RequestOptions
from frontend.presets import Presets
from frontend.rendition_choice import RenditionLimits
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, made_at, parse_batch_id
from pipeline.messages import Rendition

BATCH_ID_AGE = timedelta(days=1)
"""A batch that a client names is younger than that; its id names the day whose folder it is kept in."""

ReadCallback = Callable[[str], str]
"""The address that a text is, to which ends of jobs may be told. Raises what is wrong with it."""


def no_callback(_: str) -> str:
    """Of a server that tells nobody. Raises WebhooksOff."""
    raise WebhooksOff


class UploadFields:
    """The fields of one upload: those of its address at first, then those of its form, as they come."""

    def __init__(
        self,
        query: MultiMapping[str],
        *,
        presets: Presets,
        limits: RenditionLimits,
        max_urls: int,
        read_callback: ReadCallback = no_callback,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        """Takes in the address of the request, as `take` does; into the `fingerprint` as well."""
        self.urls: list[str] = []
        self.batch_id: BatchId | None = None
        self.callback_url: str | None = None
        self._read_callback = read_callback
        self._max_urls = max_urls
        self.name: str | None = None
        self._reuse: str | None = None
        self._options = RequestOptions(presets=presets, limits=limits)
        self._fingerprint = fingerprint
        for field, value in query.items():
            self.take(field, value)

    def take(self, field: str, value: str) -> None:
        """Take in a field; one without text counts as not given. Raises OptionInvalid.

        Of addresses of images it raises UrlsOff and TooManyFiles; what they are worth is seen when they are
        fetched. Of an address to call back, WebhooksOff, CallbackInvalid and CallbackNotAllowed.
        """
        if field == "url":
            self._take_urls(_clean(value).split())
            return
        if self._fingerprint is not None and field != "name":
            self._fingerprint.add_option(field, value)
        if field == "batch_id":
            self.batch_id = _batch_id(value.strip(), self.batch_id)
        elif field == "name":
            self.name = _once(field, value.strip(), self.name)
        elif field == "reuse":
            self._reuse = _yes_or_no(field, value.strip(), self._reuse)
        elif field == "callback_url":
            self._take_callback(_clean(value).strip())
        else:
            self._options.add(field, value)

    @property
    def may_reuse(self) -> bool:
        """Whether its images may share results with other jobs."""
        return self._reuse is None or yes_or_no(self._reuse, field="reuse")

    def _take_callback(self, text: str) -> None:
        if text:
            # It may hold secrets, so a second one is not shown.
            _once("callback_url", "…", self.callback_url)
            self.callback_url = self._read_callback(text)

    def _take_urls(self, urls: list[str]) -> None:
        """Take in addresses, in their order. Several in one field have white space between them."""
        if urls and not self._max_urls:
            raise UrlsOff
        self.urls += urls
        if len(self.urls) > self._max_urls:
            raise TooManyFiles(f"One request may bring {self._max_urls} addresses of images.")
        if self._fingerprint is not None:
            self._fingerprint.add_urls(urls)

    def renditions(self) -> tuple[Rendition, ...]:
        """What is asked for: at least one rendition."""
        return self._options.renditions()


def _clean(text: str) -> str:
    # Lone surrogates stand for bytes that were no UTF-8; they cannot be encoded again.
    return text.encode("utf-8", "replace").decode()


def _once(field: str, text: str, before: str | None) -> str | None:
    if text and before is not None:
        raise OptionInvalid(field, text, "one value", remark=" and another one before")
    return text or before


def _yes_or_no(field: str, text: str, before: str | None) -> str | None:
    if text:
        yes_or_no(text, field=field)
    return _once(field, text, before)


def _batch_id(text: str, before: BatchId | None) -> BatchId | None:
    if not _once("batch_id", text, before) or not text:
        return before
    error = OptionInvalid("batch_id", text, "a UUID of version 7 that was made within a day of now")
    try:
        batch_id = parse_batch_id(text)
    except InvalidId:
        raise error from None
    if abs(datetime.now(UTC) - made_at(batch_id)) > BATCH_ID_AGE:
        raise error
    return batch_id
