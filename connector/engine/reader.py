"""Step 3: read mailboxes in windows, several at once, and hand over what was walked in chunks.

Worker threads take the next window of a mailbox's lane, walk it (`core.walk` decides, the mail source fetches) and put
the result on the pile. The main thread takes chunks from the pile. Reading pauses while the pile is high, so memory
stays bounded however large a backfill is. Nothing here decides about a mail, and nothing is written.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType

from connector.core.reading.folders import UnknownFolderError, with_folder
from connector.core.reading.progress import Progress
from connector.core.reading.sweep import sweep_windows, swept_folders
from connector.core.reading.walk import PageRequest, Walked, walk
from connector.errors import ConnectorError, MailboxError
from connector.model.mail import Folder, FolderTree, Header, Page
from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import FolderId, GraphUserId
from connector.ports import MailSource


@dataclass(slots=True)
class Sweep:
    """What is to be swept once all windows of a lane were walked; `folders` is None until it has begun."""

    range: Window
    folders: tuple[FolderId, ...] | None = None


@dataclass(slots=True)
class WindowQueue:
    """One mailbox's windows, in the order in which they are read, and its folder tree once a message needs it."""

    mailbox: Mailbox
    user: GraphUserId
    windows: deque[Window]
    planned: int = 0
    tree: FolderTree | None = None
    tree_asked: bool = False
    active: int = 0
    error: MailboxError | None = None
    sweep: Sweep | None = None
    #: windows walked, the messages that the first road found in them, and how many Graph says there are
    walked: int = 0
    listed: int = 0
    expected: int | None = None
    count_asked: bool = False

    def progress(self, seconds: float) -> Progress:
        """How far it is, after so long."""
        return Progress(
            windows=self.walked,
            planned=self.planned,
            messages=self.listed,
            expected=self.expected,
            seconds=seconds,
        )

    @property
    def sweep_waits(self) -> bool:
        """Whether its sweep has not begun, and may."""
        return self.sweep is not None and self.sweep.folders is None and self.error is None

    @property
    def is_waiting(self) -> bool:
        """Whether something of it is still to be taken up."""
        return bool(self.windows) or self.sweep_waits

    def clear(self) -> None:
        """Read nothing further of it."""
        self.windows.clear()
        self.sweep = None

    def __post_init__(self) -> None:
        self.planned = len(self.windows)


@dataclass(frozen=True, slots=True)
class WalkedWindow:
    """A window that was walked to its end: `closed` is None where the window held no closed second yet."""

    queue: WindowQueue
    closed: Window | None
    headers: tuple[Header, ...]


@dataclass(slots=True)
class _State:
    pile: list[WalkedWindow] = field(default_factory=list)
    headers: int = 0
    failure: BaseException | None = None
    #: take no further window
    stopped: bool = False
    #: nobody will ask for what is being walked
    abandoned: bool = False


