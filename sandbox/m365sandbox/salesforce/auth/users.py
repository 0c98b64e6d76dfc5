"""Who may sign in: users who are active and not frozen (Salesforce help, "Freeze or Unfreeze User Accounts")."""

import sqlite3

_LET_IN = """
SELECT "IsActive" = 1 AND NOT EXISTS (
    SELECT 1 FROM "UserLogin" WHERE "UserId" = "User"."Id" AND "IsFrozen" = 1
) FROM "User" WHERE "Id" = ?
"""


def user_named(connection: sqlite3.Connection, username: str) -> str | None:
    """The id of the user of that name, active or not."""
    row = connection.execute('SELECT "Id" FROM "User" WHERE "Username" = ?', (username,)).fetchone()
    return None if row is None else str(row[0])


def is_let_in(connection: sqlite3.Connection, user_id: str) -> bool:
    """Whether the user may sign in, and go on with a session."""
    row = connection.execute(_LET_IN, (user_id,)).fetchone()
    return bool(row and row[0])
