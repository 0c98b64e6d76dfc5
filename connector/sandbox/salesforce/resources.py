"""The small resources: versions, the list of resources, limits, and who is signed in."""

from typing import Any

from connector.sandbox.salesforce.call import Answer, Call
from connector.sandbox.salesforce.errors import expired_session
from connector.sandbox.salesforce.org import OrgState
from connector.sandbox.salesforce.tables import select

#: The versions that answer. REST guide, "API end-of-life": 21.0 to 30.0 are retired since Summer '25.
OLDEST, NEWEST = 31, 65
_SEASONS = ("Spring", "Summer", "Winter")


def versions() -> list[dict[str, str]]:
    """GET /services/data."""
    return [
        {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]


def _label(number: int) -> str:
    """Three releases a year: 64.0 was Summer '25, 65.0 Winter '26."""
    year, season = divmod(number - 63, 3)
    return f"{_SEASONS[season]} '{25 + year + (season == 2)}"


def resource_list(call: Call) -> Answer:
    """GET /services/data/vX."""
    names = ("sobjects", "query", "queryAll", "limits", "composite")
    identity = f"{call.base_url}/id/{call.org.org_id}/{call.user_id}"
    return Answer(200, {**{name: f"{call.root}/{name}" for name in names}, "identity": identity})


def composite_list(call: Call) -> Answer:
    """GET /composite: its own resources."""
    return Answer(200, {"sobjects": f"{call.root}/composite/sobjects"})


def limits(call: Call) -> Answer:
    """GET /limits."""
    state = call.org.state
    storage = int(state.data_storage_mb)
    found = {
        "ConcurrentAsyncGetReportInstances": (200, 200),
        "DailyApiRequests": (state.daily_api_requests, max(0, state.daily_api_requests - state.daily_api_used)),
        "DailyAsyncApexExecutions": (250_000, 250_000),
        "DailyBulkApiBatches": (15_000, 15_000),
        "DailyBulkV2QueryJobs": (10_000, 10_000),
        "DailyStreamingApiEvents": (200_000, 200_000),
        "DataStorageMB": (storage, max(0, int(state.data_storage_mb - state.data_storage_used_mb))),
        "FileStorageMB": (storage, storage),
        "SingleEmail": (5_000, 5_000),
    }
    return Answer(200, {name: {"Max": most, "Remaining": left} for name, (most, left) in found.items()})


def limit_info(state: OrgState) -> str:
    """The Sforce-Limit-Info header of every answer."""
    return f"api-usage={state.daily_api_used}/{state.daily_api_requests}"


def identity(call: Call) -> Answer:
    """GET /id/ORG/USER."""
    user = _user(call)
    username, email, first, last, name, zone, active = user
    return Answer(
        200,
        {
            "id": f"{call.base_url}/id/{call.org.org_id}/{call.user_id}",
            "asserted_user": True,
            "user_id": call.user_id,
            "organization_id": call.org.org_id,
            "username": username,
            "nick_name": username.partition("@")[0],
            "display_name": name,
            "email": email,
            "email_verified": True,
            "first_name": first,
            "last_name": last,
            "timezone": zone,
            "active": bool(active),
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "urls": _urls(call),
        },
    )


def userinfo(call: Call) -> Answer:
    """GET /services/oauth2/userinfo."""
    username, email, first, last, name, zone, active = _user(call)
    return Answer(
        200,
        {
            "sub": f"{call.base_url}/id/{call.org.org_id}/{call.user_id}",
            "user_id": call.user_id,
            "organization_id": call.org.org_id,
            "preferred_username": username,
            "nickname": username.partition("@")[0],
            "name": name,
            "email": email,
            "email_verified": True,
            "given_name": first,
            "family_name": last,
            "zoneinfo": zone,
            "active": bool(active),
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "urls": _urls(call),
        },
    )


def _user(call: Call) -> tuple[Any, ...]:
    user = call.org.schema.object("User")
    names = ["Username", "Email", "FirstName", "LastName", "Name", "TimeZoneSidKey", "IsActive"]
    rows = select(call.org.connection, user, names, "Id", [call.user_id]) if user else []
    if not rows:
        raise expired_session()
    return rows[0]


def _urls(call: Call) -> dict[str, str]:
    """`{version}` is for the client to fill in."""
    data = f"{call.base_url}/services/data/v{{version}}/"
    return {
        "rest": data,
        "sobjects": f"{data}sobjects/",
        "query": f"{data}query/",
        "custom_domain": call.base_url,
    }
