"""The ids of the messages that a run has seen, in eight bytes each."""

from array import array
from bisect import bisect_left
from hashlib import blake2b
from heapq import merge

from connector.model.values import MessageId

#: ids that are kept in a set before they are sorted into the array
_NEW_IDS = 2_000


class SeenIds:
    """A set of message ids in eight bytes each: 64-bit hashes, sorted. A chance of 1 in 10^13 to mistake one of a
    million ids for another; the other message is then found by the next sweep."""

    __slots__ = ("_new", "_sorted")

    def __init__(self) -> None:
        self._sorted = array("Q")
        self._new: set[int] = set()

    def __contains__(self, message: MessageId) -> bool:
        number = _hash(message)
        if number in self._new:
            return True
        place = bisect_left(self._sorted, number)
        return place < len(self._sorted) and self._sorted[place] == number

    def add(self, message: MessageId) -> None:
        """Add an id to the set."""
        self._new.add(_hash(message))
        if len(self._new) >= max(_NEW_IDS, len(self._sorted) // 8):
            self._sorted = array("Q", merge(self._sorted, sorted(self._new)))
            self._new.clear()


def _hash(message: MessageId) -> int:
    return int.from_bytes(blake2b(message.encode(), digest_size=8).digest(), "big")
