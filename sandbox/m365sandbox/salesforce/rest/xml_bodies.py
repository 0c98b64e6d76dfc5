"""XML of requests and answers, for the APIs that speak it: Bulk API 1 and SOAP."""

import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
#: What XML 1.0 cannot carry in any form.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def parse(body: bytes) -> ET.Element:
    """The root of a document. Raises ValueError where it is none, or has a DOCTYPE, which could define entities."""
    if b"<!DOCTYPE" in body.replace(b"\0", b""):  # in UTF-16 too
        raise ValueError("DOCTYPE is not allowed")
    try:
        return ET.fromstring(body)  # noqa: S314 - without a DOCTYPE there are no entities
    except ET.ParseError as wrong:
        raise ValueError(str(wrong)) from None


def local(element: ET.Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def text(element: ET.Element) -> str:
    """What stands in an element."""
    return element.text or ""


def is_nil(element: ET.Element) -> bool:
    """Whether an element says that it holds null."""
    return element.get(f"{{{SCHEMA_INSTANCE}}}nil", "").strip() in ("true", "1")


def members(element: ET.Element) -> dict[str, str]:
    """The texts of the elements in it, by name."""
    return {local(item): text(item).strip() for item in element}


def escaped(value: str) -> str:
    """A text as XML holds it: what it cannot hold is a question mark."""
    return escape(_NO_XML.sub("?", value), {"\r": "&#13;"})


def written(name: str, value: Any) -> str:
    """An element with a value; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"<{name}>{escaped(str(value))}</{name}>"


def all_written(pairs: Iterable[tuple[str, Any]]) -> str:
    """Elements one after the other."""
    return "".join(written(name, value) for name, value in pairs)
