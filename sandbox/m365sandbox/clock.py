"""The clock of both services' data, which a test can set. Tokens and certificates use the machine's clock instead."""

from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Real time plus an offset, or real time again; a set clock goes on running."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def set(self, instant: datetime) -> None:
        """Make it `instant` (aware) now."""
        self._offset = instant - datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Move on, or back with a negative number."""
        self._offset += timedelta(seconds=seconds)

    def use_real_time(self) -> None:
        """Forget any offset."""
        self._offset = timedelta()
