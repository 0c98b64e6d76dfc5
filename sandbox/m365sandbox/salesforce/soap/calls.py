"""/services/Soap/u: the part of the SOAP partner API that REST has no words for.

undelete(), emptyRecycleBin() and logout() work. login() is refused as new orgs refuse it up to 64.0, and does not exist
from 65.0 on (Salesforce help 005132110). Every other call is refused as one that does not exist.
"""

import re

from m365sandbox.salesforce import org as org_state
from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.auth.users import is_let_in
from m365sandbox.salesforce.call import Call, Org
from m365sandbox.salesforce.data.tables import RollBack
from m365sandbox.salesforce.errors import method_not_allowed
from m365sandbox.salesforce.rest import resources
from m365sandbox.salesforce.rows import recycle_bin
from m365sandbox.salesforce.soap import messages as soap_messages
from m365sandbox.salesforce.soap.messages import PARTNER, Message, SoapFault
from m365sandbox.salesforce.values.draft import Outcome, rolled_back
from m365sandbox.wire import Request, Response

_PATH = re.compile(r"/services/Soap/u/(\d{1,3})\.0(?:/[0-9A-Za-z]{15,18})?/?", re.ASCII)
_LAST_WITH_LOGIN = 64
MAX_IDS = 200
_LOGIN_IS_OFF = (
    "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP API login()."
)
_CALLS = {"undelete": recycle_bin.undelete, "emptyRecycleBin": recycle_bin.purge}


def is_partner_path(path: str) -> bool:
    """Whether a path is that of the partner API."""
    return _PATH.fullmatch(path) is not None


class SoapEndpoint:
    """The partner API of one org."""

    def __init__(self, org: Org, sessions: Sessions) -> None:
        self._org = org
        self._sessions = sessions

    def handle(self, request: Request) -> Response:
        """Answer one request whose path is a partner path."""
        if request.method != "POST":
            return method_not_allowed(request.method, ["POST"]).response()
        try:
            return self._answer(request)
        except SoapFault as fault:
            return fault.response()

    def _answer(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.path)
        version = int(match[1]) if match else 0
        if not resources.OLDEST <= version <= resources.NEWEST:
            raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        message = soap_messages.read(request.body)
        if message.namespace != PARTNER:
            raise _unknown(message)
        if message.operation == "login" and version <= _LAST_WITH_LOGIN:
            raise SoapFault("INVALID_OPERATION", _LOGIN_IS_OFF)
        if message.operation == "logout":
            return self._logout(message)
        if message.operation not in _CALLS:
            raise _unknown(message)
        return self._run(message, self._call(request, message, version))

    def _logout(self, message: Message) -> Response:
        if not self._sessions.revoke(message.session):
            raise _no_session(message)
        return soap_messages.answer("logout", [], self._org.state)

    def _run(self, message: Message, call: Call) -> Response:
        self._count()
        name, ids = message.operation, message.ids
        if len(ids) > MAX_IDS:
            raise SoapFault("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_IDS} records")
        if not ids and name == "emptyRecycleBin":
            text = f"{name} called with a batch of 0 ids to delete; must specify at least 1 id"
            raise SoapFault("MISSING_ARGUMENT", text)
        outcomes: list[Outcome] = []
        with self._org.unit_of_work():
            outcomes = _CALLS[name](call, ids)
            if message.all_or_none and not all(item.success for item in outcomes):
                outcomes = [rolled_back(item) for item in outcomes]
                raise RollBack
        org_state.save(self._org.connection, self._org.state)
        return soap_messages.answer(name, outcomes, self._org.state)

    def _count(self) -> None:
        state = self._org.state
        if state.daily_api_used >= state.daily_api_requests:
            raise SoapFault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        state.daily_api_used += 1

    def _call(self, request: Request, message: Message, version: int) -> Call:
        user_id = self._sessions.user_of(message.session)
        if user_id is None or not is_let_in(self._org.connection, user_id):
            raise _no_session(message)
        rights = self._org.rights.of(user_id)
        if not rights.has("ApiEnabled"):
            raise SoapFault("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        return Call(
            org=self._org,
            user_id=user_id,
            rights=rights,
            version=f"{version}.0",
            now=self._org.now(),
            base_url=request.base_url,
            method="POST",
        )


def _unknown(message: Message) -> SoapFault:
    return SoapFault("soapenv:Client", f"No operation available for request {{{message.namespace}}}{message.operation}")


def _no_session(message: Message) -> SoapFault:
    reason = "missing session key" if not message.session else "Illegal Session"
    return SoapFault("INVALID_SESSION_ID", f"Invalid Session ID found in SessionHeader: {reason}")
