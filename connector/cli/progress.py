"""A progress bar per mailbox, on a terminal only."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from connector.cli.terminal import err
from connector.engine.windows import WindowQueue
from connector.model.values import RecordId


class Progress:
    """The share of received time that was read; messages read of those expected, their rate, and the time that is left.

    Silent where standard error is no terminal, or where it is not to be `shown`.
    """

    def __init__(
        self, console: Console = err, *, shown: bool = True, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._begun = monotonic()
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:.0f}% of the time, {task.fields[read]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not (shown and console.is_terminal),
            # lines of a dry run go to standard output, wherever that leads
            redirect_stdout=False,
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

    def started(self, queues: Sequence[WindowQueue]) -> None:
        """Show a bar for each mailbox that is read."""
        self._begun = self._monotonic()
        for queue in queues:
            name = queue.mailbox.user_principal_name or queue.mailbox.email
            self._tasks[queue.mailbox.id] = self._bars.add_task(name, total=queue.planned, read="0 messages")

    def walked(self, queue: WindowQueue, _: int) -> None:
        """A window of this mailbox was read."""
        read = str(queue.progress(self._monotonic() - self._begun))
        self._bars.update(self._tasks[queue.mailbox.id], completed=queue.covered, total=queue.planned, read=read)
