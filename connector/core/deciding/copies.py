"""When two messages are copies of one mail, and how many messages are put together to mails. Pure.

Part of `identity`, which makes the keys. Bulk senders give different mails one Message-ID, so an id alone proves
nothing, and copies of one mail do not look alike: gateways tag subjects, Exchange shows a legacy name in place of an
address, a copy without a usable Date has the time at which it was received.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Generic, TypeVar

from connector.core.deciding.address import is_smtp, normalise, without_unseen
from connector.model.values import NormalAddress, RecordId

#: copies of one mail were sent within this time
SENT_WITHIN = timedelta(minutes=2)
#: two items of one mailbox that both have a Date: what a program's own copy and the one that came back may differ by
SECONDS_APART = timedelta(seconds=5)
#: mails that one is compared with, for each way to find them: of a Message-ID that very many mails have, only what
#: is nearest is looked at, so that the work grows with the number of mails and not with its square
MOST_COMPARED = 16
#: Subject__c holds as many UTF-16 units
_SUBJECT_BYTES = 2 * 255
_OPENING, _CLOSING, _BETWEEN = "[({<*", "])}>*", "-|:\u2013\u2014"
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_Item = TypeVar("_Item", int, str)

#: which linked mailbox an address belongs to
Boxes = Mapping[NormalAddress, RecordId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """What copies of a mail are compared by, of a message or of a stored row.

    `sender` and `recipients` are addresses, or the linked mailbox they belong to; what is no SMTP address is left out.
    `is_dated`: the sent time is that of its Date. `is_removed`: of a row that a person removed, which is blank.
    """

    message_id: str | None
    sent_at: datetime
    sender: str | None = None
    recipients: frozenset[str] = frozenset()
    subject: str = ""
    mailbox: RecordId | None = None
    item: str | None = None
    is_dated: bool = True
    is_removed: bool = False


def collapsed(subject: str) -> str:
    """A subject with its white space collapsed."""
    return " ".join(subject.split())


def comparable(subject: str) -> str:
    """A subject as it is compared: as far as a stored row has it, which is cut and has no control characters."""
    # half of a surrogate pair is another character in Salesforce, and counts for nothing here
    text = collapsed(without_unseen(collapsed(subject)))
    if len(text) * 4 > _SUBJECT_BYTES:
        text = text.encode("utf-16-le", "ignore")[:_SUBJECT_BYTES].decode("utf-16-le", "ignore").strip()
    return "" if text == "(no subject)" else text


def identity_of(address: str, boxes: Boxes) -> str | None:
    """The linked mailbox that an address belongs to, or the address; None where it is no SMTP address."""
    found = normalise(address)
    return (boxes.get(found) or found) if is_smtp(found) else None


def agree(one: Appearance, other: Appearance, *, within: timedelta = SENT_WITHIN) -> bool:
    """Whether two messages with one Message-ID are copies of one mail (DESIGN §2.5).

    They were sent within two minutes, their senders agree, one set of recipients contains the other. Two items of one
    mailbox have the same subject too, and were sent within seconds if both have a Date: a program that uses one id for
    all its mails may well write twice a minute to one client. Where a set of recipients is empty, and so says nothing,
    subjects may differ by a tag only. The row of a mail that a person removed is blank, and agrees with any.
    """
    if one.message_id is None or one.message_id != other.message_id or abs(one.sent_at - other.sent_at) > within:
        return False
    if one.is_removed or other.is_removed:
        return True
    if one.mailbox is not None and one.mailbox == other.mailbox:
        if one.item is not None and one.item == other.item:
            return True  # a person may edit the subject of a message in the mailbox
        if not _one_item(one, other):
            return False
    if not (one.sender is None or other.sender is None or one.sender == other.sender):
        return False
    if not (one.recipients <= other.recipients or other.recipients <= one.recipients):
        return False
    return bool(one.recipients and other.recipients) or tagged_alike(one, other)


def all_agree(some: Sequence[Appearance], others: Sequence[Appearance]) -> bool:
    """Whether the copies of two groups, which one stored row agrees with, are all copies of one mail."""
    return _Group.of(some).takes(_Group.of(others), within=2 * SENT_WITHIN)


def _one_item(one: Appearance, other: Appearance) -> bool:
    """Whether two items of one mailbox can be one mail: it came back to its sender, or by two ways."""
    near = abs(one.sent_at - other.sent_at) <= SECONDS_APART
    return one.subject == other.subject and (near or not (one.is_dated and other.is_dated))


def tagged_alike(one: Appearance, other: Appearance) -> bool:
    """Whether two subjects are the same but for a tag of a gateway: any words before it, or a mark behind it."""
    left, right = sorted((one.subject.casefold(), other.subject.casefold()), key=len)
    if left == right:
        return True
    if left and right.endswith(left):
        return not right[-len(left) - 1].isalnum()
    behind = right[len(left) :].strip()
    return bool(left) and right.startswith(left) and _is_mark(behind)


def _is_mark(text: str) -> bool:
    return text[:1] in _BETWEEN or (text[:1] in _OPENING and text[-1:] in _CLOSING)


class _Likeness(IntEnum):
    """How alike subjects must be for groups to be joined: what is most alike is joined first."""

    SAME = 0
    TAGGED = 1
    ANY = 2


#: the first and the last sent time of the items of a mailbox that have a Date
_Span = tuple[datetime, datetime] | None


@dataclass(slots=True)
class _Group:
    """Copies of one mail: their places in what was given, and each look once, with the mailboxes that show it.

    Looks are without their time, which is told by `first` and `last`: a mail without Date has another time in each of
    very many mailboxes.
    """

    first: datetime
    last: datetime
    looks: dict[Appearance, dict[RecordId, _Span]]
    places: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, looks: Iterable[Appearance]) -> "_Group":
        """Copies that are known to be one mail."""
        groups = [
            cls(
                look.sent_at,
                look.sent_at,
                {_timeless(look): {} if look.mailbox is None else {look.mailbox: _span(look)}},
            )
            for look in looks
        ]
        for group in groups[1:]:
            groups[0].join(group)
        return groups[0]

    @property
    def look(self) -> Appearance:
        """That of the first copy."""
        return next(iter(self.looks))

    def takes(self, other: "_Group", *, within: timedelta = SENT_WITHIN) -> bool:
        """Whether all of both are copies of one mail: likeness is not handed on from copy to copy."""
        if max(self.last, other.last) - min(self.first, other.first) > within:
            return False
        if len(self.looks) > MOST_COMPARED or len(other.looks) > MOST_COMPARED:
            return False
        return all(
            agree(mine, theirs) and _may_share(mine.subject == theirs.subject, here, there)
            for mine, here in self.looks.items()
            for theirs, there in other.looks.items()
        )

    def rank(self, other: "_Group") -> tuple[bool, bool, timedelta]:
        """The less, the rather are they one mail."""
        mine, theirs = self.look, other.look
        return (
            mine.sender is None or mine.sender != theirs.sender,
            mine.recipients != theirs.recipients,
            abs(self.first - other.first),
        )

    def join(self, other: "_Group") -> None:
        """Take in all of the other."""
        self.places += other.places
        for look, boxes in other.looks.items():
            known = self.looks.setdefault(look, {})
            known |= {box: _both(known.get(box), span) for box, span in boxes.items()}
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


def _may_share(same_subject: bool, here: Mapping[RecordId, _Span], there: Mapping[RecordId, _Span]) -> bool:
    """Whether items of one mailbox among these can be one mail, as in `_one_item`."""
    for box in here.keys() & there.keys():
        span = _both(here[box], there[box])
        near = here[box] is None or there[box] is None or span is None or span[1] - span[0] <= SECONDS_APART
        if not (same_subject and near):
            return False
    return True


def _both(one: _Span, other: _Span) -> _Span:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _span(look: Appearance) -> _Span:
    return (look.sent_at, look.sent_at) if look.is_dated else None


def _timeless(look: Appearance) -> Appearance:
    return replace(look, mailbox=None, item=None, sent_at=_NO_TIME, is_dated=True)


def anywhere(look: Appearance) -> Appearance:
    """The same in whatever mailbox: items that look so are copies of one mail."""
    return replace(look, mailbox=None, item=None)


def grouped(looks: Sequence[Appearance]) -> list[list[int]]:
    """The places of those that are copies of one mail together; all have one Message-ID, and come in a fixed order.

    What looks the same is one mail. Then mails are joined: first those with the same subject, then those whose
    subjects differ by tags, then others; all copies of each must agree with all of the other. So the result depends on
    the order of `looks` only, and a copy that agrees with two mails goes to the one it is most like.
    """
    same: dict[Appearance, _Group] = {}
    for place, look in enumerate(looks):
        group = _Group.of([look])
        group.places.append(place)
        known = same.setdefault(anywhere(look), group)
        if known is not group:
            known.join(group)
    groups = [*same.values()]
    for likeness in _Likeness:
        groups = _joined(groups, likeness)
    return [group.places for group in groups]


def _joined(groups: Sequence[_Group], likeness: _Likeness) -> list[_Group]:
    found: list[_Group] = []
    nearest = Nearest[int]()
    for group in groups:
        look = group.look
        # those to the same people are among what is looked at, however many others there are
        marks = (look.recipients, None) if likeness else ((look.subject, look.recipients), look.subject)
        candidates = (found[index] for index in nearest.of(marks, group.first))
        taking = [
            candidate
            for candidate in candidates
            if (likeness is not _Likeness.TAGGED or tagged_alike(candidate.look, look)) and candidate.takes(group)
        ]
        if taking:
            min(taking, key=group.rank).join(group)
        else:
            nearest.add(marks, group.first, len(found))
            found.append(group)
    return found


class Nearest(Generic[_Item]):
    """Items by marks and time: a few of those that were sent nearest, for each mark."""

    def __init__(self) -> None:
        self._by_mark: dict[object, list[tuple[datetime, _Item]]] = {}

    def add(self, marks: Iterable[object], sent_at: datetime, item: _Item) -> None:
        """One more item, to be found by each of these marks."""
        for mark in marks:
            insort(self._by_mark.setdefault(mark, []), (sent_at, item))

    def of(self, marks: Iterable[object], sent_at: datetime) -> list[_Item]:
        """Items with one of the marks that were sent within two minutes, each once; at most `MOST_COMPARED` a mark."""
        found: dict[_Item, None] = {}
        for mark in marks:
            found |= dict.fromkeys(self._of(self._by_mark.get(mark, ()), sent_at))
        return list(found)

    @staticmethod
    def _of(known: Sequence[tuple[datetime, _Item]], sent_at: datetime) -> Iterator[_Item]:
        right = bisect_left(known, sent_at, key=lambda each: each[0])
        left = right - 1
        for _ in range(MOST_COMPARED):
            before = sent_at - known[left][0] if left >= 0 else None
            after = known[right][0] - sent_at if right < len(known) else None
            if after is not None and after <= SENT_WITHIN and (before is None or after <= before):
                yield known[right][1]
                right += 1
            elif before is not None and before <= SENT_WITHIN:
                yield known[left][1]
                left -= 1
            else:
                return
