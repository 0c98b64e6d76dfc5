"""Who is signed in: /id/ORG/USER and /services/oauth2/userinfo.

Salesforce help, "Identity URLs": a token that is not accepted is a 403 with one word of plain text, not the error array
of the REST API; the token may also stand in the query, as `oauth_token`.
"""

from collections.abc import Callable
from typing import Any

from m365sandbox.salesforce.call import Org
from m365sandbox.salesforce.data.tables import select
from m365sandbox.salesforce.errors import ApiError, method_not_allowed
from m365sandbox.wire import Request, Response

#: The id of the active user that a token belongs to.
SignedIn = Callable[[str], str | None]

_COLUMNS = ("Username", "Email", "FirstName", "LastName", "Name", "TimeZoneSidKey", "IsActive", "LastModifiedDate")
#: The resources that an identity names; `{version}` is for the client to fill in.
_RESOURCES = {
    "enterprise": "services/Soap/c/{version}/ORG",
    "metadata": "services/Soap/m/{version}/ORG",
    "partner": "services/Soap/u/{version}/ORG",
    "rest": "services/data/v{version}/",
    "sobjects": "services/data/v{version}/sobjects/",
    "search": "services/data/v{version}/search/",
    "query": "services/data/v{version}/query/",
    "recent": "services/data/v{version}/recent/",
}


def answer(org: Org, signed_in: SignedIn, request: Request, segments: tuple[str, ...]) -> Response:
    """GET /id/ORG/USER."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise method_not_allowed(request.method, ["GET", "POST"])
    user_id = signed_in(_token(request))
    if user_id is None:
        return _refused("Bad_OAuth_Token" if _token(request) else "Missing_OAuth_Token")
    if segments[1:2] != (org.org_id,):
        return _refused("Wrong_Org")
    if segments != ("id", org.org_id, user_id):
        return _refused("No_Access") if _is_user(org, segments[2:]) else _refused("Bad_Id", 404)
    _check_format(request)
    return Response.of_json(_identity(org, user_id, request.base_url))


def userinfo(org: Org, signed_in: SignedIn, request: Request) -> Response:
    """GET /services/oauth2/userinfo."""
    user_id = signed_in(_token(request))
    if user_id is None:
        return _refused("Bad_OAuth_Token" if _token(request) else "Missing_OAuth_Token")
    _check_format(request)
    return Response.of_json(_userinfo(org, user_id, request.base_url))


def url(org_id: str, user_id: str, base_url: str) -> str:
    """The identity URL of a user."""
    return f"{base_url}/id/{org_id}/{user_id}"


def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth"):
        return token.strip()
    return request.parameter("oauth_token") or request.parameter("access_token") or ""


def _check_format(request: Request) -> None:
    """JSON is what is emulated of the formats."""
    asked = request.parameter("format")
    if asked not in (None, "json"):
        raise ApiError(406, "NOT_ACCEPTABLE", f"The format '{asked}' is not available here; use json")


def _refused(word: str, status: int = 403) -> Response:
    return Response(status, {"Content-Type": "text/plain;charset=UTF-8"}, word.encode())


def _is_user(org: Org, rest: tuple[str, ...]) -> bool:
    user = org.schema.objects["user"]
    return len(rest) == 1 and bool(select(org.connection, user, ["Id"], "Id", rest))


def _user(org: Org, user_id: str) -> dict[str, Any]:
    user = org.schema.objects["user"]
    [row] = select(org.connection, user, _COLUMNS, "Id", [user_id])
    return dict(zip(_COLUMNS, row, strict=True))


def _identity(org: Org, user_id: str, base_url: str) -> dict[str, Any]:
    user = _user(org, user_id)
    return {
        "id": url(org.org_id, user_id, base_url),
        "asserted_user": True,
        "user_id": user_id,
        "organization_id": org.org_id,
        "username": user["Username"],
        "nick_name": _nickname(user),
        "display_name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "first_name": user["FirstName"],
        "last_name": user["LastName"],
        "timezone": user["TimeZoneSidKey"],
        "photos": _photos(base_url),
        "addr_street": None,
        "addr_city": None,
        "addr_state": None,
        "addr_country": None,
        "addr_zip": None,
        "mobile_phone": None,
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(org, user_id, base_url),
        "active": bool(user["IsActive"]),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "last_modified_date": _zulu(user["LastModifiedDate"]),
    }


def _userinfo(org: Org, user_id: str, base_url: str) -> dict[str, Any]:
    user = _user(org, user_id)
    return {
        "sub": url(org.org_id, user_id, base_url),
        "user_id": user_id,
        "organization_id": org.org_id,
        "preferred_username": user["Username"],
        "nickname": _nickname(user),
        "name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "given_name": user["FirstName"],
        "family_name": user["LastName"],
        "zoneinfo": user["TimeZoneSidKey"],
        "photos": _photos(base_url),
        "profile": f"{base_url}/{user_id}",
        "picture": _photos(base_url)["picture"],
        "address": {},
        "is_salesforce_integration_user": False,
        "urls": _urls(org, user_id, base_url),
        "active": bool(user["IsActive"]),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": _zulu(user["LastModifiedDate"]),
    }


def _nickname(user: dict[str, Any]) -> str:
    return str(user["Username"]).partition("@")[0]


def _photos(base_url: str) -> dict[str, str]:
    photo = f"{base_url}/profilephoto/005"
    return {"picture": f"{photo}/F", "thumbnail": f"{photo}/T"}


def _zulu(stored: Any) -> str | None:
    """These two resources write the zone as Z."""
    return None if stored is None else str(stored).replace("+0000", "Z")


def _urls(org: Org, user_id: str, base_url: str) -> dict[str, str]:
    named = {name: f"{base_url}/{path.replace('ORG', org.org_id[:15])}" for name, path in _RESOURCES.items()}
    return {**named, "profile": f"{base_url}/{user_id}", "custom_domain": base_url}
