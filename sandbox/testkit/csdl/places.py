"""What stands at an address of Graph, told from the metadata alone: the sandbox's own routes are not asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import unquote

from testkit.csdl.schema import graph_schema

Form = Literal["one", "many", "value", "stream", "nothing"]
_KEYED = re.compile(r"([\w.]+)\('?(.*?)'?\)")
_CAST = "microsoft.graph."
_ACTIONS: Mapping[str, tuple[str, Form]] = {
    "createreply": ("message", "one"),
    "createreplyall": ("message", "one"),
    "createforward": ("message", "one"),
    "send": ("", "nothing"),
    "reply": ("", "nothing"),
    "replyall": ("", "nothing"),
    "forward": ("", "nothing"),
    "sendmail": ("", "nothing"),
    "translateexchangeids": ("convertIdResult", "many"),
    "permanentdelete": ("", "nothing"),
}
#: These give what they are bound to: a message or a folder.
_OF_ITSELF = ("move", "copy")


@dataclass(frozen=True, slots=True)
class Place:
    """`form` of what is there, its `type`, and whether it is a list of changes."""

    type: str
    form: Form
    is_delta: bool = False


class UnknownPlaceError(Exception):
    """The metadata has nothing at this address."""


def place(address: str) -> Place:
    """What a path below the version leads to, such as `users/ada@firm.example/messages`."""
    segments = _segments(address)
    if not segments:
        raise UnknownPlaceError(address)
    first, *rest = segments
    roots = {"users": Place("user", "many"), "me": Place("user", "one"), "subscriptions": Place("subscription", "many")}
    if first.lower() not in roots:
        raise UnknownPlaceError(address)
    at = roots[first.lower()]
    for segment in rest:
        following = _following(at, segment)
        if following is None:
            raise UnknownPlaceError(f"{segment} in {address}")
        at = following
    return at


def _following(at: Place, segment: str) -> Place | None:
    name = segment.lower().removesuffix("()")
    if at.form in ("value", "stream", "nothing"):
        return None
    if name == "$value":
        return Place("", "stream") if at.form == "one" else None
    if name == "$count":
        return Place("", "stream") if at.form == "many" else None
    if name.removeprefix(_CAST) == "delta" and at.form == "many":
        return replace(at, is_delta=True)
    if name.startswith(_CAST):
        kind = _named(segment.removesuffix("()")[len(_CAST) :])
        if kind is not None and graph_schema().is_a(kind, at.type):
            return replace(at, type=kind)
    if at.form == "many":
        return replace(at, form="one")  # a key, or a well-known name
    if name.removeprefix(_CAST) in _OF_ITSELF:
        return at
    if name.removeprefix(_CAST) in _ACTIONS:
        return Place(*_ACTIONS[name.removeprefix(_CAST)])
    return _member(at, name)


def _member(at: Place, name: str) -> Place | None:
    for member in graph_schema().structures[at.type].members.values():
        if member.name.lower() == name:
            structure = graph_schema().structures.get(member.type)
            is_single = structure is not None and not member.is_collection
            form: Form = "many" if member.is_navigation and member.is_collection else "one" if is_single else "value"
            return Place(
                f"Collection({member.type})" if form == "value" and member.is_collection else member.type, form
            )
    return None


def _named(name: str) -> str | None:
    return next((kind for kind in graph_schema().structures if kind.lower() == name.lower()), None)


def _segments(address: str) -> list[str]:
    """Decoded segments; `users('id')` is two."""
    found: list[str] = []
    for raw in address.strip("/").split("/"):
        keyed = _KEYED.fullmatch(unquote(raw))
        if keyed and keyed.group(2):
            found += [keyed.group(1), keyed.group(2)]
        else:
            found.append(unquote(raw))
    return found
