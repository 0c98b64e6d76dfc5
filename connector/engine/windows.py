"""What a mailbox has to read in one run, and the windows that were walked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connector.core.reading.cutter import WindowCutter
from connector.core.reading.progress import Progress
from connector.core.reading.sweep import next_window
from connector.engine.seen import SeenIds
from connector.errors import MailboxError
from connector.model.mail import FolderTree, Header, Unread
from connector.model.org import Mailbox
from connector.model.run import Window, WindowKind
from connector.model.values import FolderId, GraphUserId


@dataclass(slots=True)
class Sweep:
    """What is to be swept once all other windows were walked; `folders` is None until it has begun.

    `ids_only`: the run itself reads all of it on the first road, so that the second needs ids only.
    """

    range: Window
    folders: tuple[FolderId, ...] | None = None
    ids_only: bool = False


@dataclass(slots=True)
class WindowQueue:
    """One mailbox's windows: live first, then backfill, then the sweep; and its folder tree once a message needs it.

    Windows are cut when they are handed out. `ranges` are live and backfill as far as there is something to read.
    """

    mailbox: Mailbox
    user: GraphUserId
    ranges: tuple[Window, ...] = ()
    sweep: Sweep | None = None
    tree: FolderTree | None = None
    tree_asked: bool = False
    active: int = 0
    error: MailboxError | None = None
    #: seconds of received time that were walked, of those to walk; the messages that the first road found in them, and
    #: how many Graph says there are
    covered: float = 0
    planned: float = 0
    listed: int = 0
    expected: int | None = None
    #: whether Graph was asked how many messages the backfill holds: not yet, asked, answered
    count_asked: bool = False
    count_known: bool = False
    #: steps of walks that wait for the tree that another walk has asked for
    waiting_for_tree: list[Callable[[], None]] = field(default_factory=list)
    #: what the first road has shown, where the sweep will ask for ids only
    seen: SeenIds = field(default_factory=SeenIds)
    _first: list[WindowCutter] = field(default_factory=list)
    _second: list[WindowCutter] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._first = [WindowCutter(each) for each in self.ranges]
        self.planned = sum(_seconds(each) for each in self.ranges)

    def next(self) -> tuple[WindowCutter, Window] | None:
        """The next window of the first road, or of a sweep that has begun; None where none can be handed out now.

        Those of a backfill wait for Graph's count, or where it does not say for the first of them, which sets their
        length.
        """
        for cutter in self._first:
            if cutter.whole.kind == WindowKind.BACKFILL and not self.count_known:
                return None
            if not cutter.waits and (window := cutter.next()) is not None:
                return cutter, window
        return next_window(self._second)

    @property
    def backfill(self) -> WindowCutter | None:
        """What cuts the backfill, where there is one."""
        return next((cutter for cutter in self._first if cutter.whole.kind == WindowKind.BACKFILL), None)

    @property
    def has_windows(self) -> bool:
        """Whether a window is left that was not handed out."""
        return any(cutter.left for cutter in (*self._first, *self._second))

    @property
    def live_left(self) -> bool:
        """Whether live mail is left that was not handed out."""
        return any(cutter.left for cutter in self._first if cutter.whole.kind == WindowKind.LIVE)

    @property
    def sweep_waits(self) -> bool:
        """Whether its sweep has not begun, and may."""
        return self.sweep is not None and self.sweep.folders is None and self.error is None

    @property
    def is_waiting(self) -> bool:
        """Whether something of it is still to be taken up."""
        return self.has_windows or self.sweep_waits

    def begin_sweep(self, folders: Iterable[FolderId], cutters: Iterable[WindowCutter]) -> None:
        """Set the folders to sweep and the windows of each; nothing where reading the mailbox failed."""
        if self.sweep is not None and self.error is None:
            self.sweep.folders = tuple(folders)
            self._second = list(cutters)
            self.planned += sum(_seconds(cutter.whole) for cutter in self._second)

    def hold_backfill(self) -> None:
        """Leave what was not handed out of the backfill to a later run, and the sweep of what this one was to read."""
        for cutter in self._first:
            if cutter.whole.kind == WindowKind.BACKFILL:
                self.planned -= sum(_seconds(each) for each in cutter.left)
                cutter.clear()
        self.count_asked = True
        if self.sweep is not None and self.sweep.ids_only:
            self.sweep = None

    @property
    def backfill_left(self) -> bool:
        """Whether something of the backfill was not handed out."""
        return any(cutter.left for cutter in self._first if cutter.whole.kind == WindowKind.BACKFILL)

    def clear(self) -> None:
        """Drop all windows that were not handed out, and the sweep."""
        for cutter in (*self._first, *self._second):
            cutter.clear()
        self.sweep = None

    def progress(self, seconds: float) -> Progress:
        """How much of it was read, `seconds` after the run began."""
        return Progress(
            covered=self.covered,
            planned=self.planned,
            messages=self.listed,
            expected=self.expected,
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True)
class WalkedWindow:
    """A window that was walked to its end: `closed` is None where the window held no closed second yet.

    `unread`: what it holds beside `headers` and cannot be read.
    """

    queue: WindowQueue
    closed: Window | None
    headers: tuple[Header, ...]
    unread: tuple[Unread, ...] = ()


def _seconds(window: Window) -> float:
    return (window.end - window.start).total_seconds()
