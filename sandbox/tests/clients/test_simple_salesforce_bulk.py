"""simple-salesforce's `sf.bulk` and `sf.bulk2`, which nobody here wrote, on the sandbox."""

import csv
import io

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceOperationError

from tests.support.sandbox_client import SandboxClient


@pytest.fixture
def org(running: SandboxClient) -> Salesforce:
    """The library with a session id, as the admin."""
    return running.org


def test_bulk_writes_and_reads(org: Salesforce) -> None:
    rows = [{"LastName": f"N{number}", "Email": f"n{number}@x.example"} for number in range(450)] + [{"FirstName": "x"}]
    done = org.bulk.Contact.insert(rows, batch_size=200, use_serial=True)
    assert [item["success"] for item in done] == [True] * 450 + [False]
    assert done[-1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    found = org.bulk.Contact.query("SELECT Id, LastName, Email FROM Contact")
    assert len(found) == 450
    changed = org.bulk.Contact.update([{"Id": found[0]["Id"], "Email": None}])
    assert changed[0]["success"]
    assert org.Contact.get(found[0]["Id"])["Email"] is None
    assert all(item["success"] for item in org.bulk.Contact.delete([{"Id": item["Id"]} for item in found]))
    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 0
    assert len(org.bulk.Contact.query_all("SELECT Id FROM Contact")) == 450


def test_bulk_upserts_and_is_refused(org: Salesforce) -> None:
    rows = [{"Message_Key__c": "k", "Subject__c": "s"}]
    assert [org.bulk.Email__c.upsert(rows, "Message_Key__c")[0]["created"] for _ in range(2)] == [True, False]
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.bulk.Nope.insert(rows)
    assert "Unable to find object: Nope" in str(refused.value)
    with pytest.raises(SalesforceMalformedRequest) as hard:
        org.bulk.Contact.hard_delete([{"Id": "003000000000000"}])
    assert "FeatureNotEnabled" in str(hard.value)


def test_bulk2_writes_and_tells_each_row(org: Salesforce) -> None:
    rows = [{"LastName": f"N{number}", "Email": f"n{number}@x.example"} for number in range(30)]
    [done] = org.bulk2.Contact.insert(records=[*rows, {"LastName": "", "Email": "bad@x.example"}])
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (31, 1)
    job = done["job_id"]
    good = list(csv.DictReader(io.StringIO(org.bulk2.Contact.get_successful_records(job))))
    [bad] = csv.DictReader(io.StringIO(org.bulk2.Contact.get_failed_records(job)))
    assert (len(good), bad["Email"]) == (30, "bad@x.example")
    assert bad["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    pages = list(org.bulk2.Contact.query("SELECT Id, LastName FROM Contact ORDER BY LastName", max_records=20))
    assert [len(page.splitlines()) - 1 for page in pages] == [20, 10]
    ids = [{"Id": row["sf__Id"]} for row in good]
    assert org.bulk2.Contact.delete(records=ids)[0]["numberRecordsFailed"] == 0
    assert org.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_bulk2_fails_a_job_as_a_whole(org: Salesforce) -> None:
    with pytest.raises(SalesforceOperationError) as failed:
        org.bulk2.Contact.insert(records=[{"LastName": "A", "Nope": "x"}])
    assert "InvalidBatch : Field name not found : Nope" in str(failed.value)
    with pytest.raises(SalesforceMalformedRequest):
        list(org.bulk2.Contact.query("SELECT MailingAddress FROM Contact"))
