"""Which files a run has come upon, so that a second copy of their mail does not store them again.

What a stored mail lacks is known as of the look-up. The copy of a colleague, decided on later in the same run, may find
the mail stored and its files missing, because those of the first copy are still under way:

    begin(case) ──► its files are under way ──end──► stored, or not answered in time: no later case is given it
         │                                    └────► failed: the next case makes an attempt of its own
         └── a file is under way for another copy: the case is kept, and given back by that file's `end`
"""

from connector.core.writing.attachments import WantedFile
from connector.engine.mail_files import MailFiles
from connector.engine.seen import SeenIds
from connector.errors import MessageError
from connector.model.values import RecordId

#: after this a file may still be taken in; its error row asks for another look, which is a later run's
_MAY_BE_THERE = frozenset({"UPLOAD_TIMEOUT"})


class SeenFiles:
    """The files of a run by Email and key. Not thread-safe: AttachmentStore uses it under its lock."""

    def __init__(self) -> None:
        #: cases that wait for a file that is under way
        self.waiting = 0
        self._under_way: dict[tuple[RecordId, str], list[MailFiles]] = {}
        self._dealt_with = SeenIds()

    def begin(self, case: MailFiles) -> tuple[WantedFile, ...] | None:
        """The files to be stored for this case, under way from now on; None where the case has to wait for another."""
        wanted = [file for file in case.lacking if _name(case.email, file.key) not in self._dealt_with]
        for file in wanted:
            if (others := self._under_way.get((case.email, file.key))) is not None:
                others.append(case)
                self.waiting += 1
                return None
        self._under_way.update({(case.email, file.key): [] for file in wanted})
        return tuple(wanted)

    def end(self, email: RecordId, key: str, error: MessageError | None) -> list[MailFiles]:
        """Note what became of a file; the cases that waited for it, which may begin."""
        if error is None or error.code in _MAY_BE_THERE:
            self._dealt_with.add(_name(email, key))
        waited = self._under_way.pop((email, key), [])
        self.waiting -= len(waited)
        return waited


def _name(email: RecordId, key: str) -> str:
    return f"{email} {key}"
