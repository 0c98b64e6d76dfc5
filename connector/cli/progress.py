"""How a run goes, on a terminal only: a line for all mailboxes, and one for each of the busiest few."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column

from connector.cli.terminal import err
from connector.core.reading.progress import together
from connector.engine.windows import WindowQueue

#: so many mailboxes have a line of their own; with the total they fit on any terminal
MOST_LINES = 4
_NAME, _BAR = 22, 8


class Progress:
    """The share of received time that was read; messages read of those expected, their rate, and the time that is left.

    Silent where standard error is no terminal, or where it is not to be `shown`. Called from several threads.
    """

    def __init__(
        self, console: Console = err, *, shown: bool = True, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._begun = monotonic()
        self._bars = Bars(
            TextColumn("{task.description}", markup=False, table_column=_column(_NAME)),
            BarColumn(bar_width=_BAR),
            TextColumn("{task.percentage:>3.0f}%", table_column=_column(4)),
            TextColumn("{task.fields[read]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console,
            disable=not (shown and console.is_terminal),
            # lines of a dry run go to standard output, wherever that leads
            redirect_stdout=False,
            transient=True,
        )
        self._queues: tuple[WindowQueue, ...] = ()
        self._total: TaskID | None = None
        self._lines: list[TaskID] = []

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def started(self, queues: Sequence[WindowQueue]) -> None:
        """Show the line of all, and room for the busiest of these mailboxes."""
        self._begun = self._monotonic()
        self._queues = tuple(queues)
        if not queues:
            return
        name = _name(queues[0]) if len(queues) == 1 else f"{len(queues)} mailboxes"
        self._total = self._bars.add_task(name, total=None, read="0 messages")
        if len(queues) > 1:
            self._lines = [self._bars.add_task("", total=None, read="", visible=False) for _ in queues[:MOST_LINES]]

    def walked(self, queue: WindowQueue, _: int) -> None:
        """A window of this mailbox was read."""
        del queue
        if self._total is None:
            return
        seconds = self._monotonic() - self._begun
        parts = [each.progress(seconds) for each in self._queues]
        whole = together(parts, seconds)
        self._bars.update(self._total, completed=whole.covered, total=whole.planned, read=whole.brief)
        at_work = [pair for pair in zip(self._queues, parts, strict=True) if 0 < pair[1].covered < pair[1].planned]
        busiest = sorted(at_work, key=lambda pair: -pair[1].messages)[:MOST_LINES]
        for number, line in enumerate(self._lines):
            if number >= len(busiest):
                self._bars.update(line, visible=False)
                continue
            each, part = busiest[number]
            name = f"  {_name(each)}"
            self._bars.update(
                line, description=name, completed=part.covered, total=part.planned, read=part.brief, visible=True
            )


def _column(width: int) -> Column:
    return Column(width=width, no_wrap=True, overflow="ellipsis")


def _name(queue: WindowQueue) -> str:
    return queue.mailbox.user_principal_name or queue.mailbox.email
