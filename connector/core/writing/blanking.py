"""What is left of a mail that a person removed: enough to know it again, nothing of what it said. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.model.records import Row
from connector.model.schema import MAIL, Use
from connector.model.values import RecordId

#: The Name of a mail that is blanked.
BLANKED = "(removed)"
#: What the fields of the mail become that are not kept.
BLANK: Mapping[str, Any] = {
    **{name: None for name in MAIL.names(Use.CREATED) if name not in MAIL.names(Use.KEPT)},
    "Name": BLANKED,
    "Body_Truncated__c": False,
}
_USER = "005"


def blanked(email: RecordId) -> Row:
    """The update that blanks a mail."""
    return Row(object=MAIL.name, key_field="Message_Key__c", key="", fields=BLANK, id=email)


def only_of(documents: Mapping[str, Iterable[str]], emails: Iterable[str]) -> frozenset[str]:
    """The files that are linked to these mails and to nothing else, their owners apart.

    `documents`: for each file the ids of what it is linked to.
    """
    ours = frozenset(emails)
    return frozenset(
        document
        for document, linked in documents.items()
        if all(entity in ours or entity.startswith(_USER) for entity in linked)
    )
