"""What is set for the org as a whole: switches, allocations, and what was used of them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: A record costs 2 KB of data storage whatever is in it (Salesforce help 000193871).
BYTES_PER_ROW = 2048
_MEGABYTE = 1024 * 1024

_TABLE = "CREATE TABLE IF NOT EXISTS _org (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"

_KEYS = {
    "timeZone": "time_zone",
    "dailyApiRequests": "daily_api_requests",
    "dailyApiUsed": "daily_api_used",
    "dataStorageMB": "data_storage_mb",
    "dataStorageUsedMB": "data_storage_used_mb",
    "sharedActivities": "shared_activities",
    "personAccounts": "person_accounts",
    "auditFieldsEnabled": "audit_fields_enabled",
    "auditFieldsNeedModifyAll": "audit_fields_need_modify_all",
}


@dataclass(slots=True)
class OrgState:
    """The switches and allocations that PATCH /sandbox/org sets. Storage is in megabytes, rows of data included."""

    time_zone: str = "GMT"
    daily_api_requests: int = 100_000
    daily_api_used: int = 0
    data_storage_mb: float = 10_240
    data_storage_used_mb: float = 0
    shared_activities: bool = False
    person_accounts: bool = False
    audit_fields_enabled: bool = True
    audit_fields_need_modify_all: bool = False

    def as_json(self) -> dict[str, Any]:
        """The whole state under the names of the control API."""
        return {key: getattr(self, name) for key, name in _KEYS.items()}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set what is named. Raises ValueError, with nothing changed, on an unknown key or a value that cannot be."""
        checked = {_name_of(key): _checked(key, value) for key, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def storage_is_full(self) -> bool:
        """Whether an insert is refused."""
        return self.data_storage_used_mb >= self.data_storage_mb

    def count_rows(self, rows: int) -> None:
        """Rows were added, or with a negative number, went."""
        self.data_storage_used_mb = max(0.0, self.data_storage_used_mb + rows * BYTES_PER_ROW / _MEGABYTE)


def load(connection: sqlite3.Connection) -> OrgState:
    """The state kept in the database; the defaults in a new one."""
    connection.execute(_TABLE)
    row = connection.execute("SELECT value FROM _org WHERE name = 'state'").fetchone()
    if row is None:
        return OrgState()
    stored = json.loads(row[0])
    known = {item.name for item in fields(OrgState)}
    return OrgState(**{name: value for name, value in stored.items() if name in known})


def save(connection: sqlite3.Connection, state: OrgState) -> None:
    """Keep the state for the next start."""
    connection.execute("INSERT OR REPLACE INTO _org VALUES ('state', ?)", (json.dumps(asdict(state)),))


def load_fact(connection: sqlite3.Connection, name: str) -> str | None:
    """A single kept value, such as the id of the administrator."""
    row = connection.execute("SELECT value FROM _org WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def save_fact(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a single value."""
    connection.execute("INSERT OR REPLACE INTO _org VALUES (?, ?)", (name, value))


def _name_of(key: str) -> str:
    try:
        return _KEYS[key]
    except KeyError:
        raise ValueError(f"unknown key: {key}") from None


def _checked(key: str, value: Any) -> Any:
    default = getattr(OrgState, "__dataclass_fields__")[_KEYS[key]].default  # noqa: B009
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{key}: true or false expected")  # noqa: TRY004 - one exception for a wrong change
        return value
    if isinstance(default, str):
        return _checked_zone(key, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{key}: a number of 0 or more expected")
    return int(value) if key.startswith("dailyApi") else value


def _checked_zone(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key}: the name of a time zone expected")  # noqa: TRY004 - as above
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{key}: unknown time zone: {value}") from None
    return value
