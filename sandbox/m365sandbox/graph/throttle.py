"""Outlook's limits per app and mailbox, both off unless the tenant's settings say otherwise.

Four requests at once, and 10,000 in ten minutes (Graph: service-specific throttling limits, Outlook).
"""

from collections import Counter
from datetime import datetime, timedelta

from m365sandbox.clock import SandboxClock
from m365sandbox.graph import errors
from m365sandbox.graph.models import TenantSettings

WINDOW = timedelta(minutes=10)
RETRY_AT_ONCE_SECONDS = 1

#: An app and a mailbox, which share their limits.
_Key = tuple[str, str]


class Throttle:
    """Counts the requests under way and those of the last ten minutes, by app and mailbox."""

    def __init__(self, tenant: TenantSettings, clock: SandboxClock) -> None:
        self._tenant = tenant
        self._clock = clock
        self._busy: Counter[_Key] = Counter()
        self._windows: dict[_Key, tuple[datetime, int]] = {}

    def enter(self, mailbox: str, app: str = "") -> None:
        """An app's request of a mailbox begins. Raises the throttling error instead where a limit is reached."""
        if not mailbox:
            return
        most = self._tenant.perMailboxConcurrency
        key = (app, mailbox)
        if most is not None and self._busy[key] >= most:
            raise errors.mailbox_concurrency(RETRY_AT_ONCE_SECONDS)
        self._count(key)
        self._busy[key] += 1  # counted without a limit too: one may be set while requests are under way

    def leave(self, mailbox: str, app: str = "") -> None:
        """An app's request of a mailbox has been answered."""
        key = (app, mailbox)
        if self._busy[key] > 0:
            self._busy[key] -= 1

    def clear(self) -> None:
        """Forget the last ten minutes."""
        self._windows.clear()

    def _count(self, mailbox: _Key) -> None:
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