class Reader:
    """Walks the windows of all lanes in worker threads.

    `per_mailbox` windows of one mailbox at a time, `threads` in all: more than the source asks at a time, so that what
    it bundles is there when its turn comes.
    Use as a context manager: leaving it stops the threads after the window they are in, an exception after the page.
    `progress` is called in the worker threads.
    """

    def __init__(
        self,
        source: MailSource,
        queues: Iterable[WindowQueue],
        *,
        threads: int,
        per_mailbox: int,
        settle: timedelta,
        high_water: int = 12_000,
        progress: Callable[[WindowQueue, int], None] | None = None,
    ) -> None:
        self._source = source
        self._queues = deque(queues)
        self._all = tuple(self._queues)
        self._per_mailbox = per_mailbox
        self._settle = settle
        self._high_water = high_water
        self._progress = progress
        self._state = _State()
        self._changed = threading.Condition()
        planned = sum(per_mailbox if queue.sweep else min(len(queue.windows), per_mailbox) for queue in self._all)
        self._threads = [
            threading.Thread(target=self._work, name=f"reader-{n}", daemon=True) for n in range(min(threads, planned))
        ]

    def __enter__(self) -> "Reader":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(abandon=kind is not None)
        for thread in self._threads:
            thread.join()

    def stop(self, *, abandon: bool = False) -> None:
        """Take no further window; those being walked are finished, unless they are abandoned."""
        with self._changed:
            self._state.stopped = True
            self._state.abandoned = self._state.abandoned or abandon
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether everything was read and taken."""
        with self._changed:
            return self._over() and not self._state.pile

    def take(self, at_least: int, *, patience: float = 120) -> list[WalkedWindow]:
        """The walked windows so far: when they hold `at_least` headers, after `patience` seconds, or at the end.

        Sooner where reading waits because the pile is high. Empty when all was taken. Raises what stopped the reading
        as a whole, a ServiceError for example.
        """
        with self._changed:
            enough = min(at_least, self._high_water)
            self._changed.wait_for(lambda: self._state.headers >= enough or self._over(), timeout=patience)
            self._changed.wait_for(lambda: bool(self._state.pile) or self._over())
            if self._state.failure is not None:
                raise self._state.failure
            taken, self._state.pile, self._state.headers = self._state.pile, [], 0
            self._changed.notify_all()
            return taken

    def _over(self) -> bool:
        if any(queue.active for queue in self._all):
            return False
        return (
            self._state.failure is not None or self._state.stopped or not any(queue.is_waiting for queue in self._all)
        )

    def _work(self) -> None:
        while (job := self._next()) is not None:
            queue, window = job
            try:
                if window is None:
                    self._begin_sweep(queue)
                elif (walked := self._walk(queue, window)) is not None:
                    self._put(queue, window, walked)
            except MailboxError as error:
                self._give_up(queue, error)
            except BaseException as error:  # handed to the main thread, which decides
                self._fail(error)
            finally:
                self._done(queue)

    def _next(self) -> tuple[WindowQueue, Window | None] | None:
        """A lane and its next window, or None for its sweep to begin: after all else of that mailbox, and only when no
        other lane has a window to give, so that a run that is cut short has finished some sweeps, not begun all."""
        with self._changed:
            while True:
                if self._state.stopped or self._state.failure is not None:
                    return None
                if self._state.headers < self._high_water:
                    for _ in range(len(self._queues)):
                        queue = self._queues[0]
                        self._queues.rotate(-1)
                        if queue.windows and queue.active < self._per_mailbox:
                            queue.active += 1
                            return queue, queue.windows.popleft()
                    for queue in self._all:
                        if queue.sweep_waits and not queue.windows and not queue.active:
                            queue.active += 1
                            return queue, None
                if not any(queue.is_waiting or queue.active for queue in self._all):
                    return None
                self._changed.wait()

    def _walk(self, queue: WindowQueue, window: Window) -> Walked | None:
        """What the window holds; None where nobody wants to know any more."""
        if window.kind == WindowKind.BACKFILL:
            self._count(queue, window)
        steps = walk(window, settle=self._settle)
        request = next(steps)
        found = False
        while not self._state.abandoned:
            page = self._page(queue, window, request, found=found)
            found = found or any(not header.is_draft for header in page.headers)
            try:
                request = steps.send(page)
            except StopIteration as finished:
                walked: Walked = finished.value
                if found:
                    self._need_tree(queue)
                return walked
        return None

    def _page(self, queue: WindowQueue, window: Window, request: PageRequest, *, found: bool) -> Page:
        """One page; with a second round comes the folder tree where it is needed, so that an idle run stays at two."""
        box, user = queue.mailbox.id, queue.user
        if window.folder is not None:
            return self._source.page(
                box, user, request.start, request.end, top=request.top, link=request.link, folder=window.folder
            )
        if found and not request.first_round and request.link is None and self._claim_tree(queue):
            page, tree = self._source.page_with_folders(box, user, request.start, request.end, top=request.top)
            self._keep_tree(queue, tree)
            return page
        return self._source.page(box, user, request.start, request.end, top=request.top, link=request.link)

    def _count(self, queue: WindowQueue, first: Window) -> None:
        """Ask once how many messages a backfill has to read, for those who watch it. It decides nothing."""
        with self._changed:
            asked, queue.count_asked = queue.count_asked, True
            if asked:
                return
            ends = [window.end for window in queue.windows if window.kind == WindowKind.BACKFILL]
        try:
            queue.expected = self._source.count(queue.user, first.start, max(ends, default=first.end))
        except MailboxError:
            queue.expected = None  # what ails the mailbox, its pages will tell

    def _begin_sweep(self, queue: WindowQueue) -> None:
        """Give the lane its sweep windows, of the folders that its tree shows."""
        self._need_tree(queue)
        found = self._swept_folders(queue)
        with self._changed:
            if queue.sweep is not None and queue.error is None:
                queue.sweep.folders = tuple(folder.id for folder in found)
                windows = list(sweep_windows(queue.sweep.range, found))
                queue.windows.extend(windows)
                queue.planned += len(windows)

    def _swept_folders(self, queue: WindowQueue) -> tuple[Folder, ...]:
        tree = queue.tree
        if tree is None:
            raise ConnectorError("a sweep was begun before its folder tree", code="INTERNAL")
        while True:
            try:
                return swept_folders(tree)
            except UnknownFolderError as unknown:
                # it was put somewhere else while the tree was read; one that is nowhere is below no root
                found = self._source.folder(queue.user, unknown.folder) or Folder(id=unknown.folder, parent=None)
                tree = with_folder(tree, replace(found, id=unknown.folder))

    def _claim_tree(self, queue: WindowQueue) -> bool:
        """Whether the caller is the one to ask for the lane's folder tree."""
        with self._changed:
            asked, queue.tree_asked = queue.tree_asked, True
            return not asked

    def _keep_tree(self, queue: WindowQueue, tree: FolderTree) -> None:
        with self._changed:
            queue.tree = tree
            self._changed.notify_all()

    def _need_tree(self, queue: WindowQueue) -> None:
        """Come back when the lane has its folder tree, asking for it if nobody has."""
        if self._claim_tree(queue):
            self._keep_tree(queue, self._source.folders(queue.user))
        with self._changed:
            self._changed.wait_for(
                lambda: queue.tree is not None or queue.error is not None or self._state.failure is not None
            )
            if queue.error is not None:
                # the threads of a lane each raise an exception of their own, as they may do so at the same time
                raise copy.copy(queue.error) from queue.error

    def _put(self, queue: WindowQueue, window: Window, walked: Walked) -> None:
        with self._changed:
            if walked.rest is not None and queue.error is None:
                queue.windows.appendleft(walked.rest)
                queue.planned += 1
            self._state.pile.append(WalkedWindow(queue, walked.window, walked.headers))
            self._state.headers += len(walked.headers)
            queue.walked += 1
            # what a sweep lists was counted when the first road listed it, nearly all
            queue.listed += len(walked.headers) if window.kind != WindowKind.SWEEP else 0
            self._changed.notify_all()
        if self._progress is not None:
            self._progress(queue, len(walked.headers))

    def _give_up(self, queue: WindowQueue, error: MailboxError) -> None:
        with self._changed:
            queue.error = queue.error or error
            queue.clear()
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._state.failure = self._state.failure or error
            self._state.abandoned = True
            self._changed.notify_all()

    def _done(self, queue: WindowQueue) -> None:
        with self._changed:
            queue.active -= 1
            self._changed.notify_all()
