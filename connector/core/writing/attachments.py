"""Which attachments of a mail become files, under what name and key, and what is said of the others.

A file's key must be the same whichever copy of the mail it is read from, and in every run: it is made of what all
copies agree on. The size is not one of these: Graph counts what the mailbox adds to the file (observed).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate

from connector.core.writing.pictures import is_picture
from connector.core.writing.text import clean, cut, one_line, units
from connector.model.mail import Attachment, AttachmentKind
from connector.model.org import SyncSettings
from connector.model.records import StoredEmail

#: ContentVersion: what Title holds; PathOnClient holds more.
NAME_LIMIT = 255
_NOTES_LIMIT = 32_000
_LINE_END = 2
#: Files of one mail. Exchange takes 250 attachments unless an administrator raises that, and 1,024 at most.
MOST_FILES = 1_000
_MEGABYTE = 1024 * 1024
#: bytes that a mailbox keeps beside a file at most: its names, and the picture that older Outlooks made of its icon
_BESIDE = 4096
_LONGEST_EXTENSION = 16
#: Programs and scripts that run when a person opens them, by extension. What Outlook itself keeps from being opened
#: and is not sent as a document; archives and documents with macros stay, as clients do send them.
# fmt: off
BLOCKED = frozenset({
    "appref-ms", "application", "bas", "bat", "chm", "cmd", "com", "cpl", "dll", "exe", "gadget", "hta", "inf", "ins",
    "isp", "jar", "jnlp", "js", "jse", "lnk", "msc", "msi", "msp", "mst", "pif", "ps1", "ps1xml", "ps2", "psc1",
    "psd1", "psm1", "reg", "scf", "scr", "sct", "shb", "sys", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh", "xll",
})
# fmt: on
#: The same, for a file whose name says nothing.
_BLOCKED_TYPES = ("application/x-msdownload", "application/x-msdos-program", "application/x-dosexec")
#: What Safe Attachments (Dynamic Delivery) puts in the place of a file until it is scanned: "ATP Scan In Progress" of
#: old, "Safe Attachments Scan In Progress" today, with or without .eml (Dynamics 365 troubleshooting; SDK issues).
_SCANNING = re.compile(r"(?:atp|safe attachments) scan in progress(?:\.\w{3,4})?", re.IGNORECASE)
#: A picture in the text from this size on is hardly a logo, so it is named when it is not stored.
_PHOTO = 100_000
#: No file name anywhere, and marks that turn the direction of writing, which disguise an extension.
_UNSAFE = re.compile('[\\\\/:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+')
_EXTENSIONS = {
    "application/pdf": "pdf",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/html": "html",
    "text/plain": "txt",
}
_ITEM_EXTENSIONS = ("eml", "ics", "vcf")


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file that a stored mail should have. `attachment` is its id in the copy that was listed.

    None stands for the mail as a whole. The name of an item (a mail, an appointment, a contact) lacks its extension.
    `size` is that of the list, which includes what the mailbox adds. `part`: which part of that attachment it is, where
    it is not all of it.
    """

    key: str
    name: str
    attachment: str | None = None
    is_item: bool = False
    size: int = 0
    part: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The attachments of a mail: what is stored as files, and the lines on the rest.

    `scanning`: some are not there yet, so neither number nor lines are final.
    """

    files: tuple[WantedFile, ...] = ()
    notes: str = ""
    scanning: bool = False

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of Email__c; none as long as they may change. An empty count is what asks for another look."""
        if self.scanning:
            return {}
        return {"Attachment_Count__c": len(self.files), "Attachment_Notes__c": self.notes or None}


def sort_out(listed: Iterable[Attachment], message_key: str, settings: SyncSettings) -> Sorted:
    """Files and lines for a mail's attachments.

    Pictures that the text shows (logos, mostly) are left out in silence unless the settings ask for them, or they are
    large.
    """
    everything = list(listed)
    there = [item for item in everything if not _SCANNING.fullmatch(one_line(item.name))]
    keys = _keys(there, message_key)
    files, lines = [], []
    for item, key in zip(there, keys, strict=True):
        name = file_name(item.name, _EXTENSIONS.get(item.media_type, ""))
        reason = _reason(item, name, settings)
        if reason is None:
            is_item = item.kind is AttachmentKind.ITEM
            file = WantedFile(key=key, name=name, attachment=item.id, is_item=is_item, size=item.size, part=item.part)
            files.append(file)
        elif reason:
            lines.append(f"{name}{_size(item)}: {reason}")
    if len(files) > MOST_FILES:
        lines.insert(0, f"{len(files) - MOST_FILES} files, not stored: a mail keeps {MOST_FILES} at most")
        del files[MOST_FILES:]
    return Sorted(files=tuple(files), notes=_notes(lines), scanning=len(there) < len(everything))


def whole_mail(message_key: str, subject: str) -> WantedFile:
    """The mail itself as `.eml`, for one whose body did not fit."""
    name = cut(file_name(subject), NAME_LIMIT - len(".eml"))
    return WantedFile(key=_key(message_key, "whole mail"), name=f"{name}.eml")


def missing(wanted: Iterable[WantedFile], present: Iterable[str]) -> tuple[WantedFile, ...]:
    """The wanted files that none of the keys that are there stands for."""
    there = set(present)
    return tuple(file for file in wanted if file.key not in there)


