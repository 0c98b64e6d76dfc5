"""/services/Soap/u: the SOAP partner API as Data Loader speaks it.

login() is refused as new orgs refuse it up to 64.0, and does not exist from 65.0 on (Salesforce help 005132110). A call
that is not in `operations` is refused as one that does not exist.
"""

import gzip
import re
import zlib

from m365sandbox.salesforce import org as org_state
from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.auth.users import is_let_in
from m365sandbox.salesforce.call import Call, Org
from m365sandbox.salesforce.errors import ApiError, method_not_allowed
from m365sandbox.salesforce.rest import resources
from m365sandbox.salesforce.rest.bodies import packed
from m365sandbox.salesforce.soap import messages as soap_messages
from m365sandbox.salesforce.soap.messages import PARTNER, Message, SoapFault
from m365sandbox.salesforce.soap.operations import OPERATIONS, Operation
from m365sandbox.wire import Request, Response

_PATH = re.compile(r"/services/Soap/u/(\d{1,3})\.0(?:/[0-9A-Za-z]{15,18})?/?", re.ASCII)
_LAST_WITH_LOGIN = 64
_LOGIN_IS_OFF = (
    "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP API login()."
)


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
            response = self._answer(request)
        except SoapFault as fault:
            response = fault.response()
        return packed(request, response)

    def _answer(self, request: Request) -> Response:
        match = _PATH.fullmatch(request.path)
        version = int(match[1]) if match else 0
        if not resources.OLDEST <= version <= resources.NEWEST:
            raise SoapFault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        message = soap_messages.read(_unpacked(request))
        if message.namespace != PARTNER:
            raise _unknown(message)
        if message.operation == "login" and version <= _LAST_WITH_LOGIN:
            raise SoapFault("INVALID_OPERATION", _LOGIN_IS_OFF)
        if message.operation == "logout":
            return self._logout(message)
        work = OPERATIONS.get(message.operation)
        if work is None:
            raise _unknown(message)
        return self._run(work, message, self._call(request, message, version))

    def _logout(self, message: Message) -> Response:
        if not self._sessions.revoke(message.session):
            raise _no_session(message)
        return soap_messages.answer("logout", "", self._org.state)

    def _run(self, work: Operation, message: Message, call: Call) -> Response:
        self._count()
        try:
            results = work(call, message)
        except ApiError as refused:
            raise SoapFault(refused.code, refused.message) from None
        org_state.save(self._org.connection, self._org.state)
        return soap_messages.answer(message.operation, results, self._org.state)

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


def _unpacked(request: Request) -> bytes:
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return request.body
    try:
        return gzip.decompress(request.body)
    except (OSError, EOFError, zlib.error):
        raise SoapFault("soapenv:Client", "The request is no gzip stream") from None


def _unknown(message: Message) -> SoapFault:
    return SoapFault("soapenv:Client", f"No operation available for request {{{message.namespace}}}{message.operation}")


def _no_session(message: Message) -> SoapFault:
    reason = "missing session key" if not message.session else "Illegal Session"
    return SoapFault("INVALID_SESSION_ID", f"Invalid Session ID found in SessionHeader: {reason}")
