"""What a check found: the rule that is broken, where, and what the platform says of it."""

from typing import NamedTuple
from xml.etree import ElementTree as ET


class Problem(NamedTuple):
    """A rule that a file breaks. `node`: the element it is about; None for the file as a whole.

    `text` is the platform's message where it is known.
    """

    rule: str
    place: str
    node: ET.Element | None
    text: str


def no_such(kind: str, name: str, element: str) -> str:
    """What the platform says of a reference to nothing."""
    return f"In field: {element} - no {kind} named {name} found"


def depends(what: str, others: str) -> str:
    """What the platform says of a permission without those it builds on."""
    return f"Permission {what} depends on permission(s): {others}"
