"""How far a reading is, how fast, and how long it will still take. Pure; it decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Seconds of received time `covered` of those `planned`, and the `messages` in them, in so many `seconds`.

    `expected`: how many messages there are by Graph's own count, None where it does not say. It may be wrong either
    way: hidden items are counted, and mail comes and goes.
    """

    covered: float
    planned: float
    messages: int
    expected: int | None
    seconds: float

    @property
    def rate(self) -> float:
        """Messages read in a second, on average."""
        return self.messages / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds until all is read, at the pace so far; None before anything was read."""
        if self.planned <= self.covered:
            return 0.0
        return self.seconds * (self.planned - self.covered) / self.covered if self.covered else None

    def __str__(self) -> str:
        """`1,200 of about 5,000 messages, 56/s, 3 min left`."""
        known = f" of about {self.expected:,}" if self.expected is not None and self.expected >= self.messages else ""
        left = self.left
        return f"{self.messages:,}{known} messages, {self.rate:.0f}/s" + (f", {_long(left)} left" if left else "")

    @property
    def brief(self) -> str:
        """`1,200 of 5,000, 56/s, 3 min left`: the same for a narrow terminal."""
        known = (
            f" of {self.expected:,}" if self.expected is not None and self.expected >= self.messages else " messages"
        )
        left = self.left
        return f"{self.messages:,}{known}, {self.rate:.0f}/s" + (f", {_long(left)} left" if left else "")


def together(parts: Iterable[Progress], seconds: float) -> Progress:
    """The progress of all mailboxes; `expected` counts those of which nothing is expected as what they have shown."""
    every = list(parts)
    known = any(part.expected is not None for part in every)
    return Progress(
        covered=sum(part.covered for part in every),
        planned=sum(part.planned for part in every),
        messages=sum(part.messages for part in every),
        expected=sum(max(part.expected or 0, part.messages) for part in every) if known else None,
        seconds=seconds,
    )


def _long(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"
