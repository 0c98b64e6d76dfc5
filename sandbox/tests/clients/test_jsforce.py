"""jsforce, which nobody here wrote, on the sandbox: what it makes of every answer, over HTTPS and over plain HTTP.

tests/node/jsforce.mjs runs all scenarios at one go for each address; a test here looks at what one of them found.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testkit.serving import serving

from tests.support.node_process import node

pytestmark = pytest.mark.node

ROOT = "/services/data/v64.0"
NOT_FOUND = "The requested resource does not exist"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The ready line of a sandbox with both ports."""
    folder = tmp_path_factory.mktemp("jsforce")
    with serving(folder, "--http") as line:
        yield line


def drive(ready: dict[str, Any], url: str) -> dict[str, Any]:
    """What every scenario found at this address."""
    org = ready["salesforce"]
    settings = {
        "url": url,
        "token": org["admin"]["access_token"],
        "username": org["integration"]["username"],
        "clientId": org["client_id"],
        "clientSecret": org["client_secret"],
        "privateKey": Path(org["private_key"]).read_text(encoding="utf-8"),
    }
    found: dict[str, Any] = node("jsforce.mjs", stdin=settings, NODE_EXTRA_CA_CERTS=ready["ca"])
    return {**found, "ready": ready, "url": url}


@pytest.fixture(scope="module")
def over_https(served: dict[str, Any]) -> dict[str, Any]:
    return drive(served, served["url"])


@pytest.fixture(scope="module")
def over_http(served: dict[str, Any], over_https: dict[str, Any]) -> dict[str, Any]:
    """A second round in the same org: scenarios count their own rows only once."""
    subprocess.run(
        [sys.executable, "-c", _RESET, f"{served['url']}/sandbox/reset", served["ca"]],
        check=True,
        timeout=60,
    )
    assert over_https
    return drive(served, served["http_url"])


_RESET = "import requests, sys; requests.post(sys.argv[1], verify=sys.argv[2], timeout=30).raise_for_status()"


