"""The Graph sandbox's database: mailboxes, folders and messages, as rows."""

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from m365sandbox.graph import errors
from m365sandbox.graph.data.ids import Mint, is_folder_id, is_item_id
from m365sandbox.graph.models import ADDRESSABLE, STANDARD_FOLDERS, Folder, Mailbox, compact
from m365sandbox.mail.recipe import body_of, is_recipe

SCHEMA = Path(__file__).with_name("schema.sql")
SCHEMA_VERSION = 4
_MAILBOX_COLUMNS = "number,id,user_principal_name,state,user_purpose,properties"
_FOLDER_COLUMNS = "number,mailbox,id,parent,display_name,well_known,is_hidden,listed,counter"


class Store:
    """One SQLite database, in a file or in memory. Used by one thread at a time."""

    def __init__(self, database: str = ":memory:") -> None:
        self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        # What the sandbox holds is test data: it must outlive a killed process, but need not outlive a power cut.
        for setting in ("synchronous=OFF", "journal_mode=WAL", "cache_size=-32768", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.create_function("has_words", 2, has_words, deterministic=True)
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name='schema_version'").fetchone():
            self._db.executescript(SCHEMA.read_text("utf-8"))
        (version,) = self._db.execute("SELECT version FROM schema_version").fetchone()
        if version != SCHEMA_VERSION:
            raise ValueError(f"{database} was made by another version of the sandbox (schema {version})")
        self._mailboxes: dict[str, Mailbox] = {}
        self._folders: dict[int, list[Folder]] = {}
        self._mints: dict[str, Mint] = {}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def copy_to(self, other: sqlite3.Connection) -> None:
        """Copy everything into another database."""
        self._db.backup(other)

    def copy_from(self, other: sqlite3.Connection) -> None:
        """Replace everything by what another database holds."""
        other.backup(self._db)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the database, after it has changed from outside."""
        self._mailboxes.clear()
        self._folders.clear()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a block within a block belongs to the outer one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            self.forget()
            raise
        self._db.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self._db.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """One statement."""
        return self._db.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows."""
        self._db.executemany(sql, rows)

    # Settings and counters

    def settings(self) -> dict[str, Any]:
        """What was set on the tenant."""
        return {name: json.loads(value) for name, value in self.rows("SELECT name, value FROM settings")}

    def save_settings(self, values: Mapping[str, Any]) -> None:
        """Keep what was set on the tenant."""
        self.execute_many(
            "INSERT OR REPLACE INTO settings VALUES (?,?)",
            [(name, json.dumps(value)) for name, value in values.items()],
        )

    def counter(self, count: int = 1) -> int:
        """The first of `count` numbers that no other id has."""
        (end,) = self.execute(
            "UPDATE counters SET value = value + ? WHERE name = 'id' RETURNING value", (count,)
        ).fetchone()
        return int(end) - count

    def mint(self, mailbox: Mailbox) -> Mint:
        """The maker of a mailbox's ids."""
        if mailbox.id not in self._mints:
            self._mints[mailbox.id] = Mint(mailbox.id)
        return self._mints[mailbox.id]

    # Mailboxes

    def mailbox(self, name: str) -> Mailbox | None:
        """A mailbox by object id or user principal name, whatever the case."""
        key = name.lower()
        if key not in self._mailboxes:
            rows = self.rows(
                f"SELECT {_MAILBOX_COLUMNS} FROM mailboxes WHERE id=? OR user_principal_name=?", (key, key)
            )
            if not rows:
                return None
            self._mailboxes[key] = _mailbox(rows[0])
        return self._mailboxes[key]

    def mailboxes(self) -> list[Mailbox]:
        """All, in the order they were made."""
        return [_mailbox(row) for row in self.rows(f"SELECT {_MAILBOX_COLUMNS} FROM mailboxes ORDER BY number")]

    def add_mailbox(self, mailbox: Mailbox) -> Mailbox:
        """Insert one, with the folders that every mailbox has. Its number is found here."""
        with self.transaction():
            number = self.execute(
                "INSERT INTO mailboxes (id,user_principal_name,state,user_purpose,properties) VALUES (?,?,?,?,?)",
                _mailbox_values(mailbox),
            ).lastrowid
            added = replace(mailbox, number=int(number or 0))
            numbers: dict[str, int] = {}
            for standard in STANDARD_FOLDERS:
                numbers[standard.key] = self.add_folder(
                    added,
                    standard.display_name,
                    numbers[standard.parent] if standard.parent else None,
                    well_known=standard.key,
                    is_hidden=standard.is_hidden,
                    listed=standard.listed,
                ).number
        self.forget()
        return added

    def save_mailbox(self, mailbox: Mailbox) -> None:
        """Write a changed one."""
        self.execute(
            "UPDATE mailboxes SET id=?,user_principal_name=?,state=?,user_purpose=?,properties=? WHERE number=?",
            (*_mailbox_values(mailbox), mailbox.number),
        )
        self.forget()

    def delete_mailbox(self, mailbox: Mailbox) -> None:
        """Delete one with all it holds."""
        owned = "IN (SELECT number FROM messages WHERE mailbox=?)"
        with self.transaction():
            attached = f"IN (SELECT number FROM attachments WHERE message {owned})"
            self.execute(f"DELETE FROM files WHERE attachment {attached}", (mailbox.number,))
            self.execute(f"DELETE FROM attachments WHERE message {owned}", (mailbox.number,))
            self.execute(f"DELETE FROM contents WHERE message {owned}", (mailbox.number,))
            self.execute(
                "DELETE FROM generations WHERE sync IN (SELECT number FROM syncs WHERE mailbox=?)", (mailbox.number,)
            )
            for table in ("messages", "folders", "removals", "folder_removals", "syncs"):
                self.execute(f"DELETE FROM {table} WHERE mailbox=?", (mailbox.number,))
            self.execute("DELETE FROM mailboxes WHERE number=?", (mailbox.number,))
        self.forget()

    # Folders

    def folders(self, mailbox: Mailbox) -> list[Folder]:
        """All folders of a mailbox, parents before children; those that no list shows too."""
        if mailbox.number not in self._folders:
            rows = self.rows(
                f"SELECT {_FOLDER_COLUMNS} FROM folders WHERE mailbox=? ORDER BY number", (mailbox.number,)
            )
            self._folders[mailbox.number] = [_folder(row) for row in rows]
        return self._folders[mailbox.number]

    def add_folder(
        self,
        mailbox: Mailbox,
        display_name: str,
        parent: int | None,
        *,
        well_known: str | None = None,
        is_hidden: bool = False,
        listed: bool = True,
    ) -> Folder:
        """Make one."""
        counter = self.counter()
        values = (
            mailbox.number,
            self.mint(mailbox).folder(counter),
            parent,
            display_name,
            well_known,
            int(is_hidden),
            int(listed),
            counter,
        )
        number = self.execute(
            "INSERT INTO folders (mailbox,id,parent,display_name,well_known,is_hidden,listed,counter) "
            "VALUES (?,?,?,?,?,?,?,?)",
            values,
        ).lastrowid
        self._folders.pop(mailbox.number, None)
        return _folder((number, *values))

    def folder(self, mailbox: Mailbox, name: str) -> Folder:
        """A folder by id or well-known name; refused as the service does where there is none."""
        if name.lower() in ADDRESSABLE:
            return self.well_known(mailbox, name.lower())
        for folder in self.folders(mailbox):
            if folder.id == name:
                return folder
        raise errors.item_not_found() if is_folder_id(name) else errors.malformed_id()

    def well_known(self, mailbox: Mailbox, key: str) -> Folder:
        """One of the folders that every mailbox has."""
        return next(folder for folder in self.folders(mailbox) if folder.well_known == key)

    def item_counts(self, mailbox: Mailbox) -> dict[int, tuple[int, int]]:
        """Items and unread items by folder number; empty folders are left out."""
        rows = self.rows(
            "SELECT folder, COUNT(*), SUM(is_read IS NOT 1) FROM messages WHERE mailbox=? GROUP BY folder",
            (mailbox.number,),
        )
        return {folder: (total, unread) for folder, total, unread in rows}

    # Messages

    def message_number(self, mailbox: Mailbox, name: str) -> int:
        """The row of a message, by either kind of id; refused as the service does where there is none."""
        if not is_item_id(name):
            raise errors.malformed_id()
        column = "rest_id" if len(name) > 100 else "immutable_id"
        rows = self.rows(f"SELECT number FROM messages WHERE {column}=? AND mailbox=?", (name, mailbox.number))
        if not rows:
            raise errors.item_not_found()
        return int(rows[0][0])


def pack(value: Any) -> bytes:
    """JSON, compressed: bodies are most of a mailbox."""
    return zlib.compress(compact(value).encode(), 1)


def packed_text(blob: bytes) -> str:
    """The JSON text that `pack` packed, or of the body that a recipe gives."""
    if is_recipe(blob):
        return compact(body_of(blob))
    return zlib.decompress(blob).decode()


def unpack(blob: bytes) -> Any:
    """What `pack` packed, or the body that a recipe gives."""
    return json.loads(packed_text(blob))


def _mailbox_values(mailbox: Mailbox) -> tuple[Any, ...]:
    properties = compact(dict(mailbox.properties))
    return (mailbox.id, mailbox.user_principal_name, mailbox.state, mailbox.user_purpose, properties)


def _mailbox(row: tuple[Any, ...]) -> Mailbox:
    number, guid, name, state, purpose, properties = row
    return Mailbox(
        number=number,
        id=guid,
        user_principal_name=name,
        state=state,
        user_purpose=purpose,
        properties=json.loads(properties),
    )


def _folder(row: tuple[Any, ...]) -> Folder:
    number, mailbox, folder_id, parent, display_name, well_known, is_hidden, listed, counter = row
    return Folder(
        number=number,
        mailbox=mailbox,
        id=folder_id,
        parent=parent,
        display_name=display_name,
        well_known=well_known,
        is_hidden=bool(is_hidden),
        listed=bool(listed),
        counter=counter,
    )


_PART = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|[^\W\d_]+")


def has_words(text: str | None, sought: str) -> bool:
    """Whether each word sought begins a word of the text, whatever the case.

    Words end at spaces, symbols, digits and where a small letter is followed by a capital one; those that only symbols
    part count as one word too (Graph, "Use the $search query parameter").
    """
    words = _words(text or "")
    return all(any(word.startswith(part) for word in words) for part in _parts(sought))


def _parts(text: str) -> list[str]:
    return [part.casefold() for part in _PART.findall(text)]


def _words(text: str) -> list[str]:
    joined = [re.sub(r"[\W_]", "", chunk).casefold() for chunk in text.split()]
    return [*_parts(text), *joined]
