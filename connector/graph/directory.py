"""Users of the tenant, as the directory shows them: whose mailbox a name means, and which addresses it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from connector.errors import ConnectorError, MailboxError, SetupError
from connector.graph import parse
from connector.graph.client import BROKEN, error_in, mailbox_error, service_error
from connector.graph.dispatch import RequestDispatcher
from connector.graph.queries import literal
from connector.http.subrequest import SubResponse
from connector.model.org import DirectoryUser
from connector.model.values import GraphUserId


class GraphDirectory:
    """Looks users up, on places of the dispatcher. `person`: who has signed in, where that is no application."""

    def __init__(
        self, dispatcher: RequestDispatcher, *, person: Callable[[], DirectoryUser | None] | None = None
    ) -> None:
        self._client = dispatcher.client
        self._dispatcher = dispatcher
        self._person = person

    def find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        """The user that has the first name as UPN, or else one of the names as an address.

        A person who may not read the directory is found nonetheless; for another, MailboxError says what is missing.
        """
        try:
            return self._find_user(names)
        except SetupError:
            if self._person is None:
                raise
            return self._found_without_directory(names, self._person())

    def _found_without_directory(self, names: Sequence[str], person: DirectoryUser | None) -> DirectoryUser:
        if person is not None and person.mail.casefold() in {name.casefold() for name in names}:
            return person
        raise MailboxError(
            f"The directory may not be read, so that {names[0]} cannot be looked up",
            where="auth_providers, default_scopes",
            remedy="Add User.Read.All of Microsoft Graph to default_scopes, have an administrator consent, and type "
            "m365sync login; or fill in Graph User Id on the MS Graph User record.",
            code="DIRECTORY",
        )

    def _find_user(self, names: Sequence[str]) -> DirectoryUser | None:
        for number, name in enumerate(names):
            item = self._user_by_upn(name) if number == 0 else None
            item = item or self._user_by_address(name)
            if item is not None:
                user = parse.directory_user(item, "")
                return replace(user, purpose=self._purpose(user.id))
        return None

    def has_user(self, address: str) -> bool | None:
        """Whether the directory has a user with this address; None where it cannot be asked."""
        try:
            with self._dispatcher.place("directory"):
                response = self._client.try_get("directory", "/v1.0/users", params=_by_address(address))
        except MailboxError:  # no answer in time
            return None
        found = response.body.get("value")
        return bool(found) if response.status == 200 and isinstance(found, list) else None

    def addresses(self, user: GraphUserId) -> tuple[str, ...] | None:
        """Every address that a user has today, in lower case; None where the directory cannot be asked."""
        try:
            response = self._user(user)
            return parse.directory_user(response.body, "").addresses if response.status == 200 else None
        except MailboxError:  # no answer in time, or none that can be read
            return None

    def purpose(self, user: GraphUserId) -> str:
        """Graph's userPurpose today; empty where it may not be asked, or is not answered in time."""
        try:
            return self._purpose(user)
        except MailboxError:
            return ""

    def _user_by_upn(self, name: str) -> Mapping[str, Any] | None:
        response = self._user(name)
        if response.status == 200:
            found: Mapping[str, Any] = response.body
            return found
        if response.status in (400, 404):
            return None
        raise _refused(response, name)

    def _user(self, key: str) -> SubResponse:
        """The directory's answer about one user, by id or User Principal Name."""
        url = f"/v1.0/users/{quote(key, safe='')}"
        with self._dispatcher.place(key):
            return self._client.try_get(key, url, params={"$select": parse.USER_FIELDS})

    def _user_by_address(self, address: str) -> Mapping[str, Any] | None:
        with self._dispatcher.place("directory"):
            response = self._client.try_get("directory", "/v1.0/users", params=_by_address(address))
        if response.status != 200:
            raise _refused(response, address)
        return next(iter(parse.items(response.body)), None)

    def _purpose(self, user: str) -> str:
        """Graph's userPurpose; empty where it may not be asked: a person's own mailbox is all that a person may ask."""
        with self._dispatcher.place(user):
            response = self._client.try_get(user, f"/v1.0/users/{user}/mailboxSettings/userPurpose")
        if response.status == 403:
            return ""
        if response.status != 200:
            raise mailbox_error(response.status, error_in(response), user)
        return parse.purpose(response.body)


def _refused(response: SubResponse, name: str) -> ConnectorError:
    """Why a user cannot be looked up: one over whom the directory stumbles is left out, and holds up nobody else."""
    if response.status in BROKEN:
        return mailbox_error(response.status, error_in(response), name)
    return service_error(response.status, error_in(response))


def _by_address(address: str) -> dict[str, str]:
    return {
        "$filter": f"mail eq {literal(address)} or proxyAddresses/any(p:p eq {literal(f'smtp:{address}')})",
        "$select": parse.USER_FIELDS,
    }
