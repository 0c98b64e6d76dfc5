"""A progress bar per mailbox, on a terminal only."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from connector.cli.output import err
from connector.models import RecordId
from connector.reading import Lane


class Progress:
    """Windows walked of windows planned; messages read of those expected, their rate, and the time that is left.

    Silent where standard error is no terminal.
    """

    def __init__(self, console: Console = err, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._begun = monotonic()
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("windows, {task.fields[read]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._tasks: dict[RecordId, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def started(self, lanes: Sequence[Lane]) -> None:
        """Show a bar for each mailbox that is read."""
        self._begun = self._monotonic()
        for lane in lanes:
            name = lane.mailbox.user_principal_name or lane.mailbox.email
            self._tasks[lane.mailbox.id] = self._bars.add_task(name, total=lane.planned, read="0 messages")

    def walked(self, lane: Lane, _: int) -> None:
        """A window of this mailbox was read."""
        read = str(lane.progress(self._monotonic() - self._begun))
        self._bars.update(self._tasks[lane.mailbox.id], completed=lane.walked, total=lane.planned, read=read)
