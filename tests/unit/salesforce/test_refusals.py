"""Whose fault a refused row is: the mail's, the org's, or nobody's, since the row is there already. Codes decide."""

import pytest

from connector.errors import OrgFaultError
from connector.salesforce.writer import SalesforceWriter
from tests.unit.salesforce.org import Org, refusal
from tests.unit.salesforce.test_writer import EVENT, email, mail, refuse_all


def test_an_org_that_begins_to_refuse_every_row_in_the_middle_of_a_run_is_at_fault(org: Org) -> None:
    writer = SalesforceWriter(org.client)
    writer.write([mail("good")], event=EVENT)
    org.rule = refuse_all
    writer.write([mail(f"{number:03d}") for number in range(30)], event=EVENT)
    with pytest.raises(OrgFaultError):
        writer.write([mail(f"{number:03d}") for number in range(30, 60)], event=EVENT)


def test_rows_refused_here_and_there_are_no_fault_of_the_org(org: Org) -> None:
    org.rule = lambda name, record: refuse_all(name, record) if str(record.get("Message_Key__c"))[-1] != "0" else None
    results = SalesforceWriter(org.client).write([[email(f"{number:03d}")] for number in range(400)], event=EVENT)
    assert sum(row.error is not None for rows in results for row in rows) == 360


@pytest.mark.parametrize("code", ["STORAGE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "INVALID_TYPE"])
def test_one_row_is_enough_where_the_code_says_that_it_is_the_org(org: Org, code: str) -> None:
    org.rule = lambda *_: refusal(code, "voll")
    with pytest.raises(OrgFaultError, match="voll"):
        SalesforceWriter(org.client).write([mail("a")], event=EVENT)


def test_a_row_that_another_transaction_holds_is_no_fault_of_the_org(org: Org) -> None:
    org.rule = lambda *_: refusal("UNABLE_TO_LOCK_ROW", "held")
    assert len(SalesforceWriter(org.client).write([[email(str(n))] for n in range(60)], event=EVENT)) == 60


WORDS = {
    "en": "duplicate value found: {} duplicates value on record with id: {}",
    "de": "Doppelter Wert gefunden: {} dupliziert Wert im Datensatz mit ID: {}",
    "fr": "valeur en double trouvée : {} duplique la valeur dans l'enregistrement avec l'ID : {}",
    "ja": "値の重複が見つかりました: {} は ID が {} のレコードの値と重複しています",
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_duplicate_of_our_own_key_is_there_in_any_language(org: Org, words: str) -> None:
    org.rule = lambda *_: refusal("DUPLICATE_VALUE", words.format("Message_Key__c", "a0E000000000001"))
    [[result]] = SalesforceWriter(org.client).write([[email("a")]], event=EVENT)
    assert (result.error, result.id, result.existed) == (None, "a0E000000000001EAA", True)
    assert org.client.calls == 1


@pytest.mark.parametrize("field", ["Matter_Number__c", "Old_Message_Key__c", "<unknown>", ""])
@pytest.mark.parametrize("stored", [True, False])
def test_a_duplicate_of_any_other_field_is_there_only_where_its_own_key_is(
    org: Org, field: str, *, stored: bool
) -> None:
    """The org's own unique field may be refused first for the very row that a lost answer left there."""
    org.rule = lambda *_: refusal("DUPLICATE_VALUE", WORDS["en"].format(field, "a0X000000000009"))
    found = [{"Id": "a0E000000000001AAA", "Message_Key__c": "a"}] if stored else []
    org.resources["FROM Email__c"] = (200, {"totalSize": len(found), "done": True, "records": found})
    [[result]] = SalesforceWriter(org.client).write([[email("a")]], event=EVENT)
    if stored:
        assert (result.error, result.id, result.existed) == (None, "a0E000000000001AAA", True)
    else:
        assert result.error is not None
        assert (result.error.code, result.id, result.error.by_rule) == ("DUPLICATE_VALUE", None, True)
