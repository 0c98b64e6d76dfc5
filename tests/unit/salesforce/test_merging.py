"""How mail that is stored twice is looked for, and what of it is deleted when."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import pytest

from connector.model.records import Merge, StoredFile
from connector.model.values import RecordId
from connector.salesforce.merging import Merging
from tests.unit.salesforce.org import Org, refusal, soql_of
from tests.unit.salesforce.test_stored_mail import found

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OLDER, YOUNGER = RecordId("a0E000000000001AAA"), RecordId("a0E000000000002AAA")
SINCE = "SystemModstamp >= 2026-11-22T09:00:00Z AND Match_Status__c != 'Removed' AND Internet_Message_Id__c"


def groups(org: Org, further: str, first: int, many: int) -> None:
    """The ids that have several rows, of the page that asks for `further`."""
    text = quote_plus(f"SELECT Internet_Message_Id__c FROM Email__c WHERE {SINCE} {further}")
    ids = ({"Internet_Message_Id__c": f"{number:05}@x.example"} for number in range(first, first + many))
    org.resources[f"query?q={text}"] = found(*ids)


def queries(org: Org) -> list[str]:
    return [soql_of(ask["url"]) for asks in org.requests for ask in asks]


def test_a_day_without_such_mail_costs_one_call(org: Org) -> None:
    groups(org, "!= null", 0, 0)
    assert [*Merging(org.client).with_one_id(since=NOW)] == []
    assert len(org.requests) == 1
    [text] = queries(org)
    assert text.endswith("HAVING COUNT(Id) > 1 ORDER BY Internet_Message_Id__c LIMIT 2000")


def test_ids_with_several_rows_cost_another_for_each_two_hundred(org: Org) -> None:
    groups(org, "!= null", 0, 2000)
    groups(org, "> '01999@x.example'", 2000, 1)
    org.resources["query"] = found()
    assert len([*Merging(org.client).with_one_id(since=NOW)]) == 11
    texts = queries(org)
    assert len(org.requests) == len(texts) == 13
    assert "IN ('02000@x.example')" in texts[12]


def merge(*, files: tuple[StoredFile, ...] = (), documents: tuple[RecordId, ...] = ()) -> Merge:
    tasks = (RecordId("00T000000000001AAA"),)
    return Merge(older=OLDER, younger=YOUNGER, files=files, documents=documents, tasks=tasks)


def sent(org: Org) -> list[str]:
    """What was written: the method and the object, or the ids that were deleted."""
    found = []
    for asks in org.requests:
        for ask in asks:
            if ask["method"] == "DELETE":
                found.append(ask["url"].partition("ids=")[2].partition("&")[0])
            elif "/composite/sobjects" in ask["url"]:
                found.append(f"{ask['method']} {ask['body']['records'][0]['attributes']['type']}")
    return found


FILE = StoredFile(key="o:f", document=RecordId("069000000000001AAA"))
SECOND, SHARED = RecordId("069000000000002AAA"), RecordId("069000000000003AAA")


@pytest.fixture
def with_files(org: Org) -> Org:
    links = [(SECOND, YOUNGER), (SECOND, "005000000000001AAA"), (SHARED, YOUNGER), (SHARED, "001000000000001AAA")]
    rows = [{"Id": "06A", "LinkedEntityId": entity, "ContentDocumentId": file} for file, entity in links]
    org.resources["query?q=SELECT+Id%2C+LinkedEntityId"] = found(*rows)
    versions = {"Id": "068000000000001AAA", "ContentDocumentId": FILE.document}
    org.resources["query?q=SELECT+Id%2C+ContentDocumentId"] = found(versions)
    org.resources["composite/sobjects?ids"] = 200, [{"success": True, "errors": []}]
    return org


def test_files_are_moved_what_is_there_twice_goes_and_the_mail_last(with_files: Org) -> None:
    whole = merge(files=(FILE,), documents=(SECOND, SHARED))
    assert Merging(with_files.client).take_over([whole], today=NOW) == {}
    assert sent(with_files) == [
        "PATCH ContentVersion",
        "POST ContentDocumentLink",
        SECOND,  # what is linked elsewhere stays
        "00T000000000001AAA",
        "PATCH Email__c",
        YOUNGER,
    ]
    mark = with_files.requests[-2][0]["body"]["records"][0]
    assert (mark["id"], mark["Match_Status__c"], mark["Expires_On__c"]) == (YOUNGER, "Unmatched", "2026-11-20")


@pytest.mark.parametrize("refused", ["ContentVersion", "ContentDocumentLink", "Email__c"])
def test_a_mail_stays_until_all_of_it_is_with_the_other(with_files: Org, refused: str) -> None:
    def rule(name: str, _: Any) -> Any:
        return refusal("LOCKED", "No.") if name == refused else None

    with_files.rule = rule
    errors = Merging(with_files.client).take_over([merge(files=(FILE,))], today=NOW)
    assert {email: error.code for email, error in errors.items()} == {YOUNGER: "LOCKED"}
    assert YOUNGER not in sent(with_files)


def test_a_file_that_is_linked_already_is_no_matter(with_files: Org) -> None:
    def rule(name: str, _: Any) -> Any:
        return refusal("DUPLICATE_VALUE", "It is linked.") if name == "ContentDocumentLink" else None

    with_files.rule = rule
    assert Merging(with_files.client).take_over([merge(files=(FILE,))], today=NOW) == {}
    assert sent(with_files)[-1] == YOUNGER
