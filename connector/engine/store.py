"""Steps 6 and 7 of a run: threads that fetch, write and file, and the main thread that watches over them.

    Pipeline ──Batch──► contents (4 threads) ──► WritePool ──► writers (1 to 4) ──► AttachmentStore (3 threads)
                                                                                          │
    main thread: `tick` now and then, for the checkpoint; raises what stopped any of them ◄┘

No stage waits for another's files or windows: each waits only while the next one has more than it can do at hand.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from connector.engine.attachments import AttachmentStore
from connector.engine.cleaning import BodyCleaner
from connector.engine.contents import Contents
from connector.engine.context import RunContext
from connector.engine.decider import Decider, Mail
from connector.engine.pipeline import Pipeline
from connector.engine.writers import MailWriter, WritePool
from connector.model.run import EventRecord
from connector.ports import RecordSink

#: batches whose bodies are fetched at a time: while one waits, another's rows are built
FETCHERS = 4
#: seconds after which the main thread looks whether a checkpoint is due, though nothing was written
LOOK_AGAIN = 1.0


class Store:
    """Stores the mail of one run. `event` is the run's row as it is now. Use as a context manager."""

    def __init__(
        self,
        context: RunContext,
        pipeline: Pipeline,
        *,
        decider: Decider,
        sink: RecordSink,
        event: Callable[[], EventRecord],
        writers: int,
    ) -> None:
        self._pipeline = pipeline
        self._changed = pipeline.changed
        self._cleaner = BodyCleaner(remote_images=context.settings.remote_images)
        self._contents = Contents(context, self._cleaner, is_ours=decider.is_ours)
        self.files = AttachmentStore(context, sink.files)
        self._writer = MailWriter(context, sink, self.files, event, again=pipeline.again)
        self._pool = WritePool()
        self._fetching = FETCHERS
        self._writing = 0
        #: requests written since the main thread looked
        self._written = 0
        self._closed = False
        self._failure: BaseException | None = None
        self._threads = [
            *(threading.Thread(target=self._fetch, name=f"contents-{n}", daemon=True) for n in range(FETCHERS)),
            *(threading.Thread(target=self._write, name=f"writer-{n}", daemon=True) for n in range(writers)),
        ]

    def __enter__(self) -> Self:
        self.files.__enter__()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._pipeline.close(abandon=kind is not None)
        for thread in self._threads:
            thread.join()
        self._cleaner.__exit__(kind, error, trace)
        self.files.__exit__(kind, error, trace)

    def run(self, tick: Callable[[], None]) -> None:
        """Store all that the pipeline gives, files included. `tick` is called after something was written, and once a
        second. Raises ServiceError, or what else stopped a thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._written > 0, timeout=LOOK_AGAIN)
                self._written = 0
                if self._failure is not None:
                    raise self._failure
                over = self._over
            tick()
            if over:
                break
        self._writer.finish()
        self.files.finish()

    @property
    def _over(self) -> bool:
        idle = not self._fetching and not self._pool and not self._writing
        return idle or self._failure is not None

    # -- threads ----------------------------------------------------------------------------------------------------

    def _fetch(self) -> None:
        try:
            while (batch := self._pipeline.next()) is not None:
                self._contents.complete(batch)
                mails = self._writer.settle(batch)
                settled = [mail for mail in batch if mail.error is not None or not mail.rows]
                self._pipeline.done(settled)
                with self._changed:
                    self._changed.wait_for(lambda: self._pool.has_room or self._closed)
                    self._pool.put(mails)
                    self._pipeline.delivered(batch)
                    self._changed.notify_all()
        except BaseException as error:  # handed to the main thread, which raises it
            self._fail(error)
        finally:
            with self._changed:
                self._fetching -= 1
                self._changed.notify_all()

    def _write(self) -> None:
        try:
            while mails := self._next_request():
                again = self._writer.write(mails)
                while again:  # the next copy takes the place of one that was refused
                    self._contents.complete(again)
                    again = self._writer.write(self._writer.settle(again))
                self._pipeline.done(mails)
                with self._changed:
                    self._pool.written(mails)
                    self._writing -= 1
                    self._written += 1
                    self._changed.notify_all()
        except BaseException as error:  # handed to the main thread, which raises it
            self._fail(error)

    def _next_request(self) -> list[Mail]:
        """A request's worth of mails; waits for it, empty at the end."""
        with self._changed:
            while not self._closed and self._failure is None:
                if mails := self._pool.take(partly=self._pipeline.is_dry or not self._fetching):
                    self._writing += 1
                    return mails
                if not self._fetching and not self._pool:
                    return []
                self._changed.wait()
            return []

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()
