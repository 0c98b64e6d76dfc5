"""A progress bar per mailbox, on a terminal only."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from connector.cli.output import err
from connector.models import RecordId
from connector.reading import Lane


class Progress:
    """Windows walked of windows planned, and messages seen. Silent where standard error is no terminal."""

    def __init__(self) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("windows, {task.fields[messages]} messages"),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
            transient=True,
        )
        self._tasks: dict[RecordId, TaskID] = {}
        self._messages: dict[RecordId, int] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def started(self, lanes: Sequence[Lane]) -> None:
        """Show a bar for each mailbox that is read."""
        for lane in lanes:
            name = lane.mailbox.user_principal_name or lane.mailbox.email
            self._tasks[lane.mailbox.id] = self._bars.add_task(name, total=lane.planned, messages=0)

    def walked(self, lane: Lane, messages: int) -> None:
        """A window of this mailbox was read."""
        box = lane.mailbox.id
        self._messages[box] = self._messages.get(box, 0) + messages
        self._bars.update(self._tasks[box], advance=1, total=lane.planned, messages=self._messages[box])