@pytest.fixture(params=["https", "http"])
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the scenarios found, once over HTTPS and once over HTTP."""
    driven: dict[str, Any] = request.getfixturevalue(f"over_{request.param}")
    return driven


def code(refused: dict[str, Any]) -> str | None:
    """The errorCode that jsforce read."""
    error: dict[str, Any] = refused["error"]
    assert error["name"] == error["errorCode"]
    return str(error["errorCode"])


def message(refused: dict[str, Any]) -> str:
    return str(refused["error"]["message"])


def statuses(results: list[dict[str, Any]]) -> list[str]:
    """`ok` or the statusCode of each row of a collection."""
    assert all(item["success"] is (not item["errors"]) for item in results)
    return [item["errors"][0]["statusCode"] if item["errors"] else "ok" for item in results]


# --- rows


def test_create_one(found: dict[str, Any]) -> None:
    made, row = found["create_one"]["made"], found["create_one"]["row"]
    assert made == {"id": made["id"], "success": True, "errors": []}
    assert row == {
        "attributes": {"type": "Contact", "url": f"{ROOT}/sobjects/Contact/{made['id']}"},
        "Id": made["id"],
        "Name": "Ada Byron",
        "Email": "ada@client.example",
    }


def test_create_one_refused(found: dict[str, Any]) -> None:
    refused = found["create_one_refused"]
    assert code(refused["missing"]) == "REQUIRED_FIELD_MISSING"
    assert message(refused["missing"]) == "Required fields are missing: [LastName]"
    assert refused["missing"]["error"]["data"]["fields"] == ["LastName"]
    assert code(refused["unknown"]) == "INVALID_FIELD"
    assert message(refused["unknown"]) == "No such column 'Nonsense__c' on sobject of type Contact"
    assert (code(refused["object"]), message(refused["object"])) == ("NOT_FOUND", NOT_FOUND)
    assert code(refused["type"]) == "JSON_PARSER_ERROR"


def test_create_many(found: dict[str, Any]) -> None:
    results = found["create_many"]["partly"]
    assert statuses(results) == ["ok", "REQUIRED_FIELD_MISSING", "ok"]
    assert "id" not in results[1]


def test_create_all_or_none(found: dict[str, Any]) -> None:
    tried = found["create_all_or_none"]
    assert statuses(tried["results"]) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert tried["left"] == 0


def test_create_recursive(found: dict[str, Any]) -> None:
    made = found["create_recursive"]
    assert (made["count"], made["good"], made["distinct"]) == (450, 450, 450)
    assert code(made["refused"]) == "EXCEEDED_ID_LIMIT"
    assert "cannot submit more than 200 records into this call" in message(made["refused"])


def test_create_mixed_types(found: dict[str, Any]) -> None:
    results = found["create_mixed_types"]
    assert statuses(results) == ["ok", "ok", "INVALID_TYPE"]
    assert [item["id"][:3] for item in results[:2]] == ["001", "003"]


def test_create_with_file(found: dict[str, Any]) -> None:
    made = found["create_with_file"]
    assert made["size"] == len("quarterly figures €".encode())
    assert made["link"] == f"{ROOT}/sobjects/ContentVersion/{made['made']['id']}/VersionData"
    assert made["file"] == "quarterly figures €"


def test_update_one(found: dict[str, Any]) -> None:
    tried = found["update_one"]
    assert tried["done"] == {"id": tried["id"], "success": True, "errors": []}
    assert tried["names"] == ["After", "kept"]
    assert code(tried["noContact"]) == "NOT_FOUND"
    assert message(tried["noContact"]).startswith("Provided external ID field does not exist or is not accessible")
    assert code(tried["readOnly"]) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert message(tried["readOnly"]).startswith("Unable to create/update fields: CreatedDate.")


def test_update_many(found: dict[str, Any]) -> None:
    tried = found["update_many"]
    assert statuses(tried["results"]) == ["ok"] * 3 + ["INVALID_CROSS_REFERENCE_KEY"]
    assert [item["id"] for item in tried["results"][:3]] == tried["made"]
    assert tried["titles"] == ["new"] * 3


def test_upsert_one(found: dict[str, Any]) -> None:
    tried = found["upsert_one"]
    assert tried["first"] == {"id": tried["first"]["id"], "success": True, "errors": [], "created": True}
    assert tried["second"] == {**tried["first"], "created": False}
    assert (tried["read"]["Name"], tried["read"]["Graph_User_Id__c"]) == ("Again", "one/with slash")
    for name in ("noKey", "unknownKey"):
        assert code(tried[name]) == "NOT_FOUND"
        assert message(tried[name]).startswith("Provided external ID field does not exist or is not accessible: ")


def test_upsert_many(found: dict[str, Any]) -> None:
    tried = found["upsert_many"]
    assert [item["created"] for item in tried["first"]] == [True, True]
    assert statuses(tried["second"]) == ["ok", "ok", "INVALID_EMAIL_ADDRESS"]
    assert [item["created"] for item in tried["second"]] == [False, True, False]
    assert tried["second"][0]["id"] == tried["first"][1]["id"]
    assert statuses(tried["twice"]) == ["DUPLICATE_VALUE", "DUPLICATE_VALUE"]


def test_upsert_by_several_matches(found: dict[str, Any]) -> None:
    tried = found["upsert_by_several_matches"]
    assert code(tried["single"]) == "MULTIPLE_CHOICES"
    assert sorted(tried["single"]["error"]["data"]) == [f"{ROOT}/sobjects/Email__c/{item}" for item in tried["mails"]]


def test_destroy_one(found: dict[str, Any]) -> None:
    tried = found["destroy_one"]
    assert tried["done"] == {"id": tried["id"], "success": True, "errors": []}
    assert (code(tried["again"]), message(tried["again"])) == ("ENTITY_IS_DELETED", "entity is deleted")


def test_destroy_many(found: dict[str, Any]) -> None:
    tried = found["destroy_many"]
    assert statuses(tried["results"]) == ["ok", "ok", "INVALID_CROSS_REFERENCE_KEY"]
    assert statuses(tried["together"]) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "MALFORMED_ID"]
    assert tried["left"] == 1


def test_destroy_recursive(found: dict[str, Any]) -> None:
    assert found["destroy_recursive"] == {"good": 250}


def test_retrieve_one(found: dict[str, Any]) -> None:
    tried = found["retrieve_one"]
    assert tried["attributes"] == {"type": "Account", "url": f"{ROOT}/sobjects/Account/{tried['id']}"}
    assert tried["address"]["city"] == "Oslo"
    assert tried["id15"] == tried["id"]
    assert tried["keys"] > 20
    assert (code(tried["unknown"]), message(tried["unknown"])) == ("NOT_FOUND", NOT_FOUND)
    assert code(tried["nonsense"]) == "NOT_FOUND"
    assert code(tried["field"]) == "INVALID_FIELD"


def test_retrieve_many(found: dict[str, Any]) -> None:
    tried = found["retrieve_many"]
    assert [item and item["LastName"] for item in tried["chosen"]] == ["ret0002", None, "ret0000"]
    assert tried["whole"] == ["ret"] * 3
    assert tried["byGet"] == ["ret0000", "ret0001", "ret0002"]


# --- queries


def test_query_pages(found: dict[str, Any]) -> None:
    pages = found["query_pages"]
    assert pages["sizes"] == [200, 200, 50]
    assert pages["done"] == [False, False, True]
    assert pages["totals"] == [450] * 3
    assert [url and url.rpartition("-")[2] for url in pages["urls"]] == ["200", "400", None]
    assert pages["all"] == [f"pag{place:04d}" for place in range(450)]
    assert pages["some"] == 250
    assert list(pages["record"]) == ["attributes", "Id", "LastName"]


def test_query_default_page(found: dict[str, Any]) -> None:
    pages = found["query_default_page"]
    assert (pages["first"], pages["rest"]) == ([2000, False, 2100], [100, True])
    assert code(pages["wrong"]) == "INVALID_QUERY_LOCATOR"


def test_query_events(found: dict[str, Any]) -> None:
    assert found["query_events"] == {"rows": [f"evt000{place}" for place in range(5)], "total": 5, "fetched": 5}


def test_query_children(found: dict[str, Any]) -> None:
    child = found["query_children"]["child"]
    assert (child["totalSize"], child["done"], child["length"]) == (450, False, 200)
    assert child["nextRecordsUrl"].startswith(f"{ROOT}/query/01g")
    assert found["query_children"]["all"] == [f"chi{place:04d}" for place in range(450)]


def test_query_refused(found: dict[str, Any]) -> None:
    refused = found["query_refused"]
    assert [code(refused[name]) for name in ("malformed", "field", "type")] == [
        "MALFORMED_QUERY",
        "INVALID_FIELD",
        "INVALID_TYPE",
    ]
    assert "ERROR at Row:1:Column:8" in message(refused["malformed"])
    assert refused["aggregate"] == [{"attributes": {"type": "AggregateResult"}, "n": 450, "d": "pag"}]


def test_query_all(found: dict[str, Any]) -> None:
    tried = found["query_all"]
    assert (tried["without"], tried["with"]) == (0, [[tried["id"], True]])


def test_find(found: dict[str, Any]) -> None:
    tried = found["find"]
    assert tried["found"] == ["fin0003", "fin0002", "fin0001"]
    assert tried["one"] == {"name": "fin0004", "owner": "System Administrator"}
    assert (tried["count"], tried["dated"], tried["none"]) == (2, 5, None)
    assert tried["listed"] == ["fin0001", "fin0003"]
    assert tried["every"] > 30


def test_find_with_children(found: dict[str, Any]) -> None:
    children = [["inc0000", "Household"], ["inc0002", "Household"]]
    assert found["find_with_children"] == [{"name": "Household", "children": children}]


def test_find_then_change(found: dict[str, Any]) -> None:
    assert found["find_then_change"] == {"updated": [True] * 4, "removed": [True], "left": 3}


def test_composite(found: dict[str, Any]) -> None:
    tried = found["composite"]
    by_name = {item["referenceId"]: item for item in tried["answer"]}
    assert [item["httpStatusCode"] for item in tried["answer"]] == [201, 201, 200, 200, 404]
    account = by_name["account"]["body"]["id"]
    assert by_name["account"]["httpHeaders"] == {"Location": f"{ROOT}/sobjects/Account/{account}"}
    assert by_name["read"]["body"]["AccountId"] == account
    assert by_name["query"]["body"]["records"][0]["Name"] == "Composed"
    assert by_name["missing"]["body"] == [{"message": NOT_FOUND, "errorCode": "NOT_FOUND"}]
    assert [item[2] for item in tried["undone"]] == ["PROCESSING_HALTED"] * 4 + ["NOT_FOUND"]
    assert code(tried["shape"]) == "JSON_PARSER_ERROR"


def test_for_view(found: dict[str, Any]) -> None:
    tried = found["for_view"]
    assert tried["recent"] == tried["ids"][::-1]
    viewed, referenced = tried["dates"]
    assert viewed["LastViewedDate"] is not None
    assert (referenced["LastViewedDate"], referenced["LastReferencedDate"] is None) == (None, False)


def test_column_metadata(found: dict[str, Any]) -> None:
    tried = found["column_metadata"]
    name, owner, contacts = tried["columnMetadata"]
    assert (tried["entityName"], tried["keyPrefix"], tried["idSelected"]) == ("Account", "001", False)
    assert (name["apexType"], owner["foreignKeyName"], contacts["aggregate"]) == ("String", "OwnerId", True)
    assert [item["columnName"] for item in [*owner["joinColumns"], *contacts["joinColumns"]]] == ["Name", "LastName"]


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
    assert versions["first"]["version"] == "31.0"


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
    assert [name for name in found if name not in beside and f"test_{name}" not in globals()] == []
