"""What is asked of an upload that begins: its headers, and the options in its metadata.

Those are in the words of the form.
"""

from aiohttp import web
from msgspec import structs

from frontend.errors import OptionInvalid, TusHeaderInvalid, UploadTooLarge
from frontend.gate import fields_of
from frontend.keys import CALLBACKS, CLIENT, SETTINGS
from frontend.options import KNOWN
from frontend.rendition_choice import unknown_option
from frontend.tus_headers import concat_of, metadata_of, number_of
from pipeline.file_names import shown_name
from pipeline.ids import new_batch_id, new_job_id
from pipeline.unfinished_uploads import UnfinishedUpload

NAMES = ("filename", "name")
"""Under these clients tell the name of the file; the first one counts."""
TOLD_BY_CLIENTS = frozenset({"type", "filetype", "relativePath", "contentType", "lastModified", "size"})
"""What clients say of a file without being asked, Uppy above all; it is nothing to us."""
NOT_HERE = ("file", "url")


def asked_in(request: web.Request, *, parts: list[UnfinishedUpload]) -> UnfinishedUpload:
    """The upload that the request wants to begin, made of these parts.

    Raises TusHeaderInvalid, OptionInvalid and UploadTooLarge.
    """
    client, settings = request[CLIENT], request.app[SETTINGS]
    metadata = request.headers.get("Upload-Metadata", "")
    pairs = metadata_of(metadata)
    _check_parts(parts)
    concat = concat_of(request.headers.get("Upload-Concat"))
    length = _length(request, parts)
    if length > settings.max_upload_bytes:
        raise UploadTooLarge(
            f"An image may have {settings.max_upload_bytes:,} bytes; this one has {length:,}."
        )
    upload = UnfinishedUpload(
        id=new_job_id(),
        client=client.tag,
        owner=client.owner,
        length=length,
        metadata=metadata,
        is_partial=concat.is_partial,
        parts=concat.parts,
    )
    return upload if concat.is_partial else _with_options(request, upload, pairs)


def _check_parts(parts: list[UnfinishedUpload]) -> None:
    if not all(part.is_partial for part in parts):
        raise TusHeaderInvalid("Upload-Concat names an upload that was not begun as a part.")


def _length(request: web.Request, parts: list[UnfinishedUpload]) -> int:
    if "Upload-Defer-Length" in request.headers:
        raise TusHeaderInvalid("The length of an upload cannot be told later: send Upload-Length.")
    if parts and "Upload-Length" not in request.headers:
        return sum(part.length for part in parts)
    if parts:
        raise TusHeaderInvalid("An upload that is made of others has no Upload-Length.")
    return number_of("Upload-Length", request.headers.get("Upload-Length"))


def _with_options(request: web.Request, upload: UnfinishedUpload, pairs: dict[str, str]) -> UnfinishedUpload:
    fields = fields_of(request)
    for field, value in pairs.items():
        if field in NOT_HERE:
            raise unknown_option(field, value, [one for one in KNOWN if one not in NOT_HERE])
        if field not in TOLD_BY_CLIENTS and field not in NAMES:
            fields.take(field, value)
    if fields.urls:
        raise OptionInvalid("url", fields.urls[0], "not for a resumable upload")
    name = next((pairs[key] for key in NAMES if pairs.get(key)), fields.name)
    return structs.replace(
        upload,
        name=shown_name(name),
        batch_id=fields.batch_id or new_batch_id(),
        renditions=fields.renditions(),
        may_reuse=request.app[SETTINGS].reuse_work and fields.may_reuse,
        callback_url=fields.callback_url or request.app[CALLBACKS].of_client(request[CLIENT]),
    )
