"""Names and values on the wire."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from connector.salesforce.wire import Names, full_id, read_instant, wire_fields, wire_value


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("Email__c", "ns__Email__c"),
        (
            "SELECT Id, Name, Email__r.Message_Key__c FROM Task",
            "SELECT Id, Name, ns__Email__r.ns__Message_Key__c FROM Task",
        ),
        ("MS_Graph_Sync_Error__c/Error_Key__c", "ns__MS_Graph_Sync_Error__c/ns__Error_Key__c"),
        ("(SELECT Id FROM Participants__r)", "(SELECT Id FROM ns__Participants__r)"),
        ("ns__Email__c", "ns__Email__c"),
        ("AccountId, TaskWhoIds", "AccountId, TaskWhoIds"),
    ],
)
def test_our_names_carry_the_namespace(text: str, wire: str) -> None:
    assert Names("ns").wire(text) == wire
    assert Names().wire(text) == text


def test_rows_go_out_and_come_back_with_their_parents() -> None:
    row = {"Name": "x", "Email__r": {"Message_Key__c": "k"}, "Participants__r": {"records": [{"Role__c": "To"}]}}
    sent = Names("ns").to_wire(row)
    assert sent["ns__Email__r"] == {"ns__Message_Key__c": "k"}
    assert Names("ns").plain({"ns__A__c": [{"ns__B__c": 1}], "Name": "x"}) == {"A__c": [{"B__c": 1}], "Name": "x"}
    assert Names().to_wire(row) == row


def test_values_are_written_as_salesforce_reads_them() -> None:
    east = datetime(2026, 1, 1, 1, 0, 0, 5_000, tzinfo=timezone(timedelta(hours=3)))
    fields = {"A": east, "B": date(2026, 1, 1), "C": {"D": east}, "E": None, "F": True, "G": ["x"]}
    assert wire_fields(fields) == {
        "A": "2025-12-31T22:00:00.005Z",
        "B": "2026-01-01",
        "C": {"D": "2025-12-31T22:00:00.005Z"},
        "E": None,
        "F": True,
        "G": ["x"],
    }
    with pytest.raises(ValueError, match="time zone"):
        wire_value(datetime(2026, 1, 1))


def test_instants_are_read_with_their_zone() -> None:
    assert read_instant("2026-01-31T08:00:00.000+0000") == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert read_instant("2026-01-31T08:00:00.000Z") == datetime(2026, 1, 31, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        read_instant("2026-01-31T08:00:00")


@pytest.mark.parametrize(
    ("short", "full"),
    # the pairs that Salesforce's help and knowledge articles print
    [
        ("00530000003xqAb", "00530000003xqAbAAI"),
        ("a0B000000000001", "a0B000000000001EAA"),
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
    ],
)
def test_a_short_id_gets_its_check_characters(short: str, full: str) -> None:
    assert full_id(short) == full
    assert full_id(full) == full
