"""Who can sign in to the tenant: the directory that Graph shows, as Entra asks for it."""

from collections.abc import Callable, Iterable
from datetime import datetime

from m365sandbox.entra.models import Person
from m365sandbox.graph.models import Mailbox


class DirectoryPeople:
    """The users of the Graph side, read anew for each sign-in."""

    def __init__(self, users: Callable[[], Iterable[Mailbox]]) -> None:
        self._users = users

    def find(self, name: str) -> Person | None:
        """The user with this object id or user principal name, in any case; none that has been deleted."""
        wanted = name.lower()
        for user in self._users():
            if wanted in (user.id.lower(), user.user_principal_name.lower()) and user.state != "soft_deleted":
                return _person(user)
        return None

    def first(self) -> Person | None:
        """The first member whose account is enabled and who has a mailbox of their own."""
        for user in self._users():
            is_member = user.properties.get("userType") != "Guest"
            if user.state == "ok" and user.user_purpose == "user" and is_member and user.properties["accountEnabled"]:
                return _person(user)
        return None


def _person(user: Mailbox) -> Person:
    since = user.properties.get("signInSessionsValidFromDateTime")
    return Person(
        id=user.id,
        name=str(user.properties["displayName"]),
        user_principal_name=user.user_principal_name,
        enabled=bool(user.properties["accountEnabled"]),
        valid_from=datetime.fromisoformat(since).timestamp() if since else 0,
    )
