"""Who can sign in: asked of the directory, which the Graph side keeps."""

from typing import Protocol

from m365sandbox.entra.models import Person


class People(Protocol):
    """The users of the tenant."""

    def find(self, name: str) -> Person | None:
        """The user with this object id or user principal name, in any case."""
        ...

    def first(self) -> Person | None:
        """Who signs in where a request names nobody."""
        ...


class Nobody:
    """A directory without users."""

    def find(self, _name: str) -> Person | None:
        """None."""
        return None

    def first(self) -> Person | None:
        """None."""
        return None
