"""HTTP for the org: signs callers in, counts their requests, turns requests into calls and answers into responses."""

import gzip
import json
import re
import zlib
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote, unquote

from connector.sandbox.salesforce import multipart, resources, urls
from connector.sandbox.salesforce import org as org_state
from connector.sandbox.salesforce.auth import TokenEndpoint
from connector.sandbox.salesforce.call import Answer, Call, Org
from connector.sandbox.salesforce.errors import ApiError, bad_json, expired_session, method_not_allowed, not_found
from connector.sandbox.salesforce.sessions import Sessions
from connector.sandbox.wire import Request, Response

_VERSION = re.compile(r"v(\d{2})\.0", re.ASCII)
#: An escaped half of a surrogate pair may stand in the body.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
#: Address and headers together (Salesforce help 000386264); a longer address alone has a status of its own.
MAX_HEAD_BYTES = 16_384


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
        segments = _segments(request.raw_path or quote(request.path))
        try:
            response = self._answer(request, segments)
        except ApiError as refused:
            response = refused.response()
        if segments[:2] == ("services", "data"):
            response.headers["Sforce-Limit-Info"] = resources.limit_info(self._org.state)
        return response

    def _answer(self, request: Request, segments: tuple[str, ...]) -> Response:
        if segments[:2] == ("services", "oauth2"):
            return self._oauth(request, segments[2:])
        if segments[:1] == ("id",):
            return self._identity(request, segments)
        if segments[:2] != ("services", "data"):
            raise not_found()
        if len(segments) == 2:
            _allow(request, "GET")
            return Response.of_json(resources.versions())
        version = _version(segments[2])
        call = self._call(request, version, segments[3:])
        self._count()
        return self._run(call, request)

    def _run(self, call: Call, request: Request) -> Response:
        urls.find(call.method, call.segments)
        if call.method in ("GET", "HEAD"):
            return _response(urls.dispatch(call))
        call.body = _parsed(request, call.segments)
        with self._org.unit_of_work():
            answer = urls.dispatch(call)
            org_state.save(self._org.connection, self._org.state)
        return _response(answer)

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
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user_id = self._sessions.user_of(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if user_id is None or not self._is_active(user_id):
            raise expired_session()
        return user_id

    def _is_active(self, user_id: str) -> bool:
        row = self._org.connection.execute('SELECT "IsActive" FROM "User" WHERE "Id" = ?', (user_id,)).fetchone()
        return bool(row and row[0])

    def _oauth(self, request: Request, rest: tuple[str, ...]) -> Response:
        if rest == ("token",):
            return self._tokens.answer(request)
        if rest == ("userinfo",):
            _allow(request, "GET", "POST")
            return _response(resources.userinfo(self._call(request, f"{resources.NEWEST}.0", ())))
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

    def _identity(self, request: Request, segments: tuple[str, ...]) -> Response:
        _allow(request, "GET", "POST")
        call = self._call(request, f"{resources.NEWEST}.0", ())
        if segments != ("id", self._org.org_id, call.user_id):
            raise ApiError(403, "Forbidden", "Bad_OAuth_Token")
        return _response(resources.identity(call))


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


def _parsed(request: Request, segments: tuple[str, ...]) -> Any:
    """The JSON of the body, for a row with a file that of its form; None where there is none."""
    content_type = request.headers.get("content-type", "application/json")
    body = request.body
    if segments[:1] == ("sobjects",) and len(segments) in (2, 3) and multipart.is_multipart(content_type):
        return multipart.row_of(body, content_type)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            raise bad_json("The body is no gzip stream") from None
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        message = f"Unsupported media type '{kind}': this resource takes application/json"
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message)
    try:
        parsed = json.loads(body, parse_constant=_no_number)
        return _without_halves(parsed) if _SURROGATE.search(body) else parsed
    except (ValueError, RecursionError) as wrong:
        raise bad_json(str(wrong)) from None


def _without_halves(value: Any) -> Any:
    """The value with every half of a surrogate pair made a question mark, which UTF-8 can carry back."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(key): _without_halves(item) for key, item in value.items()}
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"Unrecognized token '{text}'")


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes):
        return Response(answer.status, dict(answer.headers), answer.body)
    if answer.body is None:
        return Response(answer.status, dict(answer.headers), b"", rows=answer.rows)
    response = Response.of_json(answer.body, answer.status, answer.headers)
    response.rows = answer.rows
    return response


def _too_long(request: Request) -> Response | None:
    """The gateway refuses long addresses and heads before the org sees them; its answers are HTML."""
    address = len(request.raw_path or request.path) + sum(
        len(quote(key, safe="")) + len(quote(value, safe="")) + 2 for key, value in request.query
    )
    head = address + sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    if address > MAX_HEAD_BYTES:
        return _gateway(414, "URI Too Long")
    return _gateway(431, "Request Header Fields Too Large") if head > MAX_HEAD_BYTES else None


def _gateway(status: int, reason: str) -> Response:
    page = f"<html><head><title>{status} {reason}</title></head><body><h1>{reason}</h1></body></html>"
    return Response(status, {"Content-Type": "text/html;charset=UTF-8"}, page.encode())
