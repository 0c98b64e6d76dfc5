"""A client that is deleted between match and write, beside others; and refusals of mail that is no client's."""

from dataclasses import replace

import pytest

from connector.model.records import Row, RowError
from connector.salesforce.results import refusal_of
from tests.support.firm import CLIENT, STRANGER, Firm

GONE = RowError(code="ENTITY_IS_DELETED", message="gone", named_is_gone=True, by_rule=True)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("cc", ["", STRANGER])
def test_the_address_of_a_client_who_is_gone_has_its_row_whoever_else_takes_part(cc: str, keep: bool) -> None:
    firm = Firm()
    firm.org.settings = replace(firm.org.settings, keep_unmatched=keep)
    firm.mail("ada", from_=CLIENT, **({"cc": cc} if cc else {}))

    def rule(row: Row) -> RowError | None:
        named = any(isinstance(value, str) and value.startswith("003") for value in row.fields.values())
        if row.object not in ("Email_Participant__c", "Task") or not named:
            return None
        firm.org.clients.clear()
        return GONE

    firm.org.rule = rule
    firm.sync()
    addresses = {row["Address__c"] for row in firm.org.rows("Email_Participant__c")}
    assert addresses == {CLIENT, cc} - {""}
    assert firm.org.rows("MS_Graph_Sync_Error__c") == []


def test_what_the_org_quotes_of_kept_mail_stands_in_no_error_row() -> None:
    firm = Firm()
    firm.org.settings = replace(firm.org.settings, keep_unmatched=True)
    firm.mail("ada", from_=STRANGER, subject="My divorce")
    words = "Subject: data value too large: My divorce (max length=5)"
    refused = refusal_of("STRING_TOO_LONG", words, fields=("Subject__c",))
    firm.org.rule = lambda row: refused if row.object == "Email__c" else None
    firm.sync()
    [row] = firm.org.rows("MS_Graph_Sync_Error__c")
    assert "divorce" not in str(row)
    assert "Subject__c" in str(row)