def falls_short(wanted: WantedFile, length: int, head: bytes) -> bool:
    """Whether so many bytes, which begin so, cannot be the file that was listed.

    The size of a list is larger than the file by what the mailbox keeps beside it, some kilobytes, and has been seen a
    third larger, so only what is missing beyond that shows. An item is written anew when it is read: any length may be
    right but none. `null` is what a service says that has nothing.
    """
    if wanted.attachment is None or length == 0:
        return length == 0
    if head.strip() == b"null" and length <= len(head) and wanted.size > _BESIDE:
        return True
    return not wanted.is_item and wanted.size - length > _BESIDE and 3 * length < 2 * wanted.size


def needs_list(stored: StoredEmail) -> bool:
    """Whether a stored mail may lack files, so that its attachments have to be listed once more.

    Whether Graph says that it has some is not asked: where all are inline it says no.
    """
    if stored.attachment_count is None:
        return True
    own = {file.key for file in stored.files} - {whole_mail(stored.key, "").key}
    return sum(key.startswith(f"{stored.key}:") for key in own) < stored.attachment_count


def item_name(name: str, head: bytes) -> str:
    """The file name of an item; its first bytes show an appointment or a contact, anything else is a mail."""
    if name.lower().endswith(tuple(f".{extension}" for extension in _ITEM_EXTENSIONS)):
        return name
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:16].upper()
    extension = "ics" if start.startswith(b"BEGIN:VCALENDAR") else "vcf" if start.startswith(b"BEGIN:VCARD") else "eml"
    return f"{cut(name, NAME_LIMIT - 4)}.{extension}"


def file_name(name: str, extension: str = "") -> str:
    """A name that any system can hold, at most 255 long, its extension kept; `extension` for a name that has none."""
    safe = _UNSAFE.sub("_", one_line(clean(name))).strip(". ") or "attachment"
    suffix = _extension(safe)
    if not suffix and extension:
        safe, suffix = f"{safe}.{extension}", extension
    if units(safe) <= NAME_LIMIT:
        return safe
    if not suffix:
        return cut(safe, NAME_LIMIT)
    return f"{cut(safe[: -len(suffix) - 1], NAME_LIMIT - len(suffix) - 1)}.{suffix}"


def duplicates(files: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The documents to remove of (key, document id) pairs, where several have one key: all but the lowest id.

    All connectors keep the same one, so that two connectors at once never remove both.
    """
    first: dict[str, str] = {}
    for key, document in files:
        first[key] = min(first.get(key, document), document)
    return tuple(sorted({document for key, document in files if key and document != first[key]}))


def _reason(item: Attachment, name: str, settings: SyncSettings) -> str | None:
    """Why an attachment is not stored, for its line; None if it is stored, empty if it gets no line."""
    if item.kind is AttachmentKind.REFERENCE:
        return "a link to a file in the cloud; open the mail to follow it"
    if item.kind is AttachmentKind.FILE:
        if item.is_shown and is_picture(item) and not settings.inline_images:
            return "a picture inside the mail, not stored" if item.size >= _PHOTO else ""
        extension = _extension(name).lower()
        if extension in BLOCKED:
            return f"files of type .{extension} are not stored"
        if item.media_type in _BLOCKED_TYPES:
            return "programs are not stored"
        if item.size == 0:
            return "an empty file, not stored"
    if item.size > settings.attachment_max_mb * _MEGABYTE:
        return f"not stored, larger than the limit of {settings.attachment_max_mb} MB"
    return None


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return (
        extension
        if dot and stem and extension.replace("-", "").isalnum() and len(extension) <= _LONGEST_EXTENSION
        else ""
    )


def _size(item: Attachment) -> str:
    if item.kind is AttachmentKind.REFERENCE or item.size <= 0:
        return ""
    if item.size < _MEGABYTE:
        return f" ({max(1, round(item.size / 1024))} KB)"
    return f" ({item.size / _MEGABYTE:.1f} MB)"


def _notes(lines: Sequence[str]) -> str:
    """One line each, as many as the field holds."""
    # Salesforce stores a line end as two characters
    lengths = [units(line) + _LINE_END for line in lines]
    if sum(lengths) <= _NOTES_LIMIT:
        return "\n".join(lines)
    room = _NOTES_LIMIT - units(f"… and {len(lines)} more")
    kept = sum(used <= room for used in accumulate(lengths))
    return "\n".join([*lines[:kept], f"… and {len(lines) - kept} more"])


def _keys(items: Sequence[Attachment], message_key: str) -> list[str]:
    """A key for each, in order. Of several with one name the smaller is first, in any order of the copy."""
    keys = [""] * len(items)
    counts: dict[tuple[str, str], int] = {}
    for index in sorted(range(len(items)), key=lambda index: (items[index].size, index)):
        item = items[index]
        kind = "part" if item.part is not None else "item" if item.kind is AttachmentKind.ITEM else "file"
        number = counts[kind, item.name] = counts.get((kind, item.name), -1) + 1
        keys[index] = _key(message_key, f"{kind}\n{item.name}\n{number}")
    return keys


def _key(message_key: str, what: str) -> str:
    return f"{message_key}:{sha256(what.encode('utf-8', 'replace')).hexdigest()[:31]}"


def same_in(files: Iterable[WantedFile], wanted: WantedFile) -> WantedFile | None:
    """The wanted file among those of another copy of the mail."""
    for file in files:
        if file.key == wanted.key:
            return replace(file, name=wanted.name)
    return None
