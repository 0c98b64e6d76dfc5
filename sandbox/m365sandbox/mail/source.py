"""Mail files on disk: what of a path is mail, read one message at a time in the order of the sorted paths."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from m365sandbox.mail.headers import from_first_field, split_headers
from m365sandbox.mail.mbox import messages_of

_MESSAGE_SUFFIXES = frozenset({".eml", ".txt"})
_MBOX_SUFFIX = ".mbox"
_MAILDIR_READ = frozenset({"cur", "new"})
_MAILDIR = frozenset({"cur", "new", "tmp"})
_MAILDIR_INFO = re.compile(r"[:!;]2,[A-Za-z]*\Z")  # what a Maildir adds to the name of a message it has shown
_OUTLOOK_SUFFIXES = (".msg", ".pst", ".ost")
# So many of the files that are left alone are named.
_NAMED = 10
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class MailSourceError(Exception):
    """The path itself cannot be read as mail: the message names it and says what would be."""


@dataclass(slots=True)
class MailSource:
    """What a path holds: `files` mail files (a whole mbox is one), their messages, and what of them was refused.

    `left_alone` are the names of what is no mail file at all: other suffixes, and what is no ordinary file.
    """

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    files: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)

    def refuse(self, file: str, reason: str) -> None:
        """Note that a file, or a message in an mbox, is not taken, and why."""
        self.refused.append({"file": file, "reason": reason})


def read_mail(path: Path) -> MailSource:
    """All mail below a folder, or in one file. Files are named by their path from `path` on.

    Raises MailSourceError for a path that does not exist, cannot be listed, is a single file of another kind, or a
    folder without any mail file. A file that cannot be read or is no message is refused by name, the others go on.
    """
    source = MailSource()
    try:
        if path.is_dir():
            for file in _files(path):
                name = _shown(file.relative_to(path))
                if _is_mail_file(file) and not _is_odd(file):
                    _read_file(source, file, name)
                else:
                    source.left_alone.append(name)
            if not source.files:
                raise MailSourceError(_nothing(path, source.left_alone))
        elif not path.exists():
            raise MailSourceError(f"no such file or folder: {_shown(path)}")
        elif _is_mail_file(path):
            if not path.is_file():
                raise MailSourceError(f"not an ordinary file: {_shown(path)}")
            _read_file(source, path, _shown(Path(path.name)))
        else:
            raise MailSourceError(f"not a mail file: {_shown(path)} (.eml, .txt or .mbox, or a folder of them)")
    except OSError as error:
        raise MailSourceError(f"cannot read {_shown(path)}: {error.strerror or error}") from error
    return source


def _shown(path: Path) -> str:
    """The path as text that can be printed, also where its name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _nothing(path: Path, left_alone: Sequence[str]) -> str:
    """That there is no mail, and what there is instead."""
    if not left_alone:
        return f"there is no file in {_shown(path)}; it takes .eml, .txt, .mbox or Maildir"
    named = ", ".join(left_alone[:_NAMED])
    more = f" and {len(left_alone) - _NAMED} more" if len(left_alone) > _NAMED else ""
    advice = ""
    if any(name.lower().endswith(_OUTLOOK_SUFFIXES) for name in left_alone):
        advice = "; save what Outlook keeps as .msg, .pst or .ost as .eml or .mbox first"
    return f"no mail file in {_shown(path)}, left alone: {named}{more}; it takes .eml, .txt, .mbox or Maildir{advice}"


def _files(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise error

    return sorted(Path(directory, name) for directory, _, names in os.walk(folder, onerror=refuse) for name in names)


def _is_mail_file(file: Path) -> bool:
    return file.suffix.lower() in {*_MESSAGE_SUFFIXES, _MBOX_SUFFIX} or _is_maildir_message(file)


def _is_odd(file: Path) -> bool:
    """Whether it is there and no ordinary file: a pipe, a device, a socket, by itself or behind a link."""
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False  # refused by name, with the reason


def _is_maildir_message(file: Path) -> bool:
    """Whether it lies in `cur` or `new` of a Maildir: an ordinary folder of that name has no sibling, no such names."""
    if file.parent.name not in _MAILDIR_READ or file.name.startswith("."):
        return False
    siblings = sum((file.parent.parent / name).is_dir() for name in _MAILDIR)
    return siblings >= 2 or _MAILDIR_INFO.search(file.name) is not None


def _read_file(source: MailSource, file: Path, name: str) -> None:
    source.files += 1
    try:
        data = _content(file)
    except NotOrdinaryError:
        source.refuse(name, "not an ordinary file")
        return
    except OSError as error:
        source.refuse(name, f"cannot be read: {error.strerror or error}")
        return
    if not data.strip():
        source.refuse(name, "the file is empty")
    elif file.suffix.lower() == _MBOX_SUFFIX and not _is_maildir_message(file):
        _read_mbox(source, data, name)
    else:
        _take(source, data, name)


class NotOrdinaryError(OSError):
    """A pipe, a device or a socket, by itself or behind a link: reading it may never end."""


def _content(file: Path) -> bytes:
    """What an ordinary file holds; a link to one is followed. Raises NotOrdinaryError, OSError."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise NotOrdinaryError
    # opened so that a pipe waits for nobody, and looked at once it is open, so that nothing can be put in its place
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotOrdinaryError
        return opened.read()


def _read_mbox(source: MailSource, data: bytes, name: str) -> None:
    pieces = list(messages_of(data))
    if not pieces:
        source.refuse(name, "no line that begins with 'From ', with a header line after it, separates messages in it")
    for number, piece in enumerate(pieces, start=1):
        _take(source, piece, f"{name}#{number}")


def _take(source: MailSource, data: bytes, name: str) -> None:
    """Take it as a message. A text without any header is one (its body is all there is); other bytes are not."""
    if not data.strip():
        source.refuse(name, "the message is empty")
        return
    headers, _ = split_headers(from_first_field(data.removeprefix(b"\xef\xbb\xbf")))
    if not headers and b"\0" in data and not data.startswith(_BYTE_ORDER_MARKS):
        source.refuse(name, "not a mail message: no header line, and its content is not text")
        return
    source.messages.append((name, data))
