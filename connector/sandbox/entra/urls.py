"""Entra's paths: /{tenant}/… and the handler of each."""

from connector.sandbox.entra import responses
from connector.sandbox.entra.errors import EntraError
from connector.sandbox.entra.models import Tokens
from connector.sandbox.wire import Request, Response


class EntraSandbox:
    """The sign-in service of one tenant."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what a client can send."""
        try:
            return self._answer(request)
        except EntraError as refusal:
            return refusal.response(request.base_url, request.headers.get("client-request-id"))

    def _answer(self, request: Request) -> Response:
        name, _, rest = request.path.strip("/").partition("/")
        rest = rest.lower().rstrip("/")
        if rest == "oauth2/v2.0/token":
            if request.method != "POST":
                return _method_not_allowed("POST")
            return responses.token(self.tokens, request, name)
        if rest not in ("v2.0/.well-known/openid-configuration", "discovery/v2.0/keys", "discovery/instance"):
            return Response(404, {"Content-Type": "text/html; charset=utf-8"}, b"")
        if request.method not in ("GET", "HEAD"):
            return _method_not_allowed("GET")
        if rest == "discovery/instance":
            return responses.instance_discovery(request)
        if rest == "discovery/v2.0/keys":
            return responses.key_set(self.tokens, name)
        return responses.openid_configuration(self.tokens.tenant, request, name)


def _method_not_allowed(allowed: str) -> Response:
    return Response(405, {"Allow": allowed, "Content-Type": "text/html; charset=utf-8"}, b"")
