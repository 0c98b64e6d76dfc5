"""Bodies are sanitised beside this process, on processors that it cannot use itself.

Python runs one thread of a process at a time, and sanitising is half of what a run computes. So it is given to
processes of their own, one batch at a time, over pipes. A batch waits for a free one: they sanitise faster than this
process does all else, so the wait is short; one that is long at a body holds nobody up, the batch is done here. They
begin once a run has so much mail that they pay, hold nothing between batches, and end with their input, however this
process ends.

    contents-N ──batch──► a process that is free soon, else this thread ──► Bodies
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import IO, Self

from connector.core.writing.body import Body, sanitise
from connector.model.mail import Content

#: bodies of a run after which processes begin: before, their start would cost more than they save
WORTH = 200
#: processes at most: with more, this one would be what holds up
MOST = 3
#: seconds that a batch waits for a process: many times what one batch takes
PATIENCE = 1.0


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class BodyCleaner:
    """Sanitises the bodies of one run. Safe from several threads. Use as a context manager: leaving ends the processes.

    `processes` is how many work beside this one; 0 is none.
    """

    def __init__(self, *, remote_images: bool, processes: int | None = None) -> None:
        self._remote = remote_images
        self._most = min(MOST, processors() - 1) if processes is None else processes
        self._lock = Lock()
        self._seen = 0
        self._begun: list[subprocess.Popen[bytes]] = []
        self._alive = 0
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._begun:
            _end(process)

    def clean(self, contents: Sequence[Content]) -> list[Body | None]:
        """The bodies in the order of `contents`; None for one that cannot be sanitised, whatever the reason."""
        self._begin(len(contents))
        try:
            process = self._free.get(timeout=PATIENCE if self._alive else 0)
        except Empty:
            return _sanitised(contents, self._remote)
        found = _asked(process, contents, self._remote)
        if found is None:  # it was ended from outside: what it had is done here, and it gets nothing more
            with self._lock:
                self._alive -= 1
            return _sanitised(contents, self._remote)
        self._free.put(process)
        return found

    def _begin(self, bodies: int) -> None:
        """Begin the processes once, when so many bodies were asked for that they pay."""
        with self._lock:
            self._seen += bodies
            if self._seen < WORTH or self._begun:
                return
            for _ in range(self._most):
                try:
                    process = subprocess.Popen(
                        [sys.executable, "-P", "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                    )
                except OSError:  # a machine that gives no further process: everything is done here
                    self._most = 0
                    return
                self._begun.append(process)
                self._alive += 1
                self._free.put(process)


def _asked(
    process: subprocess.Popen[bytes], contents: Sequence[Content], remote_images: bool
) -> list[Body | None] | None:
    """What a process makes of bodies; None where it is there no more."""
    if process.stdin is None or process.stdout is None:
        return None
    try:
        _put(process.stdin, remote_images, [(one.html, one.is_html) for one in contents])
        _, found = _got(process.stdout)
    except (OSError, EOFError):
        return None
    return [None if html is None else Body(html, truncated) for html, truncated in found]


def _put(stream: IO[bytes], said: bool, texts: Sequence[tuple[str | None, bool]]) -> None:
    """Write a batch: a line of JSON with `said`, the length and the flag of each text, then the texts behind it."""
    encoded = [None if text is None else text.encode("utf-8", "surrogatepass") for text, _ in texts]
    lengths = [None if data is None else len(data) for data in encoded]
    head = [said, *zip(lengths, (flag for _, flag in texts), strict=True)]
    stream.write(json.dumps(head).encode() + b"\n" + b"".join(data for data in encoded if data is not None))
    stream.flush()


def _got(stream: IO[bytes]) -> tuple[bool, list[tuple[str | None, bool]]]:
    """Read what `_put` wrote. Raises EOFError where the other end is closed."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    said, *heads = json.loads(line)
    texts: list[tuple[str | None, bool]] = []
    for length, flag in heads:
        data = stream.read(length or 0)
        if len(data) < (length or 0):
            raise EOFError
        texts.append((None if length is None else data.decode("utf-8", "surrogatepass"), flag))
    return said, texts


def _sanitised(contents: Sequence[Content], remote_images: bool) -> list[Body | None]:
    return [_body(content, remote_images) for content in contents]


def _body(content: Content, remote_images: bool) -> Body | None:
    try:
        return sanitise(content, remote_images=remote_images)
    except Exception:  # one body fails alone; who needs it asks again, and is told why
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process by the end of its input; one that is at a long body is not waited for."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Answer batch after batch, until there are no more."""
    with suppress(EOFError):
        while True:
            remote_images, texts = _got(asked)
            contents = [Content(html=html or "", is_html=is_html) for html, is_html in texts]
            found = _sanitised(contents, remote_images)
            _put(answers, True, [(None, False) if one is None else (one.html, one.truncated) for one in found])


if __name__ == "__main__":
    import signal

    # Ctrl-C goes to all processes of a terminal: the one that asks decides what becomes of its run
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
