"""The small resources: versions, the list of resources, limits and record counts."""

from m365sandbox.salesforce.auth import identity
from m365sandbox.salesforce.call import Answer, Call
from m365sandbox.salesforce.data.schema import SObject
from m365sandbox.salesforce.data.storage import quote_name
from m365sandbox.salesforce.errors import ApiError
from m365sandbox.salesforce.org import OrgState

#: The versions that answer, Winter '24 to Winter '27. Older ones answer as retired ones do; an org takes 31.0 on.
OLDEST, NEWEST = 59, 68
_RESOURCES = (
    "composite",
    "jobs",
    "limits",
    "parameterizedSearch",
    "query",
    "queryAll",
    "recent",
    "search",
    "sobjects",
)
#: REST guide, "Limits": what nothing here uses, at the allocation of a new Enterprise org.
_UNUSED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStandardVolumePlatformEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_000,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyDashboardRefreshes": 200,
    "HourlyODataCallout": 1_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 5_000,
    "SingleEmail": 5_000,
    "StreamingApiConcurrentClients": 20,
}
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
    links = {name: f"{call.root}/{name}" for name in _RESOURCES}
    return Answer(200, {**links, "identity": identity.url(call.org.org_id, call.user_id, call.base_url)})


def composite_list(call: Call) -> Answer:
    """GET /composite: its own resources."""
    return Answer(200, {name: f"{call.root}/composite/{name}" for name in ("sobjects", "tree")})


def job_list(call: Call) -> Answer:
    """GET /jobs: its own resources."""
    return Answer(200, {name: f"{call.root}/jobs/{name}" for name in ("ingest", "query")})


def limits(call: Call) -> Answer:
    """GET /limits: "for API users with the View Setup and Configuration permission" (REST guide, "Limits")."""
    if not call.rights.has("ViewSetup"):
        raise ApiError(403, "INSUFFICIENT_ACCESS", "The limits of the org need View Setup and Configuration")
    state = call.org.state
    storage = int(state.data_storage_mb)
    used = {
        "DailyApiRequests": (state.daily_api_requests, max(0, state.daily_api_requests - state.daily_api_used)),
        "DataStorageMB": (storage, max(0, int(state.data_storage_mb - state.data_storage_used_mb))),
        "FileStorageMB": (storage, storage),
    }
    found = used | {name: (most, most) for name, most in _UNUSED.items()}
    return Answer(200, {name: {"Max": most, "Remaining": left} for name, (most, left) in sorted(found.items())})


def record_count(call: Call) -> Answer:
    """GET /limits/recordCount?sObjects=: how many live records there are, of all objects or of those named."""
    named = call.parameter("sObjects")
    wanted = [item.strip() for item in named.split(",")] if named else list(call.org.schema.objects)
    found = [_counted(call, item) for item in (call.org.schema.object(name) for name in wanted) if item is not None]
    if named and not found:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{named}' is not supported.")
    return Answer(200, {"sObjects": sorted((item for item in found if item["count"]), key=lambda item: item["name"])})


def _counted(call: Call, sobject: SObject) -> dict[str, str | int]:
    """The platform counts without sharing; an object that the caller may not read is left out."""
    if not (sobject.queryable and call.rights.can_read(sobject)):
        return {"count": 0, "name": sobject.name}
    live = ' WHERE "IsDeleted" = 0' if sobject.has_recycle_bin else ""
    [count] = call.org.connection.execute(f"SELECT COUNT(*) FROM {quote_name(sobject.name)}{live}").fetchone()
    return {"count": count, "name": sobject.name}


def limit_info(state: OrgState) -> str:
    """The Sforce-Limit-Info header of every answer."""
    return f"api-usage={state.daily_api_used}/{state.daily_api_requests}"
