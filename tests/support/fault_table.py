"""Every request that the engine makes, every fault that it may meet, and what has to come of it. docs/faults.md shows
it and says which fields were changed after they were tried; tests/acceptance/test_fault_matrix.py holds the product to
it.
"""

from typing import Any

RECOVERED, PARKED, ONE_FAILED = "recovered", "parked", "one failed"
_HTML = {"Content-Type": "text/html"}
_PAGE = "<html><head><title>Down for maintenance</title></head><body>We are back soon.</body></html>"
_THROTTLED = {"error": {"code": "TooManyRequests", "message": "Slow down."}}
_LIMIT = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
_EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
#: longer than the time-out of the test's configuration
_LATE_MS = 1600

#: request -> what tells it: the service, its path, and how many others that fit come before
REQUESTS: dict[str, dict[str, Any]] = {
    "sign-in to Salesforce": {"service": "salesforce", "path": "oauth2/token"},
    "set-up": {"service": "salesforce", "path": "/composite$"},
    "authority": {"service": "entra", "path": "openid-configuration"},
    "sign-in to Microsoft 365": {"service": "entra", "path": "oauth2/v2.0/token"},
    "user": {"service": "graph", "path": "/users/ada@"},
    "kind of mailbox": {"service": "graph", "path": "userPurpose"},
    "count": {"service": "graph", "path": r"/users/[^/]+/messages\?.*count=true"},
    "list": {"service": "graph", "path": r"/users/[^/]+/messages\?(?!.*count=true)"},
    "folders": {"service": "graph", "path": "batch$"},
    "list of a folder": {"service": "graph", "path": r"mailFolders/[^/]+/messages\?"},
    "look-up": {"service": "salesforce", "path": "/composite$", "skip": 1},
    "bodies": {"service": "graph", "path": "batch$", "skip": 1},
    "write": {"service": "salesforce", "path": "/composite$", "skip": 2},
    "file": {"service": "graph", "path": "value$"},
    "upload": {"service": "salesforce", "path": "composite/sobjects$"},
    "checkpoint": {"service": "salesforce", "path": "/composite$", "skip": 3},
}
#: once, at the first such request: the next attempt gets through
ONCE: dict[str, dict[str, Any]] = {
    "429, seconds": {"status": 429, "headers": {"Retry-After": "7"}, "body": _THROTTLED},
    "429, a date": {"status": 429, "headers": {"Retry-After": "Mon, 01 Jun 2026 12:00:30 GMT"}, "body": _THROTTLED},
    "429, nothing said": {"status": 429, "body": _THROTTLED},
    "500": {"status": 500, "body": {"error": {"code": "InternalServerError", "message": "Sorry."}}},
    "502, a web page": {"status": 502, "headers": _HTML, "body": _PAGE},
    "503": {"status": 503, "body": ""},
    "504": {"status": 504, "headers": _HTML, "body": _PAGE},
    "reset before effect": {"drop": "before"},
    "reset after effect": {"drop": "after"},
    "reset in the body": {"drop": "middle"},
    "truncated JSON": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": '{"value": [{"id": "1'},
    "time-out": {"delay_ms": _LATE_MS},
    "expired token": {"status": 401, "body": _EXPIRED},
    "maintenance page with 200": {"status": 200, "headers": _HTML, "body": _PAGE},
}
#: until it is mended
LASTING: dict[str, dict[str, Any]] = {
    "401 that stays": {"status": 401, "body": _EXPIRED},
    "403 limit": {"status": 403, "body": _LIMIT},
    "503 that stays": {"status": 503, "body": ""},
    "maintenance page that stays": {"status": 200, "headers": _HTML, "body": _PAGE},
    "wrong JSON type": {"status": 200, "body": ["x"]},
    "redirect to a login page": {"status": 302, "headers": {"Location": "https://login.example/"}, "body": ""},
}
_SIGN_INS = ("sign-in to Salesforce", "authority", "sign-in to Microsoft 365")
#: what is not as the rule below says, and why
EXCEPTIONS: dict[tuple[str, str], str] = {
    # whoever is refused by name is not asked twice
    **{(request, "expired token"): PARKED for request in _SIGN_INS},
    # how many messages there are is a hint on the length of windows; without it windows begin with seven days
    **{("count", fault): RECOVERED for fault in LASTING if fault[:3] not in ("401", "403")},
    # what was asked for together is asked for alone then
    **{
        (request, fault): RECOVERED
        for request in ("folders", "bodies")
        for fault in ("maintenance page that stays", "wrong JSON type")
    },
    # what is refused to the connector as a whole is no fault of a file
    ("file", "401 that stays"): PARKED,
    ("upload", "401 that stays"): PARKED,
    ("upload", "403 limit"): PARKED,
    ("upload", "redirect to a login page"): PARKED,
    # it was too slow for the platform, and may have been stored: looked for at the next attempt
    ("upload", "504"): ONE_FAILED,
}


def applies(request: str, fault: str) -> bool:
    """Whether the service can answer that: only Salesforce has a limit of calls, and a file is no JSON."""
    if fault == "403 limit":
        return REQUESTS[request]["service"] == "salesforce" and request != "sign-in to Salesforce"
    return request != "file" or fault not in ("truncated JSON", "wrong JSON type")


def expected(request: str, fault: str) -> str:
    """What passes is recovered from; what stays parks the run, but where it concerns one file, which fails alone."""
    if (request, fault) in EXCEPTIONS:
        return EXCEPTIONS[request, fault]
    if fault in ONCE:
        return RECOVERED
    return ONE_FAILED if request in ("file", "upload") else PARKED


def planted(request: str, fault: str) -> dict[str, Any]:
    """The fault as the sandbox is asked for it."""
    how = ONCE.get(fault) or LASTING[fault]
    return {**REQUESTS[request], "times": 1 if fault in ONCE else 0, **how}


def markdown() -> str:
    """The table of docs/faults.md: a line for each fault, a column for each request."""
    lines = ["| Fault | " + " | ".join(REQUESTS) + " |", "|---" * (len(REQUESTS) + 1) + "|"]
    lines += (
        f"| {fault} | "
        + " | ".join(expected(request, fault) if applies(request, fault) else "" for request in REQUESTS)
        + " |"
        for fault in (*ONCE, *LASTING)
    )
    return "\n".join(lines)
