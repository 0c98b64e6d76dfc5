"""Entra's paths: /{tenant}/… and the handler of each."""

from m365sandbox.entra import responses
from m365sandbox.entra.authorize import AuthorizeEndpoint
from m365sandbox.entra.errors import EntraError
from m365sandbox.entra.grants import Grants
from m365sandbox.entra.models import Nobody, People, Tokens
from m365sandbox.entra.token import TokenEndpoint
from m365sandbox.wire import Request, Response

_READ = ("GET", "HEAD")
_METHODS = {
    "oauth2/v2.0/token": ("POST",),
    "oauth2/v2.0/authorize": ("GET", "POST"),
    "v2.0/.well-known/openid-configuration": _READ,
    "discovery/v2.0/keys": _READ,
    "discovery/instance": _READ,
    "oauth2/v2.0/devicecode": ("POST",),
}


class EntraSandbox:
    """The sign-in service of one tenant."""

    def __init__(self, tokens: Tokens, people: People | None = None) -> None:
        self.tokens = tokens
        grants = Grants(tokens.tenant.signing_key)
        self._token = TokenEndpoint(tokens, grants, people or Nobody())
        self._authorize = AuthorizeEndpoint(tokens, grants, people or Nobody())

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client can send."""
        try:
            return self._answer(request)
        except EntraError as refusal:
            return refusal.response(request.base_url, request.headers.get("client-request-id"))

    def _answer(self, request: Request) -> Response:
        name, _, rest = request.path.strip("/").partition("/")
        rest = rest.lower().rstrip("/")
        methods = _METHODS.get(rest)
        if methods is None:
            return Response(404, {"Content-Type": "text/html; charset=utf-8"}, b"")
        if request.method not in methods:
            return Response(405, {"Allow": ", ".join(methods), "Content-Type": "text/html; charset=utf-8"}, b"")
        if rest == "oauth2/v2.0/token":
            return self._token.answer(request, name)
        if rest == "oauth2/v2.0/authorize":
            return self._authorize.answer(request, name)
        if rest == "oauth2/v2.0/devicecode":
            return self._token.device_code(request, name)
        if rest == "discovery/instance":
            return responses.instance_discovery(request)
        if rest == "discovery/v2.0/keys":
            return responses.key_set(self.tokens, name)
        return responses.openid_configuration(self.tokens.tenant, request, name)
