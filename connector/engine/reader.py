"""Step 3: walks the windows of mailboxes, several at once, and hands over what was walked in chunks.

    WindowQueue ──window──► core walk ──PageCall──► MailSource.start ─┐
         ▲                     ▲                                      │ (the source's threads, as answers come)
         └──── learn, rest ────┴────────────── Page ◄─────────────────┘
                               └──walked──► pile ──take──► the decider's thread

The reader has no thread of its own: each answer carries its walk one step on and asks for the next page, in the thread
that brought it. Reading pauses while much is read and not taken, so memory stays bounded however large a backfill is.
Nothing here decides about a mail, and nothing is written.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import TypeVar

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.folders import UnknownFolderError, with_folder
from connector.core.reading.sweep import sweep_cutters, swept_folders
from connector.core.reading.walk import PageRequest, Walked
from connector.engine.walking import EXPECTED, ReaderState, Step, StepQueue, Walking
from connector.engine.windows import WalkedWindow, WindowQueue
from connector.errors import BrokenListError, MailboxError
from connector.model.mail import Folder, FolderTree, Header, Listed, Page, Unread
from connector.model.run import Window, WindowKind
from connector.ports import CountCall, FolderCall, HeadersCall, MailSource, SourceCall, TreeCall

#: headers that may be read and not taken yet, those of walks under way included
HIGH_WATER = 6_000

_T = TypeVar("_T")


class Reader:
    """Walks the windows of all queues, `per_mailbox` of one mailbox at a time.

    A sweep that lists ids only asks for the headers of what the first road has not shown. `progress` is called, with a
    queue and the messages of a window, in the source's threads.
    `backfill_pause` is asked before each window of a backfill is handed out: where it gives a reason, what is left of
    all backfills is left to a later run.
    Use as a context manager: leaving it lets the walks under way end, an exception abandons them.
    """

    def __init__(
        self,
        source: MailSource,
        queues: Iterable[WindowQueue],
        *,
        per_mailbox: int,
        settle: timedelta,
        high_water: int = HIGH_WATER,
        progress: Callable[[WindowQueue, int], None] | None = None,
        backfill_pause: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._source = source
        self._queues = deque(queues)
        self._all = tuple(self._queues)
        self._per_mailbox = per_mailbox
        self._settle = settle
        self._high_water = high_water
        self._progress = progress
        self._backfill_pause = backfill_pause
        #: why backfills were left to a later run; None where they were not
        self.paused: str | None = None
        self._state = ReaderState()
        self._changed = threading.Condition()
        self._steps = StepQueue(self._fail)

    def __enter__(self) -> "Reader":
        self._pump()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(abandon=kind is not None)
        if kind is None:
            with self._changed:
                self._changed.wait_for(self._over)

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
            enough = min(at_least, self._high_water // 2)
            self._changed.wait_for(lambda: self._state.headers >= enough or self._over(), timeout=patience)
            self._changed.wait_for(lambda: bool(self._state.pile) or self._over())
            if self._state.failure is not None:
                raise self._state.failure
            taken, self._state.pile, self._state.headers = self._state.pile, [], 0
        self._pump()
        return taken

    def _over(self) -> bool:
        if self._state.failure is not None or self._state.abandoned:
            return True
        if any(queue.active for queue in self._all):
            return False
        return self._state.stopped or not any(queue.is_waiting for queue in self._all)

    # -- what is begun ----------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Begin all windows and other steps that may begin now."""
        while True:
            with self._changed:
                step = self._next()
            if step is None:
                return
            self._steps.take(step)

    def _next(self) -> Step | None:
        """A window of the queue that was served longest ago; a sweep begins after all else of its mailbox, and only
        when no other queue has a window to give, so that a run that is cut short has finished some sweeps, not begun
        all. The lock is held."""
        state = self._state
        if state.stopped or state.failure is not None:
            return None
        if state.headers + state.reserved >= self._high_water:
            return None
        for _ in range(len(self._queues)):
            queue = self._queues[0]
            self._queues.rotate(-1)
            if queue.active >= self._per_mailbox or queue.error is not None:
                continue
            if queue.backfill_left and not queue.live_left and self._waits():
                queue.hold_backfill()
            if (taken := queue.next()) is not None:
                queue.active += 1
                return self._begun(queue, *taken)
            if queue.backfill is not None and not queue.count_asked:
                queue.count_asked = True
                queue.active += 1
                return self._counted(queue)
        for queue in self._all:
            if queue.sweep_waits and not queue.has_windows and not queue.active:
                queue.active += 1
                state.reserved += self._first_of_sweep
                return self._sweeping(queue)
        return None

    def _waits(self) -> bool:
        """Whether backfills have to wait; once one has, all do for the rest of the run. The lock is held."""
        self.paused = self.paused or self._backfill_pause()
        return self.paused is not None

    @property
    def _first_of_sweep(self) -> int:
        """What a sweep that begins is taken to hold: else all would begin before the first has a window to give."""
        return self._per_mailbox * EXPECTED[WindowKind.SWEEP]

    def _begun(self, queue: WindowQueue, cutter: WindowCutter, window: Window) -> Step:
        walking = Walking.begun(queue, cutter, window, settle=self._settle)
        self._state.reserved += walking.reserved
        return lambda: self._ask(walking, next(walking.steps))

    def _ask(self, walking: Walking, request: PageRequest) -> None:
        """Ask for a page; with a second round comes the folder tree where it is needed: an idle run stays at two."""
        queue = walking.queue
        with_tree = (
            walking.found
            and walking.window.folder is None
            and not request.first_round
            and request.link is None
            and not request.once
            and self._claim_tree(queue)
        )
        self._start(
            queue,
            walking.call(request, with_tree=with_tree),
            lambda page: self._walk_on(walking, page),
            room=walking.reserved,
            broken=lambda error: self._climb(walking, error, without_tree=with_tree),
        )

    def _start(
        self,
        queue: WindowQueue,
        call: SourceCall[_T],
        then: Callable[[_T], None],
        *,
        room: int = 0,
        broken: Callable[[BrokenListError], None] | None = None,
    ) -> None:
        """Ask the source; `then` goes on with the answer. An error ends the mailbox, and gives back the `room` that was
        held for it, or the reading as a whole; a list that cannot be read goes to `broken`, where that is given."""

        def done(answer: _T | BaseException) -> None:
            self._steps.take(lambda: arrived(answer))

        def arrived(answer: _T | BaseException) -> None:
            if isinstance(answer, BrokenListError) and broken is not None and not self._state.abandoned:
                broken(answer)
            elif isinstance(answer, MailboxError):
                self._give_up(queue, answer)
                self._released(queue, room)
            elif isinstance(answer, BaseException):
                self._fail(answer)
            elif not self._state.abandoned:
                then(answer)

        self._source.start(call, done)

    def _climb(self, walking: Walking, error: BrokenListError, *, without_tree: bool) -> None:
        """Go on with a walk whose page cannot be read; the tree that was asked for along with it did not come."""
        if without_tree:
            with self._changed:
                walking.queue.tree_asked = False
            self._resume(walking.queue)
        self._walk_on(walking, error)

    def _walk_on(self, walking: Walking, page: Page | BrokenListError) -> None:
        if isinstance(page, Page):
            if page.tree is not None:
                self._keep_tree(walking.queue, page.tree)
            walking.found = walking.found or any(not getattr(header, "is_draft", False) for header in page.headers)
        try:
            request = walking.steps.send(page) if isinstance(page, Page) else walking.steps.throw(page)
        except StopIteration as finished:
            self._walked(walking, finished.value)
        except MailboxError as error:
            self._give_up(walking.queue, error)
            self._released(walking.queue, walking.reserved)
        else:
            self._ask(walking, request)

    # -- what a window held ------------------------------------------------------------------------------------------

    def _walked(self, walking: Walking, walked: Walked) -> None:
        """The walk is over: complete the headers, and see that the mailbox has its tree."""
        queue = walking.queue
        headers = tuple(header for header in walked.headers if isinstance(header, Header))
        new = [listed for listed in walked.headers if isinstance(listed, Listed)]
        if walking.ids_only:
            new = [listed for listed in new if listed.id not in queue.seen]
            walking.found = bool(new)
        if not new:
            self._with_tree(walking, walked, headers)
            return

        def completed(found: Sequence[Header | Unread]) -> None:
            whole = tuple(each for each in found if isinstance(each, Header))
            unread = tuple(each for each in found if isinstance(each, Unread))
            self._with_tree(walking, replace(walked, unread=(*walked.unread, *unread)), (*headers, *whole))

        call = HeadersCall(
            wanted=tuple((queue.mailbox.id, queue.user, listed.id) for listed in new),
            received=tuple(listed.received_at for listed in new),
        )
        self._start(queue, call, completed, room=walking.reserved)

    def _with_tree(self, walking: Walking, walked: Walked, headers: Sequence[Header]) -> None:
        """Hand the window over once its mailbox has its folder tree, where a message needs it."""
        queue = walking.queue
        if not walking.found or queue.tree is not None:
            self._put(walking, walked, headers)
            return
        with self._changed:
            mine, queue.tree_asked = not queue.tree_asked, True
            waits = not mine and queue.tree is None and queue.error is None
            if waits:  # another walk of this mailbox has asked for the tree
                queue.waiting_for_tree.append(lambda: self._with_tree(walking, walked, headers))
        if mine:

            def placed(tree: FolderTree) -> None:
                self._keep_tree(queue, tree)
                self._put(walking, walked, headers)

            self._start(queue, TreeCall(user=queue.user, kind=walking.window.kind), placed, room=walking.reserved)
        elif not waits:
            if queue.error is not None:
                self._released(queue, walking.reserved)
            else:
                self._put(walking, walked, headers)

    def _put(self, walking: Walking, walked: Walked, headers: Sequence[Header]) -> None:
        queue, window, closed = walking.queue, walking.window, walked.window
        with self._changed:
            walking.cutter.ended()
            if queue.error is None:
                if closed is not None:
                    walking.cutter.learn(closed, len(walked.headers), walked.rest)
                self._state.pile.append(WalkedWindow(queue, closed, tuple(headers), walked.unread))
                self._state.headers += len(headers)
            rest = walked.rest.end - walked.rest.start if walked.rest is not None else timedelta(0)
            queue.covered += (window.end - window.start - rest).total_seconds()
            if window.kind != WindowKind.SWEEP:  # what a sweep lists was counted here already, nearly all
                queue.listed += len(walked.headers)
                if queue.sweep is not None and queue.sweep.ids_only:
                    for header in walked.headers:
                        queue.seen.add(header.id)
            self._give_back(queue, walking.reserved)
        if self._progress is not None:
            self._progress(queue, len(walked.headers))
        self._steps.take(self._pump)

    # -- count, tree, sweep -----------------------------------------------------------------------------------------

    def _counted(self, queue: WindowQueue) -> Step:
        """Ask how many messages a backfill holds: a hint on the length of its windows, and for those who watch."""
        cutter = queue.backfill
        if cutter is None:
            return lambda: self._released(queue)

        def known(count: int | None) -> None:
            with self._changed:
                queue.expected = count
                cutter.hint(count)
                queue.count_known = True
            self._released(queue)

        whole = cutter.whole
        call = CountCall(user=queue.user, kind=whole.kind, start=whole.start, end=whole.end)
        return lambda: self._start(queue, call, known)

    def _sweeping(self, queue: WindowQueue) -> Step:
        """Give the queue its sweep windows, of the folders that its tree shows."""
        if queue.tree is not None:
            return lambda: self._begin_sweep(queue)
        queue.tree_asked = True

        def placed(tree: FolderTree) -> None:
            self._keep_tree(queue, tree)
            self._begin_sweep(queue)

        call = TreeCall(user=queue.user, kind=WindowKind.SWEEP)
        return lambda: self._start(queue, call, placed, room=self._first_of_sweep)

    def _begin_sweep(self, queue: WindowQueue) -> None:
        tree, sweep = queue.tree, queue.sweep
        if tree is None or sweep is None:
            self._released(queue, self._first_of_sweep)
            return
        try:
            found = swept_folders(tree)
        except UnknownFolderError as unknown:
            # it was put somewhere else while the tree was read; one that is nowhere is below no root
            missing = unknown.folder

            def placed(folder: Folder | None) -> None:
                new = replace(folder or Folder(id=missing, parent=None), id=missing)
                queue.tree = with_folder(tree, new)
                self._begin_sweep(queue)

            self._start(queue, FolderCall(user=queue.user, folder=missing), placed, room=self._first_of_sweep)
            return
        with self._changed:
            queue.begin_sweep((folder.id for folder in found), sweep_cutters(sweep.range, found))
            self._give_back(queue, self._first_of_sweep)
        self._steps.take(self._pump)

    def _claim_tree(self, queue: WindowQueue) -> bool:
        """Whether the caller is the one to ask for the queue's folder tree."""
        with self._changed:
            asked, queue.tree_asked = queue.tree_asked, True
            return not asked

    def _keep_tree(self, queue: WindowQueue, tree: FolderTree) -> None:
        with self._changed:
            queue.tree = tree
        self._resume(queue)

    def _resume(self, queue: WindowQueue) -> None:
        """Take the steps that waited for the queue's folder tree."""
        with self._changed:
            waiting, queue.waiting_for_tree = queue.waiting_for_tree, []
        for step in waiting:
            self._steps.take(step)

    # -- ends -------------------------------------------------------------------------------------------------------

    def _released(self, queue: WindowQueue, room: int = 0) -> None:
        """Note that a step of this queue has ended, which held `room`, and begin what may begin now."""
        with self._changed:
            self._give_back(queue, room)
        self._steps.take(self._pump)

    def _give_back(self, queue: WindowQueue, room: int) -> None:
        """Room and place at one time: between the two, another thread would begin what has to wait for this queue. The
        lock is held."""
        self._state.reserved -= room
        queue.active -= 1
        self._changed.notify_all()

    def _give_up(self, queue: WindowQueue, error: MailboxError) -> None:
        with self._changed:
            queue.error = queue.error or error
            queue.clear()
            self._changed.notify_all()
        self._resume(queue)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._state.failure = self._state.failure or error
            self._state.abandoned = True
            self._changed.notify_all()
