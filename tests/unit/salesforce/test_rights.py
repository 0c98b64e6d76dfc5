"""What the connector's own user must be allowed to do: every gap is named, in one line, and the worst comes first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import SetupError
from connector.salesforce import rights
from connector.salesforce.errors import listed, refusal
from connector.salesforce.wire import Names

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
HOST = "firm.my.salesforce.com"


def describes(prefix: str = "") -> dict[str, Any]:
    """Every object, all open."""
    found: dict[str, Any] = {}
    for name in rights.objects():
        fields = [*rights.CREATED.get(name, ()), *rights.CHANGED.get(name, ()), *AUDIT]
        wired = [f"{prefix}{field}" if field.endswith("__c") else field for field in fields]
        opened = [{"name": field, "createable": True, "updateable": True} for field in wired]
        found[name] = {"createable": True, "updateable": True, "fields": opened}
    return found


def hide(found: dict[str, Any], object_name: str, *fields: str) -> None:
    found[object_name]["fields"] = [each for each in found[object_name]["fields"] if each["name"] not in fields]


def refused(found: dict[str, Any], names: Names | None = None) -> SetupError:
    with pytest.raises(SetupError) as caught:
        rights.require_writing(found, names or Names(), where=HOST)
    assert caught.value.where == HOST
    assert caught.value.remedy
    return caught.value


def test_nothing_is_missing() -> None:
    rights.require_writing(describes(), Names(), where=HOST)
    rights.require_writing(describes("acme__"), Names("acme"), where=HOST)


def test_missing_fields_are_all_named() -> None:
    found = describes()
    hide(found, "Email__c", "Cc__c", "Bcc__c")
    hide(found, "MS_Graph_User__c", "Aliases__c")
    assert refused(found).what == (
        "The integration user may not write the fields Email__c.Cc__c, Email__c.Bcc__c and "
        "MS_Graph_User__c.Aliases__c, or they are not deployed"
    )


def test_of_many_missing_fields_the_objects_are_named() -> None:
    found = describes()
    for each in found.values():
        each["fields"] = []
    what = refused(found).what
    assert what.startswith("The integration user may not write ")
    for name in rights.objects():
        assert name in what
    assert "fields of" in what
    assert len(what) < 250


def test_names_are_those_of_the_org() -> None:
    found = describes("acme__")
    hide(found, "Task", "acme__Task_Key__c")
    assert "Task.acme__Task_Key__c" in refused(found, Names("acme")).what


def test_a_field_that_is_only_readable_is_missing() -> None:
    found = describes()
    next(each for each in found["Email__c"]["fields"] if each["name"] == "Cc__c")["createable"] = False
    assert "the field Email__c.Cc__c," in refused(found).what


@pytest.mark.parametrize("name", rights.objects())
def test_an_object_that_may_not_be_written(name: str) -> None:
    found = describes()
    found[name] |= {"createable": False, "updateable": False}
    assert refused(found).what == f"The integration user may not write {name}"


def test_audit_fields_have_a_remedy_of_their_own() -> None:
    found = describes()
    hide(found, "Task", "CreatedById")
    error = refused(found)
    assert "new rows of Task" in error.what
    assert "Microsoft_365_Sync_Audit_Fields" in error.remedy


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        ([], "View All Data"),
        ([{"PermissionsViewAllData": True}], "View Setup"),
        ([{"PermissionsModifyAllData": True}], "View Setup"),
        ([{"PermissionsViewSetup": True}], "View All Data"),
    ],
)
def test_what_is_hidden_is_not_absent(grants: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        rights.require_sight(grants, where=HOST)
    assert not rights.sees_everything(grants)


def test_grants_add_up_and_expire() -> None:
    one = {"IsActive": True, "ExpirationDate": None, "PermissionSet": {"PermissionsViewAllData": True}}
    two = {"IsActive": True, "ExpirationDate": None, "PermissionSet": {"PermissionsViewSetup": True}}
    assert rights.sees_everything(rights.grants_of([one, two], NOW))
    over = {**two, "ExpirationDate": "2026-11-22T10:00:00.000+0000"}
    assert not rights.sees_everything(rights.grants_of([one, over], NOW))


def test_all_missing_objects_are_told_at_once() -> None:
    def unknown(name: str) -> tuple[int, Any, str]:
        message = f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure …"
        return 400, [{"errorCode": "INVALID_TYPE", "message": message}], "a query"

    absent = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    error = refusal([unknown("B__c"), (404, absent, "the object A__c"), unknown("B__c")], where=HOST)
    assert error.what == "The objects A__c and B__c are not deployed, or the integration user may not see them"
    assert error.code == "INVALID_TYPE"


def test_an_outage_among_refusals_is_an_outage() -> None:
    busy = [{"errorCode": "SERVER_UNAVAILABLE", "message": "try later"}]
    error = refusal([(404, [], "the object A__c"), (503, busy, "a query")], where=HOST)
    assert error.code == "SERVER_UNAVAILABLE"


@pytest.mark.parametrize(
    ("names", "text"),
    [(["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "A", "C"], "A, B and C")],
)
def test_names_in_a_sentence(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_of_many_names_some_are_told() -> None:
    assert listed(f"n{number}" for number in range(20)) == "n0, n1, n2, n3, n4, n5, n6, n7 and 12 more"
