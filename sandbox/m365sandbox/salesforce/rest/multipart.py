"""multipart/form-data bodies: a row with a file (REST guide: "Insert or Update Blob Data").

One part is JSON and holds the row's fields; another is the file, and its name is that of the base64 field.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from m365sandbox.salesforce.errors import ApiError, bad_json

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)
_BREAK = b"\r\n"


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type is that of a form with files."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def row_of(body: bytes, content_type: str) -> dict[str, Any]:
    """The row's fields with the file as bytes. Raises ApiError 400 for a body that is not such a form."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise bad_json("Multipart message without a boundary")
    fields: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    parts = list(_parts(body, found[1].encode()))
    if not any(_is_json(head) for head, _ in parts):
        raise bad_json("Multipart message without a part of type application/json")
    for head, content in parts:
        if _is_json(head):
            fields |= _json(content)
        else:
            name = _NAME.search(head)
            if name is None:
                raise bad_json("Multipart message with a part that has no name")
            files[name[1].decode("utf-8", "replace")] = content
    return {**fields, **files}


@dataclass(frozen=True, slots=True)
class JobForm:
    """A bulk job with its data, from one request."""

    job: dict[str, Any]
    content: bytes


def job_of(body: bytes, content_type: str) -> JobForm:
    """The parts `job` and `content` of a form. Raises ApiError 400 where one is missing."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise bad_json("Multipart message without a boundary")
    parts = {}
    for head, content in _parts(body, found[1].encode()):
        name = _NAME.search(head)
        if name is not None:
            parts[name[1].decode("utf-8", "replace")] = content
    if set(parts) != {"job", "content"}:
        raise bad_json("Multipart message without the parts job and content")
    return JobForm(_json(parts["job"]), parts["content"])


def _parts(body: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Head and content of each part. Raises ApiError where the last boundary is missing: the body was cut short."""
    mark = b"--" + boundary
    parts: list[tuple[bytes, bytes]] = []
    start = body.find(mark)
    while start >= 0:
        start += len(mark)
        if body.startswith(b"--", start):
            return parts
        end = body.find(_BREAK + mark, start)
        head_end = body.find(_BREAK * 2, start)
        if end < 0 or not 0 <= head_end < end:
            break
        parts.append((body[start:head_end], body[head_end + 4 : end]))
        start = end + 2
    raise ApiError(400, "INVALID_MULTIPART_REQUEST", "Multipart message without its closing boundary")


def _is_json(head: bytes) -> bool:
    return b"application/json" in head.lower()


def _json(content: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as wrong:
        raise bad_json(str(wrong)) from None
    if not isinstance(fields, dict):
        raise bad_json("Multipart message whose JSON is no object")
    return fields
