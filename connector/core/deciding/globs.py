"""Many address patterns with `*`, found by what they hold: a user may keep thousands, and mail names many addresses.

Each pattern is filed under three characters that an address must have to match it, the ones that fewest others are
filed under. So an address is compared with the patterns of its own letters only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from connector.core.deciding.address import readable
from connector.core.deciding.pattern import Glob
from connector.model.values import NormalAddress

T = TypeVar("T")
_WIDTH = 3


@dataclass(slots=True)
class Globs(Generic[T]):
    """Patterns with what each stands for, in the order in which they were added."""

    _all: list[tuple[Glob, T]] = field(default_factory=list)
    _by_part: dict[str, list[int]] = field(default_factory=dict)
    #: those of pieces that are too short
    _others: list[int] = field(default_factory=list)

    def add(self, glob: Glob, value: T) -> None:
        """One more."""
        number = len(self._all)
        self._all.append((glob, value))
        parts = [part for piece in glob.pieces for part in _parts(piece)]
        if parts:
            rarest = min(parts, key=lambda part: len(self._by_part.get(part, ())))
            self._by_part.setdefault(rarest, []).append(number)
        else:
            self._others.append(number)

    def matching(self, address: NormalAddress) -> Sequence[T]:
        """What the patterns that match the address stand for, in their order."""
        if not self._all:
            return ()
        found = [*self._others]
        for part in {*_parts(address), *_parts(readable(address))}:
            found += self._by_part.get(part, ())
        return tuple(self._all[number][1] for number in sorted(found) if self._all[number][0].matches(address))


def _parts(text: str) -> Iterator[str]:
    return (text[at : at + _WIDTH] for at in range(len(text) - _WIDTH + 1))
