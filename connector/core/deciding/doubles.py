"""Mail that is stored twice: which rows are copies of one mail. Pure.

Two connectors at once may store copies of one mail under two keys: both look it up before either has written. Never
lose beats never double: nothing is merged that may be another mail, so more is asked than of copies that are not
stored yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.core.deciding.copies import SECONDS_APART, SENT_WITHIN, Boxes, Nearest, agree, tagged_alike
from connector.core.deciding.identity import appearance
from connector.model.records import MatchStatus, StoredEmail


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """A mail that is stored twice: the row that was made first, which stays, and the other."""

    older: StoredEmail
    younger: StoredEmail


def doubles(rows: Sequence[StoredEmail], boxes: Boxes) -> list[Double]:
    """The rows among these that are to be merged, each into one that stays.

    Ids of Salesforce grow, so that of two rows the same one is the older whoever asks. A mail that a person removed or
    deleted is left alone: what it was is not known any more.
    """
    found: list[Double] = []
    staying: list[StoredEmail] = []
    nearest = Nearest[int]()
    for row in sorted(rows, key=lambda row: row.id):
        if row.is_deleted or row.match_status == MatchStatus.REMOVED:
            continue
        look = appearance(row, boxes)
        marks = ((look.message_id, look.recipients), (look.message_id, look.subject), look.message_id)
        like = (staying[place] for place in nearest.of(marks, look.sent_at))
        older = next((other for other in like if is_double(other, row, boxes)), None)
        if older is not None:
            found.append(Double(older=older, younger=row))
        else:
            nearest.add(marks, look.sent_at, len(staying))
            staying.append(row)
    return found


def is_double(one: StoredEmail, other: StoredEmail, boxes: Boxes) -> bool:
    """Whether two rows are copies of one mail: by the rule of copies, with subjects that differ by a tag at most.

    Where they were not sent within seconds, which is so where one has no Date, they begin with the same text too.
    """
    looks = appearance(one, boxes), appearance(other, boxes)
    if not (agree(*looks) and tagged_alike(*looks)):
        return False
    apart = abs(looks[0].sent_at - looks[1].sent_at)
    return apart <= SECONDS_APART or (apart <= SENT_WITHIN and _begin_alike(one, other))


def _begin_alike(one: StoredEmail, other: StoredEmail) -> bool:
    texts = [" ".join(str(row.fields.get("Preview__c") or "").split()) for row in (one, other)]
    return texts[0] == texts[1]
