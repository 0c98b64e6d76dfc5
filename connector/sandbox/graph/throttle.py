"""Outlook's limits per app and mailbox, both off unless the tenant's settings say otherwise."""

from collections import Counter
from datetime import datetime, timedelta

from connector.sandbox.clock import SandboxClock
from connector.sandbox.graph import errors
from connector.sandbox.graph.models import TenantSettings

WINDOW = timedelta(minutes=10)
RETRY_AT_ONCE_SECONDS = 1


class Throttle:
    """Counts the requests under way and those of the last ten minutes, by mailbox."""

    def __init__(self, tenant: TenantSettings, clock: SandboxClock) -> None:
        self._tenant = tenant
        self._clock = clock
        self._busy: Counter[str] = Counter()
        self._windows: dict[str, tuple[datetime, int]] = {}

    def enter(self, mailbox: str) -> None:
        """A request of a mailbox begins. Raises the throttling error instead where a limit is reached."""
        if not mailbox:
            return
        most = self._tenant.perMailboxConcurrency
        if most is not None and self._busy[mailbox] >= most:
            raise errors.mailbox_concurrency(RETRY_AT_ONCE_SECONDS)
        self._count(mailbox)
        self._busy[mailbox] += 1  # counted without a limit too: one may be set while requests are under way

    def leave(self, mailbox: str) -> None:
        """A request of a mailbox has been answered."""
        if self._busy[mailbox] > 0:
            self._busy[mailbox] -= 1

    def clear(self) -> None:
        """Forget the last ten minutes."""
        self._windows.clear()

    def _count(self, mailbox: str) -> None:
        most = self._tenant.requestsPer10Min
        if most is None:
            return
        now = self._clock.now()
        start, count = self._windows.get(mailbox, (now, 0))
        if not start <= now < start + WINDOW:
            start, count = now, 0
        if count >= most:
            raise errors.too_many_requests(max(1, int((start + WINDOW - now).total_seconds())))
        self._windows[mailbox] = (start, count + 1)
