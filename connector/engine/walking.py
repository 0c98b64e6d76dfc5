"""A window that is being walked, what a reader holds meanwhile, and the order in which its steps are taken."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.walk import Walk
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.model.run import Window

Step = Callable[[], None]


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
