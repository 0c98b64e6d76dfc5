"""What `check` asks Graph beyond what a run reads: the directory, the tenant's domains, each mailbox. Reads only."""

from collections.abc import Iterator, Sequence

from connector.errors import ConnectorError, MailboxError
from connector.graph.batch import LIMIT, MailboxRequest
from connector.graph.client import IMMUTABLE, GraphClient, error_in, mailbox_error, service_error
from connector.http.subrequest import SubResponse
from connector.model.inspection import Tenant
from connector.model.values import GraphUserId, batched

_USERS = {"$select": "userPrincipalName,mail,userType", "$top": "999"}


class GraphInspection:
    """The port TenantInspection of `check`. Reads only."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    def tenant(self) -> Tenant:
        """The first 999 users of the directory. Raises SignInError, UnreachableError."""
        response, served = self._client.try_get_at("directory", "/v1.0/users", params=_USERS)
        if response.status != 200:
            return Tenant(served_at=served, error=service_error(response.status, error_in(response)))
        members = [item for item in response.body.get("value") or () if item.get("userType") != "Guest"]
        names = (item.get(field) for item in members for field in ("userPrincipalName", "mail"))
        return Tenant(served_at=served, names=tuple(name for name in names if name))

    def verified_domains(self) -> tuple[str, ...] | None:
        """The tenant's own domains; None where the application may not read them (Organization.Read.All)."""
        response = self._client.try_get("directory", "/v1.0/organization", params={"$select": "verifiedDomains"})
        if response.status != 200:
            return None
        domains = (domain for item in response.body.get("value") or () for domain in item.get("verifiedDomains") or ())
        return tuple(str(domain["name"]) for domain in domains if domain.get("name"))

    def reach(self, users: Sequence[GraphUserId]) -> Iterator[ConnectorError | None]:
        """For each mailbox, in order: None where its mail can be read, else why not. Twenty in a request."""
        for part in batched(users, LIMIT):
            asked = [
                MailboxRequest(user=user, url=f"/users/{user}/messages?$top=1&$select=id", prefer=IMMUTABLE)
                for user in part
            ]
            answers, _ = self._client.send_batch(asked)
            for request, answer in zip(asked, answers, strict=True):
                yield self._verdict(request, answer)

    def purpose(self, user: GraphUserId) -> ConnectorError | None:
        """Why the kind of a mailbox cannot be read (MailboxSettings.Read); None where it can."""
        response = self._client.try_get(user, f"/v1.0/users/{user}/mailboxSettings/userPurpose")
        return None if response.status == 200 else mailbox_error(response.status, error_in(response), user)

    def _verdict(self, request: MailboxRequest, answer: SubResponse | None) -> ConnectorError | None:
        try:
            if answer is None:  # busy: it is asked again alone, with retries of its own
                answer = self._client.try_get(request.user, f"/v1.0{request.url}")
        except MailboxError as error:
            return error
        return None if answer.status == 200 else mailbox_error(answer.status, error_in(answer), request.user)
