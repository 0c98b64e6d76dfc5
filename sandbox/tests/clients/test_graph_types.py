"""What the sandbox answers has the types that Microsoft publishes for TypeScript, as `tsc --strict` judges."""

from collections.abc import Iterator
from typing import Any

import pytest
from testkit.csdl.answers import Asked
from testkit.csdl.places import place
from testkit.csdl.specimens import furnished, shown

from tests.support.node_process import node

pytestmark = pytest.mark.node


def recorded() -> Iterator[dict[str, Any]]:
    """Every single thing that the answers hold, with its type."""
    for url, value in shown(furnished()):
        there = place(Asked.of("GET", url).below)
        items = value["value"] if there.form == "many" else [value]
        for item in items:
            if "@removed" not in item:
                yield {"name": url, "type": there.type, "value": item}


def test_every_answer_compiles_strictly() -> None:
    values = list(recorded())
    found = node("graph_types.mjs", stdin=values)
    assert found["complaints"] == []
    assert found["checked"] >= len(values)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("message", {"subject": 5}, "Type 'number' is not assignable to type 'string'"),
    ("message", {"mentions": []}, "'\"mentions\"' does not exist in type 'Message'"),
    ("message", {"importance": "High"}, "Type '\"High\"' is not assignable"),
    ("message", {"toRecipients": [{"address": "x"}]}, "'\"address\"' does not exist in type 'Recipient'"),
    (
        "message",
        {"attachments": [{"@odata.type": "#microsoft.graph.referenceAttachment", "sourceUrl": "x"}]},
        "'\"sourceUrl\"' does not exist in type 'ReferenceAttachment'",
    ),
    ("mailFolder", {"sizeInBytes": 1}, "'\"sizeInBytes\"' does not exist in type 'MailFolder'"),
]


def test_what_is_wrong_does_not_compile() -> None:
    values = [{"name": str(number), "type": kind, "value": value} for number, (kind, value, _) in enumerate(WRONG)]
    complaints = node("graph_types.mjs", stdin=values)["complaints"]
    assert sorted(found["name"] for found in complaints) == [value["name"] for value in values]
    for found in complaints:
        assert WRONG[int(found["name"])][2] in found["message"]
