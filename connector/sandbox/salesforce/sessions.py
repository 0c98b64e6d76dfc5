"""Access tokens: kept in the database, so that an org that is opened again knows them; they do not expire."""

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

_TABLE = """
CREATE TABLE IF NOT EXISTS _session (
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, issued_at TEXT NOT NULL
) WITHOUT ROWID
"""


class Sessions:
    """Issues and recognises tokens of the form `00D…!…`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLE)

    def issue(self, org_id: str, user_id: str) -> str:
        """A new token of the user; older ones stay valid."""
        token = f"{org_id[:15]}!{secrets.token_urlsafe(72)}"
        self._connection.execute(
            "INSERT INTO _session VALUES (?, ?, ?)", (token, user_id, datetime.now(UTC).isoformat(timespec="seconds"))
        )
        return token

    def user_of(self, token: str) -> str | None:
        """The id of the user whom the token was issued to."""
        row = self._connection.execute("SELECT user_id FROM _session WHERE token = ?", (token,)).fetchone()
        return None if row is None else str(row[0])

    def first_of(self, user_id: str) -> str | None:
        """The oldest token of a user: the one a ready line names."""
        row = self._connection.execute(
            "SELECT token FROM _session WHERE user_id = ? ORDER BY issued_at LIMIT 1", (user_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def revoke(self, token: str) -> bool:
        """Forget a token; False where it was unknown."""
        return self._connection.execute("DELETE FROM _session WHERE token = ?", (token,)).rowcount > 0

    def all(self) -> list[tuple[str, str, str]]:
        """Every token as `keep` takes it back."""
        return self._connection.execute("SELECT token, user_id, issued_at FROM _session").fetchall()

    def keep(self, sessions: Sequence[tuple[str, str, str]]) -> None:
        """Know these tokens again, but for those of users who are no longer there."""
        users = {row[0] for row in self._connection.execute('SELECT "Id" FROM "User"')}
        rows = [row for row in sessions if row[1] in users]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR IGNORE INTO _session VALUES (?, ?, ?)", rows)
        self._connection.execute("COMMIT")
