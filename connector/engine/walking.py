"""A window that is being walked, what a reader holds meanwhile, and the order in which its steps are taken."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from connector.core.reading.cutter import TARGET, WindowCutter
from connector.core.reading.ladder import climb
from connector.core.reading.walk import LARGEST_PAGE, PageRequest, Walk
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.model.run import Window, WindowKind
from connector.ports import PageCall

Step = Callable[[], None]

#: what a walk is taken to hold until it ends, by the kind of its window; a backfill's is a whole window
EXPECTED = {WindowKind.BACKFILL: TARGET, WindowKind.SWEEP: 250}
_EXPECTED_LIVE = 50
#: messages after which a window is closed early; ids alone take little
_SPLIT, _SPLIT_IDS = 2_000, 5_000
_PAGE = 250


@dataclass(slots=True)
class Walking:
    """A window that is being walked."""

    queue: WindowQueue
    cutter: WindowCutter
    window: Window
    steps: Walk
    reserved: int
    ids_only: bool
    #: a message that may have to be placed in a folder was found
    found: bool = False

    @classmethod
    def begun(cls, queue: WindowQueue, cutter: WindowCutter, window: Window, *, settle: timedelta) -> Self:
        """The walk of a window, before its first page."""
        ids_only = window.kind == WindowKind.SWEEP and queue.sweep is not None and queue.sweep.ids_only
        reserved = EXPECTED.get(window.kind, _EXPECTED_LIVE)
        if queue.expected is not None and window.kind is WindowKind.BACKFILL:
            reserved = min(reserved, queue.expected)
        top, split = (LARGEST_PAGE, _SPLIT_IDS) if ids_only else (_PAGE, _SPLIT)
        return cls(queue, cutter, window, climb(window, top=top, settle=settle, split_at=split), reserved, ids_only)

    def call(self, request: PageRequest, *, with_tree: bool) -> PageCall:
        """What the source is asked for a page."""
        return PageCall(
            mailbox=self.queue.mailbox.id,
            user=self.queue.user,
            kind=self.window.kind,
            start=request.start,
            end=request.end,
            top=request.top,
            link=request.link,
            folder=self.window.folder,
            with_tree=with_tree,
            ids_only=self.ids_only or request.ids_only,
            once=request.once,
        )


@dataclass(slots=True)
class ReaderState:
    """What a reader has read and not handed over, and why it ends."""

    pile: list[WalkedWindow] = field(default_factory=list)
    #: in the pile, and taken to be in walks under way
    headers: int = 0
    reserved: int = 0
    failure: BaseException | None = None
    #: take no further window
    stopped: bool = False
    #: what is being walked will not be taken
    abandoned: bool = False


class StepQueue:
    """Takes steps in the thread that has them, one after the other: a source may answer at once, and answers that do
    must not pile up on the stack. `failed` is given what a step raises."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._local = threading.local()

    def take(self, step: Step) -> None:
        """Take a step, after those that led to it. An exception is handed on, so that the thread goes on."""
        waiting: deque[Step] | None = getattr(self._local, "steps", None)
        if waiting is not None:
            waiting.append(step)
            return
        waiting = self._local.steps = deque([step])
        try:
            while waiting:
                waiting.popleft()()
        except BaseException as error:  # handed to the thread that takes, which decides
            self._failed(error)
        finally:
            del self._local.steps
