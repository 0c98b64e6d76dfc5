"""What the rule of copies says of two messages, as `identify` asks it of many."""

from connector.core.deciding.copies import Boxes, agree
from connector.core.deciding.identity import appearance, message_key
from connector.model.mail import Header
from connector.model.records import StoredEmail


def same_mail(one: Header | StoredEmail, other: Header | StoredEmail, boxes: Boxes | None = None) -> bool:
    """Whether two copies are one mail: they have the same key, or agree. Without a Message-ID that can be stored whole
    only the key says it."""
    keys = {message_key(each) if isinstance(each, Header) else each.key for each in (one, other)}
    return len(keys) == 1 or agree(appearance(one, boxes or {}), appearance(other, boxes or {}))
