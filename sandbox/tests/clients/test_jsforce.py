"""jsforce, which nobody here wrote, on the sandbox: rows and queries, over HTTPS and over plain HTTP.

tests/node/jsforce.mjs runs all scenarios at one go for each address; a test here looks at what one of them found.
"""

from typing import Any

import pytest

from tests.support.jsforce import NOT_FOUND, ROOT, code, message, statuses

pytestmark = pytest.mark.node


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
    assert [item["created"] for item in tried["second"]] == [False, True, True]  # the refused row would have inserted
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
