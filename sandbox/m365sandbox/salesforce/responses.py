"""HTTP for the org: signs callers in, counts their requests, turns requests into calls and answers into responses."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, quote, unquote

from m365sandbox.salesforce import org as org_state
from m365sandbox.salesforce import urls
from m365sandbox.salesforce.auth import identity, users
from m365sandbox.salesforce.auth.oauth import TokenEndpoint
from m365sandbox.salesforce.auth.sessions import Sessions
from m365sandbox.salesforce.call import Answer, Call, Org, spelt
from m365sandbox.salesforce.errors import (
    ApiError,
    bad_authorization,
    expired_session,
    method_not_allowed,
    not_found,
)
from m365sandbox.salesforce.rest import bodies, recent, resources
from m365sandbox.wire import Request, Response

#: Address and headers together (Salesforce help 000386264); a longer address alone has a status of its own.
MAX_HEAD_BYTES = 16_384
_VERSION = re.compile(r"v(\d{2})\.0", re.ASCII)


class Rest:
    """The front door of one org."""

    def __init__(self, org: Org, sessions: Sessions, tokens: TokenEndpoint) -> None:
        self._org = org
        self._sessions = sessions
        self._tokens = tokens

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        too_long = _too_long(request)
        if too_long is not None:
            return too_long
        request = _overridden(request)
        segments = _segments(request.raw_path or quote(request.path))
        try:
            response = self._answer(request, segments)
        except ApiError as refused:
            response = refused.response()
        if segments[:2] == ("services", "data"):
            response.headers["Sforce-Limit-Info"] = resources.limit_info(self._org.state)
            response.headers.setdefault("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
        return bodies.packed(request, response)

    def _answer(self, request: Request, segments: tuple[str, ...]) -> Response:
        if segments[:2] == ("services", "oauth2"):
            return self._oauth(request, segments[2:])
        if segments[:1] == ("id",):
            return identity.answer(self._org, self._signed_in, request, segments)
        if segments[:2] != ("services", "data"):
            raise not_found()
        if len(segments) == 2:
            _allow(request, "GET", "HEAD")
            return Response.of_json(resources.versions())
        version = _version(segments[2])
        call = self._call(request, version, spelt(segments[3:]))
        self._count()
        return _response(self._run(call, request))

    def _run(self, call: Call, request: Request) -> Answer:
        urls.find(call.method, call.segments)
        bodies.check_accept(request, call.segments)
        if call.method in ("GET", "HEAD"):
            return urls.dispatch(call)
        bodies.refuse_conditions(request.headers)
        call.body = bodies.parsed(request, call.segments)
        with self._org.unit_of_work():
            answer = urls.dispatch(call)
            recent.touch(call, answer)
            org_state.save(self._org.connection, self._org.state)
        return answer

    def _count(self) -> None:
        state = self._org.state
        if state.daily_api_used >= state.daily_api_requests:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        state.daily_api_used += 1

    def _call(self, request: Request, version: str, segments: tuple[str, ...]) -> Call:
        user_id = self._user_of(request)
        rights = self._org.rights.of(user_id)
        if not rights.has("ApiEnabled"):
            raise ApiError(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        return Call(
            org=self._org,
            user_id=user_id,
            rights=rights,
            version=version,
            now=self._org.now(),
            base_url=request.base_url,
            method=request.method,
            segments=segments,
            query=request.query,
            headers=request.headers,
            sub_fault=request.sub_fault,
        )

    def _user_of(self, request: Request) -> str:
        header = request.headers.get("authorization")
        if header is None:
            raise expired_session()
        scheme, _, token = header.partition(" ")
        if scheme.lower() not in ("bearer", "oauth") or not token.strip():
            raise bad_authorization()
        user_id = self._signed_in(token.strip())
        if user_id is None:
            raise expired_session()
        return user_id

    def _signed_in(self, token: str) -> str | None:
        """The user whom a token was issued to, while that user may sign in."""
        user_id = self._sessions.user_of(token)
        return user_id if user_id is not None and self.is_active(user_id) else None

    def is_active(self, user_id: str) -> bool:
        """Whether a user may sign in: active, and not frozen."""
        return users.is_let_in(self._org.connection, user_id)

    def _oauth(self, request: Request, rest: tuple[str, ...]) -> Response:
        if rest == ("token",):
            return self._tokens.answer(request)
        if rest == ("userinfo",):
            _allow(request, "GET", "POST")
            return identity.userinfo(self._org, self._signed_in, request)
        if rest == ("revoke",):
            _allow(request, "GET", "POST")
            return self._revoke(request)
        raise not_found()

    def _revoke(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        token = form.get("token") or request.parameter("token") or ""
        if self._sessions.revoke(token):
            return Response(200)
        return Response.of_json({"error": "unsupported_token_type", "error_description": "invalid token"}, 400)


def _too_long(request: Request) -> Response | None:
    """The refusal of an address or a head that is too long, or None."""
    address = len(request.raw_path or request.path) + sum(
        len(quote(key, safe="")) + len(quote(value, safe="")) + 2 for key, value in request.query
    )
    head = address + sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    if address > MAX_HEAD_BYTES:
        return _page(414, "URI Too Long")
    return _page(431, "Request Header Fields Too Large") if head > MAX_HEAD_BYTES else None


def _page(status: int, reason: str) -> Response:
    page = f"<html><head><title>{status} {reason}</title></head><body><h1>{reason}</h1></body></html>"
    return Response(status, {"Content-Type": "text/html;charset=UTF-8"}, page.encode())


def _overridden(request: Request) -> Request:
    """REST guide, "PATCH": a client that cannot send a verb may POST with `_HttpMethod`."""
    verb = request.parameter("_HttpMethod")
    if verb is None or request.method != "POST":
        return request
    query = tuple(pair for pair in request.query if pair[0] != "_HttpMethod")
    return replace(request, method=verb.upper(), query=query)


def _segments(raw_path: str) -> tuple[str, ...]:
    """The parts of the path, decoded one by one, so that an encoded slash stays in its part."""
    return tuple(unquote(part) for part in raw_path.strip("/").split("/"))


def _version(segment: str) -> str:
    match = _VERSION.fullmatch(segment)
    if match is None or int(match[1]) > resources.NEWEST:
        raise not_found()
    if int(match[1]) < resources.OLDEST:
        message = f"This API version is retired; use {resources.OLDEST}.0 or later."
        raise ApiError(410, "UNSUPPORTED_API_VERSION", message)
    return f"{match[1]}.0"


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise method_not_allowed(request.method, methods)


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes | Iterator):
        return Response(answer.status, dict(answer.headers), answer.body)
    if answer.body is None:
        return Response(answer.status, dict(answer.headers), b"", rows=answer.rows)
    response = Response.of_json(answer.body, answer.status, answer.headers)
    response.rows = answer.rows
    return response
