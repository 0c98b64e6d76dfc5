"""jsforce on the sandbox: shapes and sessions, and that each scenario has its test."""

from typing import Any

import pytest

from tests.clients import test_jsforce, test_jsforce_bulk
from tests.support.jsforce import NOT_FOUND, ROOT, code, message

pytestmark = pytest.mark.node


# --- shapes


def test_describe(found: dict[str, Any]) -> None:
    described = found["describe"]
    assert (described["name"], described["keyPrefix"], described["rights"]) == ("Contact", "003", [True] * 4)
    last_name = described["lastName"]
    assert (last_name["type"], last_name["length"], last_name["nillable"]) == ("string", 80, False)
    assert described["owner"] == ["reference", ["User"], "Owner"]
    assert (described["child"]["childSObject"], described["child"]["field"]) == ("Task", "WhoId")
    assert (code(described["unknown"]), message(described["unknown"])) == ("NOT_FOUND", NOT_FOUND)


def test_every_described_field_can_be_queried(found: dict[str, Any]) -> None:
    tried = found["every_described_field_can_be_queried"]
    assert tried["objects"] > 20
    assert set(tried["failures"]) == {"ContentDocumentLink"}, tried["failures"]
    assert "Implementation restriction" in tried["failures"]["ContentDocumentLink"]


def test_describe_global(found: dict[str, Any]) -> None:
    described = found["describe_global"]
    assert (described["encoding"], described["maxBatchSize"]) == ("UTF-8", 200)
    assert {"Account", "Contact", "Email__c", "Task", "User"} <= set(described["names"])
    assert described["contact"]["urls"]["describe"] == f"{ROOT}/sobjects/Contact/describe"
    assert (described["email"]["custom"], described["email"]["label"]) == (True, "Email")


def test_limits(found: dict[str, Any]) -> None:
    limits = found["limits"]
    assert limits["daily"]["Max"] == 100_000
    assert limits["daily"]["Remaining"] == 100_000 - limits["info"]["apiUsage"]["used"]
    assert limits["info"]["apiUsage"]["limit"] == 100_000
    assert {"DailyApiRequests", "DataStorageMB", "FileStorageMB", "SingleEmail"} <= set(limits["names"])


def test_record_count(found: dict[str, Any]) -> None:
    [counted] = found["record_count"]["sObjects"]
    assert (counted["name"], counted["count"]) == ("Lead", 1)


def test_versions(found: dict[str, Any]) -> None:
    versions = found["versions"]
    assert versions["ours"] == {"label": "Summer '25", "url": ROOT, "version": "64.0"}
    assert versions["first"]["version"] == "59.0"


def test_resources(found: dict[str, Any]) -> None:
    resources = found["resources"]
    assert resources["identity"].startswith(f"{found['url']}/id/00D")
    assert resources["sobjects"] == f"{ROOT}/sobjects"
    assert {"composite", "limits", "query", "queryAll", "recent", "search"} <= set(resources)


def test_recent(found: dict[str, Any]) -> None:
    tried = found["recent"]
    assert [(item["Id"], item["Name"]) for item in tried["all"]] == [(tried["id"], "Seen")]
    assert [item["Id"] for item in tried["accounts"]] == [tried["id"]]


def test_updated_and_deleted(found: dict[str, Any]) -> None:
    tried = found["updated_and_deleted"]
    assert tried["kept"] in tried["updated"]["ids"]
    assert tried["gone"] not in tried["updated"]["ids"]
    assert [item["id"] for item in tried["deleted"]["deletedRecords"]] == [tried["gone"]]
    assert set(tried["deleted"]) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert tried["before"]["ids"] == []
    assert (code(tried["reversed"]), code(tried["old"])) == ("INVALID_REPLICATION_DATE", "INVALID_REPLICATION_DATE")
    assert code(tried["object"]) == "NOT_FOUND"


def test_search(found: dict[str, Any]) -> None:
    tried = found["search"]
    kinds = [item["attributes"]["type"] for item in tried["plain"]["searchRecords"]]
    assert kinds == ["Account", "Contact"]
    [row] = tried["returning"]["searchRecords"]
    assert (row["Id"], row["Name"]) == (tried["id"], "Quentin Searchable")
    assert tried["email"]["searchRecords"][0]["Email"] == "q.s@client.example"
    assert tried["parameterized"]["searchRecords"][0]["Name"] == "Searchable Holdings"
    assert tried["posted"]["searchRecords"][0]["LastName"] == "Searchable"
    assert code(tried["braces"]) == code(tried["short"]) == "MALFORMED_SEARCH"
    assert message(tried["braces"]) == "No search term found. The search term must be enclosed in braces."
    assert (code(tried["object"]), code(tried["field"])) == ("INVALID_TYPE", "INVALID_FIELD")


def test_not_there(found: dict[str, Any]) -> None:
    assert len(found["not_there"]) == 18
    assert all(answer == ["NOT_FOUND", NOT_FOUND] for answer in found["not_there"].values()), found["not_there"]


