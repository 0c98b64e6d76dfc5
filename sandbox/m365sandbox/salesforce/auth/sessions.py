"""Access tokens, kept in the database, so that an org that is opened again knows them.

Those of sign-ins end after two hours without a call, the platform's default; those that the sandbox hands out itself
do not. Salesforce help, "Modify Session Security Settings": the last active time is not updated until halfway through
the timeout. Tokens use the machine's clock.
"""

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

TIMEOUT = timedelta(hours=2)

_TABLE = """
CREATE TABLE IF NOT EXISTS _session (
    token TEXT PRIMARY KEY, user_id TEXT NOT NULL, issued_at TEXT NOT NULL, active_at TEXT
) WITHOUT ROWID
"""

#: Token, user, when it was issued, and when it was last active; None for a token that does not end.
Session = tuple[str, str, str, str | None]


def _machine_now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """Issues and recognises tokens of the form `00D…!…`."""

    def __init__(self, connection: sqlite3.Connection, now: Callable[[], datetime] = _machine_now) -> None:
        self._connection = connection
        self._now = now
        connection.execute(_TABLE)
        if "active_at" not in {row[1] for row in connection.execute("PRAGMA table_info(_session)")}:
            connection.execute("ALTER TABLE _session ADD COLUMN active_at TEXT")

    def issue(self, org_id: str, user_id: str, *, lasting: bool = True) -> str:
        """A new token of the user; older ones stay valid. A token that is not lasting ends when it is not used."""
        token = f"{org_id[:15]}!{secrets.token_urlsafe(72)}"
        issued_at = self._instant()
        row = (token, user_id, issued_at, None if lasting else issued_at)
        self._connection.execute("INSERT INTO _session VALUES (?, ?, ?, ?)", row)
        return token

    def user_of(self, token: str) -> str | None:
        """The id of the user whom the token was issued to, while it is valid. Asking counts as activity."""
        row = self._connection.execute("SELECT user_id, active_at FROM _session WHERE token = ?", (token,)).fetchone()
        if row is None:
            return None
        if row[1] is not None and not self._go_on(token, row[1]):
            return None
        return str(row[0])

    def _go_on(self, token: str, active_at: str) -> bool:
        idle = self._now() - datetime.fromisoformat(active_at)
        if idle >= TIMEOUT:
            self.revoke(token)
            return False
        if idle >= TIMEOUT / 2:
            self._connection.execute("UPDATE _session SET active_at = ? WHERE token = ?", (self._instant(), token))
        return True

    def _instant(self) -> str:
        return self._now().isoformat(timespec="seconds")

    def first_of(self, user_id: str) -> str | None:
        """The oldest lasting token of a user: the one a ready line names."""
        row = self._connection.execute(
            "SELECT token FROM _session WHERE user_id = ? AND active_at IS NULL ORDER BY issued_at LIMIT 1", (user_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def revoke(self, token: str) -> bool:
        """Forget a token; False where it was unknown."""
        return self._connection.execute("DELETE FROM _session WHERE token = ?", (token,)).rowcount > 0

    def all(self) -> list[Session]:
        """Every token as `keep` takes it back."""
        return self._connection.execute("SELECT token, user_id, issued_at, active_at FROM _session").fetchall()

    def keep(self, sessions: Sequence[Session]) -> None:
        """Know these tokens again, but for those of users who are no longer there."""
        users = {row[0] for row in self._connection.execute('SELECT "Id" FROM "User"')}
        rows = [row for row in sessions if row[1] in users]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR IGNORE INTO _session VALUES (?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")
