"""What is left of a mail that a person removed or deleted: enough to know it again, nothing of what it said. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.core.writing.text import units
from connector.model.records import MatchStatus, Row, StoredEmail
from connector.model.schema import MAIL, Use
from connector.model.values import RecordId

#: The Name of a mail that is blanked.
BLANKED = "(removed)"
#: What the fields of the mail become that are not kept.
BLANK: Mapping[str, Any] = {
    **dict.fromkeys(
        name for use in (Use.CREATED, Use.CHANGED) for name in MAIL.names(use) if name not in MAIL.names(Use.KEPT)
    ),
    "Name": BLANKED,
    "Body_Truncated__c": False,
}
#: What the fields of an error row become whose mail is not, or no longer, client mail. Its ids and its code stay.
FORGOTTEN: Mapping[str, Any] = {
    "Subject__c": None,
    "Internet_Message_Id__c": None,
    "Message__c": "The mail is not on a client record, so that this row says nothing of it.",
}
_USER = "005"


def blanked(email: RecordId) -> Row:
    """The update that blanks a mail."""
    fields = {**BLANK, "Match_Status__c": MatchStatus.REMOVED}
    return Row(object=MAIL.name, key_field="Message_Key__c", key="", fields=fields, id=email)


#: Message_Key__c of what stands in for a deleted mail: this and the mail's id, so that the mail itself, whose key is
#: unique, can still be undeleted.
TOMBSTONE = "deleted:"
#: Internet_Message_Id__c of such a row whose mail has no Message-ID by which it could be recognised: this and its key.
BY_KEY = "key:"
#: What Internet_Message_Id__c holds.
_LONGEST_ID = 255


def tombstone(email: StoredEmail) -> Row:
    """What keeps away a mail that a person deleted, since a recycle bin forgets. It says nothing of the mail."""
    mid = email.internet_message_id
    fields = {
        "Name": BLANKED,
        "Message_Key__c": f"{TOMBSTONE}{email.id}",
        "Internet_Message_Id__c": mid if names_mail(mid) else f"{BY_KEY}{email.key}",
        "Sent_At__c": email.sent_at,
        "Match_Status__c": MatchStatus.REMOVED,
        "OwnerId": email.owner,
    }
    return Row(object=MAIL.name, key_field="Message_Key__c", key=f"{TOMBSTONE}{email.id}", fields=fields)


def buried(key: str) -> RecordId | None:
    """The mail that a row with this Message_Key__c stands in for; None for a mail itself."""
    return RecordId(key.removeprefix(TOMBSTONE)) if key.startswith(TOMBSTONE) else None


def names_mail(message_id: str | None) -> bool:
    """Whether a Message-ID can be stored whole, so that a mail may be recognised by it."""
    return message_id is not None and units(message_id) < _LONGEST_ID


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
