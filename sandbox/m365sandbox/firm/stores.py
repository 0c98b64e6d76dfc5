"""What a firm is put into: the two services' own stores, as far as this package needs them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from m365sandbox.graph.delivery.delivery import NewMessage


class Mailboxes(Protocol):
    """The Microsoft 365 side: mailboxes and what lies in them."""

    def create_mailbox(self, **fields: Any) -> str:
        """Make a user with a mailbox; the fields are those of POST /sandbox/mailboxes. Returns the user's id."""
        ...

    def add_messages(self, messages: Iterable[NewMessage]) -> Any:
        """Put messages into folders: well-known names, or paths that are made when absent."""
        ...


class Records(Protocol):
    """The Salesforce side: users and rows."""

    def create_user(
        self, username: str, name: str, email: str, active: bool = True, permission_sets: Sequence[str] = ()
    ) -> Mapping[str, str]:
        """Make a user who holds the permission sets. Returns at least its `id`."""
        ...

    def seed(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Insert rows as an administrator would have. Returns their ids in the same order."""
        ...


@dataclass(slots=True)
class MailReport:
    """What became of the mail that a sandbox was given: files read, files refused, copies put into mailboxes.

    `left_alone` are the names of what was no mail file.
    """

    files: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    messages: int = 0
    left_alone: list[str] = field(default_factory=list)
