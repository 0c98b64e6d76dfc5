"""The ids of the messages that a run has seen, and of the files that it has stored, in eight bytes each."""

from array import array
from bisect import bisect_left
from hashlib import blake2b
from heapq import merge

#: ids that are kept in a set before they are sorted into the array
_NEW_IDS = 2_000


class SeenIds:
    """A set of ids in eight bytes each: 64-bit hashes, sorted. A chance of 1 in 10^13 to mistake one of a million ids
    for another; the other message, or file, is then found by the next sweep."""

    __slots__ = ("_new", "_sorted")

    def __init__(self) -> None:
        self._sorted = array("Q")
        self._new: set[int] = set()

    def __contains__(self, identity: str) -> bool:
        number = _hash(identity)
        if number in self._new:
            return True
        place = bisect_left(self._sorted, number)
        return place < len(self._sorted) and self._sorted[place] == number

    def add(self, identity: str) -> None:
        """Add an id to the set."""
        self._new.add(_hash(identity))
        if len(self._new) >= max(_NEW_IDS, len(self._sorted) // 8):
            self._sorted = array("Q", merge(self._sorted, sorted(self._new)))
            self._new.clear()


def _hash(identity: str) -> int:
    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "big")
