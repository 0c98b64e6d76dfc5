"""Request bodies: JSON, packed or not, or a form with a file; and what the client takes, or makes a condition."""

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, NoReturn, cast

from m365sandbox.salesforce.errors import ApiError, bad_json, not_emulated, unsupported_media_type
from m365sandbox.salesforce.rest import multipart
from m365sandbox.wire import Request, Response

#: An escaped half of a surrogate pair may stand in the body.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
#: Headers that make a change depend on what is stored (REST guide, "Conditional Request Headers").
_CONDITIONS = ("if-match", "if-modified-since", "if-none-match", "if-unmodified-since")
#: A row as JSON, its file as base64 included, holds 50 MB of text (REST guide, "Insert or Update Blob Data").
MAX_ROW_BYTES = 50_000_000
#: Smaller answers do not get smaller by packing.
_WORTH_PACKING = 1_024
_JSON_RANGES = frozenset({"*/*", "application/*", "application/json"})


def parsed(request: Request, segments: tuple[str, ...]) -> Any:
    """The JSON of the body, for a row with a file that of its form; None where there is none."""
    content_type = request.headers.get("content-type", "application/json")
    if segments[:2] == ("jobs", "ingest") and segments[-1] == "batches":
        return _csv(request, content_type)
    body = request.body
    if segments == ("jobs", "ingest") and multipart.is_multipart(content_type):
        return multipart.job_of(body, content_type)
    if segments[:1] == ("sobjects",) and len(segments) in (2, 3) and multipart.is_multipart(content_type):
        return multipart.row_of(body, content_type)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise bad_json("The body is no gzip stream") from None
    if not body:
        return None
    if segments[:1] == ("sobjects",) and len(body) > MAX_ROW_BYTES:
        # the guide has no code for it: status and code are ours
        raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", f"A row as JSON is limited to {MAX_ROW_BYTES} bytes")
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        raise unsupported_media_type(kind)
    try:
        value = json.loads(body, parse_constant=_no_number)
        return _without_halves(value) if _SURROGATE.search(body) else value
    except json.JSONDecodeError as wrong:
        raise bad_json(_told(wrong)) from None
    except (ValueError, RecursionError) as wrong:
        raise bad_json(str(wrong)) from None


def _csv(request: Request, content_type: str) -> BinaryIO:
    """The data of a bulk job as a file: it may be large."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "text/csv":
        raise unsupported_media_type(kind)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=request.open()))
    return request.open()


def _told(wrong: json.JSONDecodeError) -> str:
    """In the words of the platform's parser: what stood where."""
    where = f"at [line:{wrong.lineno}, column:{wrong.colno}]"
    if wrong.pos >= len(wrong.doc):
        return f"Unexpected end-of-input {where}"
    char = wrong.doc[wrong.pos]
    return f"Unexpected character ('{char}' (code {ord(char)})): {wrong.msg} {where}"


def refuse_conditions(headers: Mapping[str, str]) -> None:
    """Refuse a change that depends on a version: to make it all the same would be wrong. Names are in lower case."""
    for name in _CONDITIONS:
        if name in headers:
            raise not_emulated(f"{name.title()} on a change")


def packed(request: Request, response: Response) -> Response:
    """The answer as gzip where the client takes that (REST guide, "Compression")."""
    response.headers["Vary"] = "Accept-Encoding"
    body = response.body
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "").lower()
    if takes_gzip and isinstance(body, bytes) and len(body) >= _WORTH_PACKING:
        response.body = gzip.compress(body, compresslevel=1, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response


def check_accept(request: Request, segments: tuple[str, ...]) -> None:
    """Refuse a client that takes no JSON: XML, which the platform speaks too, is not emulated."""
    accepted = request.headers.get("accept", "")
    if not accepted or segments[-1:] == ("VersionData",) or segments[:1] == ("jobs",):
        return
    ranges = {item.partition(";")[0].strip().lower() for item in accepted.split(",")}
    if not ranges & _JSON_RANGES:
        message = f"This resource answers application/json, which the Accept header '{accepted}' does not name"
        raise ApiError(406, "NOT_ACCEPTABLE", message)


def _without_halves(value: Any) -> Any:
    """The value with every half of a surrogate pair made a question mark, which UTF-8 can carry back."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(item) for key, item in value.items()}
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"Unrecognized token '{text}'")
