"""What is left of a mail that a person removed: enough to know it again, nothing of what it said. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.model.records import Row
from connector.model.values import RecordId

#: The Name of a mail that is blanked.
BLANKED = "(removed)"
#: By these the same mail is known again, whichever copy comes; the owner stays too.
KEPT = frozenset({"Message_Key__c", "Internet_Message_Id__c", "Sent_At__c", "Match_Status__c"})
#: Every other field of Email__c.
BLANK: Mapping[str, Any] = {
    "Name": BLANKED,
    **dict.fromkeys(
        (
            "Subject__c",
            "From_Address__c",
            "From_Name__c",
            "To__c",
            "Cc__c",
            "Bcc__c",
            "Received_At__c",
            "Direction__c",
            "Body__c",
            "Preview__c",
            "Attachment_Count__c",
            "Attachment_Notes__c",
            "Importance__c",
            "Web_Link__c",
            "Conversation_Key__c",
            "Graph_Message_Id__c",
            "Mailbox__c",
            "Sync_Event__c",
            "Expires_On__c",
        )
    ),
    "Body_Truncated__c": False,
}
_USER = "005"


def blanked(email: RecordId) -> Row:
    """The update that blanks a mail."""
    return Row(object="Email__c", key_field="Message_Key__c", key="", fields=BLANK, id=email)


def only_of(documents: Mapping[str, Iterable[str]], emails: Iterable[str]) -> frozenset[str]:
    """The files that are linked to these mails and to nothing else, their owners apart.

    `documents` tells for each file what it is linked to.
    """
    ours = frozenset(emails)
    return frozenset(
        document
        for document, linked in documents.items()
        if all(entity in ours or entity.startswith(_USER) for entity in linked)
    )