def test_verbs_and_types(found: dict[str, Any]) -> None:
    tried = found["verbs_and_types"]
    row, rows = "HEAD,GET,PATCH,DELETE", "HEAD,GET,POST"
    for name, verb, allowed in (("put", "PUT", rows), ("patchList", "PATCH", rows), ("postRow", "POST", row)):
        text = f"HTTP Method '{verb}' not allowed. Allowed are {allowed}"
        assert tried[name] == [405, "METHOD_NOT_ALLOWED", text, allowed]
    assert tried["text"][:3] == [
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "MediaType of 'text/plain' is not supported by this resource",
    ]
    assert tried["xml"][:2] == [406, "NOT_ACCEPTABLE"]
    assert [tried[name][:2] for name in ("broken", "list")] == [[400, "JSON_PARSER_ERROR"]] * 2
    assert [tried[name][:2] for name in ("future", "version")] == [[404, "NOT_FOUND"]] * 2
    assert tried["retired"][0] == 410
    assert tried["override"][1] == "INVALID_CROSS_REFERENCE_KEY"
    assert tried["noToken"] == tried["badToken"] == [401, "INVALID_SESSION_ID", "Session expired or invalid", "Token"]
    assert tried["basic"] == [401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", "Token"]
    assert (tried["head"], tried["slash"]) == ([200, None, None, None], [200, None, None, None])


def test_headers(found: dict[str, Any]) -> None:
    headers = found["headers"]
    assert headers["type"] == "application/json;charset=UTF-8"
    assert headers["usage"].startswith("api-usage=")
    assert headers["encodings"] == [None, "gzip"]
    assert headers["same"] is True
    assert headers["created"] is True


# --- sessions


def test_client_credentials(found: dict[str, Any]) -> None:
    tried = found["client_credentials"]
    integration = found["ready"]["salesforce"]["integration"]["username"]
    assert (tried["username"], tried["instance"]) == (integration, found["url"])
    assert tried["userInfo"] == tried["kept"]
    assert tried["userInfo"]["organizationId"] == found["ready"]["salesforce"]["org_id"]
    refused = found["client_credentials_refused"]
    assert refused["secret"]["error"]["name"] == "invalid_client"
    assert refused["client"]["error"]["name"] == "invalid_client_id"


def test_jwt(found: dict[str, Any]) -> None:
    tried = found["jwt"]
    assert tried["username"] == found["ready"]["salesforce"]["integration"]["username"]
    assert tried["production"] == found["ready"]["salesforce"]["org_id"]
    assert all(tried[name]["error"]["name"] == "invalid_grant" for name in ("stranger", "audience", "expired"))


def test_password(found: dict[str, Any]) -> None:
    error = found["password"]["error"]
    assert (error["name"], error["message"]) == ("invalid_grant", "authentication failure")


def test_soap_login(found: dict[str, Any]) -> None:
    assert message(found["soap_login"]["older"]).startswith(
        "INVALID_OPERATION: SOAP API login() is disabled by default in this org."
    )
    assert message(found["soap_login"]["newer"]).startswith("No operation available for request ")


def test_other_grants(found: dict[str, Any]) -> None:
    tried = {name: refused["error"]["name"] for name, refused in found["other_grants"].items()}
    assert tried == {"code": "invalid_grant", "refresh": "invalid_grant", "unknown": "unsupported_grant_type"}


def test_identity(found: dict[str, Any]) -> None:
    tried = found["identity"]
    identity, user_info, info = tried["identity"], tried["userInfo"], tried["info"]
    assert identity["username"] == found["ready"]["salesforce"]["admin"]["username"]
    assert user_info == {
        "id": identity["user_id"],
        "organizationId": identity["organization_id"],
        "url": identity["id"],
    }
    assert identity["urls"]["rest"] == f"{found['url']}/services/data/v{{version}}/"
    assert (info["sub"], info["preferred_username"]) == (identity["id"], identity["username"])
    assert (tried["bad"], tried["none"]) == ([403, "Bad_OAuth_Token"], [403, "Missing_OAuth_Token"])
    assert (tried["org"], tried["user"], tried["xml"]) == ([403, "Wrong_Org"], [404, "Bad_Id"], 406)
    assert code(tried["stranger"]) == "INVALID_SESSION_ID"


def test_expired_session(found: dict[str, Any]) -> None:
    assert code(found["expired_session"]) == "INVALID_SESSION_ID"
    assert message(found["expired_session"]) == "Session expired or invalid"


def test_refreshed_session(found: dict[str, Any]) -> None:
    assert found["refreshed_session"] == {"refreshes": 1, "totalSize": 1}


def test_revoke(found: dict[str, Any]) -> None:
    tried = found["revoke"]
    assert (tried["accessToken"], tried["userInfo"]) == (None, None)
    assert code(tried["after"]) == "INVALID_SESSION_ID"
    assert "unsupported_token_type" in message(tried["again"])


def test_soap_logout(found: dict[str, Any]) -> None:
    assert found["soap_logout"]["rows"] == 1
    assert code(found["soap_logout"]["after"]) == "INVALID_SESSION_ID"


def test_every_scenario_has_its_test(found: dict[str, Any]) -> None:
    beside = {"ready", "url", "client_credentials_refused"}
    tests = {*globals(), *vars(test_jsforce), *vars(test_jsforce_bulk)}
    assert [name for name in found if name not in beside and f"test_{name}" not in tests] == []
