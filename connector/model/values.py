"""Ids and instants, of which everything else in the model is made. Datetimes are aware and in UTC."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NewType, TypeVar

_T = TypeVar("_T")

#: 18-character Salesforce record id
RecordId = NewType("RecordId", str)
#: id of a user in Microsoft Graph (a GUID)
GraphUserId = NewType("GraphUserId", str)
#: immutable id of a message in Microsoft Graph; case-sensitive
MessageId = NewType("MessageId", str)
#: where a message is: its mailbox's row, and its id there
Place = tuple[RecordId, MessageId]
#: id of a mail folder; does not depend on ImmutableId
FolderId = NewType("FolderId", str)
#: an address after `core.deciding.address.normalise`
NormalAddress = NewType("NormalAddress", str)


def require_aware(*instants: datetime | None) -> None:
    """Raise ValueError for a datetime without a zone: naive times are how mail is lost twice a year."""
    for instant in instants:
        if instant is not None and instant.utcoffset() is None:
            raise ValueError("a datetime needs a time zone")


def whole_second(instant: datetime) -> datetime:
    """`instant` in UTC with its fraction cut off: received times are compared in whole seconds only."""
    require_aware(instant)
    return instant.astimezone(UTC).replace(microsecond=0)


def batched(values: Sequence[_T], most: int) -> Iterator[Sequence[_T]]:
    """`values` in parts of at most `most`, in order. As itertools.batched, which Python 3.11 lacks."""
    for start in range(0, len(values), most):
        yield values[start : start + most]
