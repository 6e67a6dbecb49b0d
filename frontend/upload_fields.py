"""What an upload says besides its images: renditions, batch, name and more. All but presets once."""

from datetime import UTC, datetime, timedelta

from multidict import MultiMapping

from frontend.errors import OptionInvalid
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


class UploadFields:
    """The fields of one upload: those of its address at first, then those of its form, as they come."""

    def __init__(
        self,
        query: MultiMapping[str],
        *,
        presets: Presets,
        limits: RenditionLimits,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        """Takes in the address. Raises OptionInvalid. What is taken goes into the `fingerprint` as well."""
        self.batch_id: BatchId | None = None
        self.name: str | None = None
        self._reuse: str | None = None
        self._options = RequestOptions(presets=presets, limits=limits)
        self._fingerprint = fingerprint
        for field, value in query.items():
            self.take(field, value)

    def take(self, field: str, value: str) -> None:
        """Take in a field; one without text counts as not given. Raises OptionInvalid."""
        if self._fingerprint is not None and field != "name":
            self._fingerprint.add_option(field, value)
        if field == "batch_id":
            self.batch_id = _batch_id(value.strip(), self.batch_id)
        elif field == "name":
            self.name = _once(field, value.strip(), self.name)
        elif field == "reuse":
            self._reuse = _yes_or_no(field, value.strip(), self._reuse)
        else:
            self._options.add(field, value)

    @property
    def may_reuse(self) -> bool:
        """Whether its images may share results with other jobs."""
        return self._reuse is None or yes_or_no(self._reuse, field="reuse")

    def renditions(self) -> tuple[Rendition, ...]:
        """What is asked for: at least one rendition."""
        return self._options.renditions()


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
