"""Ctrl-C and SIGTERM: what is under way is given a few seconds, then the process ends in any case."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connector.engine.scheduler import StopToken

#: seconds that a run has to end after a request to stop; what is still under way then is done again by the next
GRACE = 7.0
#: seconds that a command has which only reads
READING_GRACE = 2.0
#: the exit code of a command that was stopped before its end
INTERRUPTED = 130


@contextmanager
def stopped_by_signals(stop_token: StopToken, *, code: int = INTERRUPTED) -> Iterator[None]:
    """SIGTERM or Ctrl-C asks to stop; the process exits with `code` `GRACE` seconds later at the latest, and at once
    with the next Ctrl-C.

    The handler only starts a thread: it runs between two steps of the main thread, which may hold the very lock that
    waking up those who wait needs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen to signals
        return
    ended = threading.Event()

    def stop() -> None:
        stop_token.ask()
        if not ended.wait(GRACE):
            _exit(code)

    def handle(number: int, _frame: FrameType | None) -> None:
        if not stop_token.is_asked:
            threading.Thread(target=stop, name="stop", daemon=True).start()
        elif number == signal.SIGINT:
            threading.Thread(target=_exit, args=(code,), name="stop", daemon=True).start()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, as ever, and the process ends soon after: a thread may wait for long, and
    leaving the command would wait for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ended = threading.Event()

    def watch() -> None:
        if not ended.wait(READING_GRACE):
            print("stopped", file=sys.stderr, flush=True)
            os._exit(INTERRUPTED)

    def handle(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=watch, name="stop", daemon=True).start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)


def _exit(code: int) -> None:
    """End the process: threads may wait for an answer for a minute, and all that matters is in Salesforce.

    A thread that holds the lock of the log, before a terminal that takes nothing, must not keep it for ever.
    """
    last = threading.Timer(1.0, os._exit, (code,))
    last.daemon = True
    last.start()
    # imported here: --version and --help come without it
    import structlog

    from connector.codes import Action

    log = structlog.get_logger(__name__)
    log.warning("Stopped in the middle of a request", action=Action.PROCESS_ENDED)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)
