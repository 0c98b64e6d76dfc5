"""An org and a tenant that keep what they are given."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from m365sandbox.clock import SandboxClock
from m365sandbox.graph.delivery.delivery import NewMessage

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Org:
    """Keeps the rows it is given, as the Salesforce sandbox does."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def create_user(
        self, username: str, name: str, email: str, active: bool = True, permission_sets: Sequence[str] = ()
    ) -> dict[str, str]:
        user = f"005{len(self.users):012}"
        self.users[user] = {"username": username, "name": name, "permission_sets": list(permission_sets)}
        return {"id": user}

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        kept = self.rows.setdefault(object_name, [])
        start = len(kept)
        kept.extend(dict(row) for row in rows)
        return [f"{object_name}-{number}" for number in range(start, len(kept))]


class Tenant:
    """Keeps mailboxes and messages, as the Graph sandbox does."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, dict[str, Any]] = {}
        self.messages: list[NewMessage] = []

    def create_mailbox(self, **fields: Any) -> str:
        self.mailboxes[fields["userPrincipalName"]] = fields
        return f"graph-{len(self.mailboxes)}"

    def add_messages(self, messages: Iterable[NewMessage]) -> list[dict[str, Any]]:
        self.messages.extend(messages)
        return []

    def copies(self, subject: str) -> list[tuple[str, str]]:
        return [(copy.upn, copy.folder) for copy in self.messages if copy.message["subject"] == subject]


def clock() -> SandboxClock:
    set_clock = SandboxClock()
    set_clock.set(NOW)
    return set_clock


def people_of(message: dict[str, Any]) -> set[str]:
    listed = [message["from"], *message["toRecipients"], *message["ccRecipients"], *message["bccRecipients"]]
    return {person["emailAddress"]["address"] for person in listed}
