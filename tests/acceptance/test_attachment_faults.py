"""Attachments that fail, come late, are there already, or are refused: none is lost and none is there twice."""

import base64
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.mail_with_files import PDF, email, errors, file, files, furnish, item, link, mail
from tests.support.world import World, stamp


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "body": {"error": {"code": "ErrorItemNotFound", "message": "Not there."}}},
        {"status": 500},
        {"drop": "before"},
        {"drop": "middle"},
    ],
    ids=["404", "500", "drop before", "broken off"],
)
def test_an_attachment_that_fails_leaves_the_mail_and_comes_with_a_retry(world: World, fault: dict[str, Any]) -> None:
    furnish(world)
    mail(world, file(content=os.urandom(300_000)), file("other.pdf", b"other"))
    mail(world, subject="without")
    world.fault(service="graph", path=r"/attachments/.*\$value", times=0, **fault)

    report = world.sync(code=1)

    assert (report["outcomes"]["matched"], report["outcomes"]["failed"]) == (2, 0)
    assert (report["emails"], report["attachments"], report["errors"]) == (2, 0, 1)
    [error] = errors(world)
    [row] = world.rows("SELECT Id, Attachment_Count__c FROM Email__c WHERE Attachment_Count__c = 2")
    assert (error["Email__c"], error["Status__c"], error["Attempts__c"]) == (row["Id"], "Failed", 1)
    assert error["Next_Attempt_At__c"] is not None
    assert "plan.pdf" in error["Message__c"]
    [event] = world.rows("SELECT Status__c, Emails_Synced__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c")
    assert (event["Status__c"], event["Emails_Synced__c"], event["Emails_Failed__c"]) == ("Completed with Errors", 2, 1)
    assert world.rows("SELECT Id FROM ContentVersion") == []

    world.control("DELETE", "faults")
    world.advance(minutes=16)
    report = world.sync()
    assert (report["attachments"], report["emails"]) == (2, 0)
    assert [version["PathOnClient"] for version in files(world)] == ["other.pdf", "plan.pdf"]
    assert [error["Status__c"] for error in errors(world)] == ["Resolved"]


PASSING: dict[str, dict[str, Any]] = {
    "503": {"status": 503, "headers": {"Retry-After": "1"}},
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "html": {"status": 200, "body": "<html>gateway</html>", "headers": {"Content-Type": "text/html"}},
    "drop before": {"drop": "before"},
    "drop after": {"drop": "after"},
    "drop middle": {"drop": "middle"},
}


# any content may be that of a file, so Graph's html is not one of the faults
@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "fault"),
    [
        (service, name)
        for name in PASSING
        for service in ("graph", "salesforce")
        if (service, name) != ("graph", "html")
    ],
)
def test_a_fault_that_passes_loses_and_repeats_nothing(world: World, service: str, fault: str) -> None:
    furnish(world)
    # over a megabyte it goes alone; small ones, which go together, are faulted in test_faults.py
    mail(world, file(content=os.urandom(1_500_000)))
    path = r"/\$value" if service == "graph" else r"/sobjects/ContentVersion$"
    world.fault(service=service, path=path, times=1, **PASSING[fault])

    report = world.sync()

    assert (report["attachments"], report["errors"]) == (1, 0)
    [stored] = files(world)
    assert stored["ContentSize"] == 1_500_000
    [fault_seen] = world.control("GET", "faults")["faults"]
    assert fault_seen["hits"] == 1


def test_a_list_that_fails_leaves_the_mail_stored_and_is_made_up_for(world: World) -> None:
    furnish(world)
    mail(world, file(), link("Budget.xlsx"))
    world.fault(service="graph", path=r"/attachments\?", times=0, sub=True, status=400)
    report = world.sync(code=1)
    assert (report["emails"], report["attachments"], report["errors"]) == (1, 0, 1)
    assert email(world)["Attachment_Count__c"] is None

    world.control("DELETE", "faults")
    world.advance(minutes=16)
    report = world.sync()
    row = email(world)
    assert (report["attachments"], row["Attachment_Count__c"]) == (1, 1)
    assert row["Attachment_Notes__c"].startswith("Budget.xlsx")


def test_a_placeholder_of_safe_attachments_waits_for_the_file(world: World) -> None:
    furnish(world)
    world.message(
        "ada",
        toRecipients=["ada@firm.example"],
        attachments=[item("Safe Attachments Scan In Progress"), file("seen.pdf")],
        internetMessageId="<scanned@reed.example>",
        received=world.ago(days=1),
        **{"from": "rita@reed.example"},
    )
    report = world.sync(code=1)
    assert (report["outcomes"]["matched"], report["attachments"], report["errors"]) == (1, 1, 1)
    [error] = errors(world)
    assert error["Code__c"] == "ATTACHMENT_SCAN"
    assert email(world)["Attachment_Count__c"] is None

    # the scanned mail comes as a message of its own with the same Message-ID
    world.message(
        "ada",
        toRecipients=["ada@firm.example"],
        attachments=[file("seen.pdf"), file("scanned.pdf")],
        internetMessageId="<scanned@reed.example>",
        sentDateTime=world.ago(days=1).isoformat(),
        received=world.ago(minutes=1),
        **{"from": "rita@reed.example"},
    )
    world.advance(minutes=5)
    world.sync()
    assert [version["PathOnClient"] for version in files(world)] == ["scanned.pdf", "seen.pdf"]
    assert email(world)["Attachment_Count__c"] == 2


def test_a_stored_mail_whose_file_is_missing_gets_it(world: World) -> None:
    furnish(world)
    mail(world, file(), file("other.pdf"), received=world.ago(minutes=5))
    world.sync()
    [document] = world.rows("SELECT ContentDocumentId FROM ContentVersion WHERE PathOnClient = 'other.pdf'")
    world.org.ContentDocument.delete(document["ContentDocumentId"])

    report = world.sync()

    assert report["attachments"] == 1
    assert [version["PathOnClient"] for version in files(world)] == ["other.pdf", "plan.pdf"]


def test_a_file_that_two_connectors_stored_is_there_once_after_the_next_look(world: World) -> None:
    furnish(world)
    mail(world, file(), received=world.ago(minutes=5))
    world.sync()
    [stored] = files(world)
    second = world.org.ContentVersion.create(
        {
            "PathOnClient": "plan.pdf",
            "VersionData": base64.b64encode(PDF).decode(),
            "FirstPublishLocationId": stored["Email"],
            "Attachment_Key__c": stored["Attachment_Key__c"],
        }
    )["id"]

    world.sync()

    assert len(files(world)) == 1
    assert world.rows(f"SELECT Id FROM ContentVersion WHERE Id = '{second}'") == []


def test_a_file_that_a_person_added_stays(world: World) -> None:
    furnish(world)
    mail(world, file(), received=world.ago(minutes=5))
    world.sync()
    own = {"PathOnClient": "own.txt", "VersionData": "QQ==", "FirstPublishLocationId": email(world)["Id"]}
    world.org.ContentVersion.create(own)
    world.org.ContentVersion.create(own)
    assert world.sync()["attachments"] == 0
    assert [version["PathOnClient"] for version in files(world)] == ["own.txt", "own.txt", "plan.pdf"]


def test_a_refused_file_has_the_orgs_own_message(world: World) -> None:
    furnish(world)
    mail(world, file("refused.pdf"), file())
    world.control(
        "POST",
        "rules",
        {
            "object": "ContentVersion",
            "when": "Title = 'refused'",
            "message": "No such titles here",
            "field": "Title",
            "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        },
    )
    report = world.sync(code=1)
    assert (report["outcomes"]["matched"], report["attachments"], report["errors"]) == (1, 1, 1)
    [error] = errors(world)
    assert error["Code__c"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert "No such titles here" in error["Message__c"]
    assert error["Next_Attempt_At__c"] > stamp(world.now() + timedelta(hours=23))  # an administrator can change it


def test_the_files_of_an_owner_who_left_belong_to_the_connector(world: World) -> None:
    furnish(world)
    mail(world, file())
    world.fault(
        service="salesforce",
        path=r"/composite/sobjects$",
        status=200,
        body=[
            {
                "success": False,
                "errors": [{"statusCode": "INACTIVE_OWNER_OR_USER", "message": "inactive", "fields": ["OwnerId"]}],
            }
        ],
    )
    assert world.sync()["attachments"] == 1
    [stored] = files(world)
    integration = world.ready["salesforce"]["integration"]["username"]
    [user] = world.rows(f"SELECT Id FROM User WHERE Username = '{integration}'")
    assert stored["OwnerId"] == user["Id"]


@pytest.mark.slow
def test_an_attachment_that_takes_too_long_fails_alone(world: World) -> None:
    furnish(world)
    config = Path(world.config)
    text = config.read_text(encoding="utf-8")
    assert "settle_seconds: 0" in text
    hasty = config.with_name("hasty.yaml")
    hasty.write_text(text.replace("settle_seconds: 0", "settle_seconds: 0\n  attachment_timeout_seconds: 1"))
    mail(world, file())
    world.fault(service="graph", path=r"/attachments/.*\$value", times=0, delay_ms=2500)
    world.config = str(hasty)

    report = world.sync(code=1)

    assert (report["emails"], report["attachments"], report["errors"]) == (1, 0, 1)
    [error] = errors(world)
    assert error["Code__c"] == "TIMEOUT"
    assert world.rows("SELECT Id FROM ContentVersion") == []


@pytest.mark.slow
def test_two_connectors_at_once_store_each_file_once(world: World) -> None:
    furnish(world)
    for number in range(25):
        mail(world, file(f"{number}-a.pdf"), file(f"{number}-b.pdf"), subject=f"Mail {number}")
    command = [sys.executable, "-m", "connector", "--config", world.config, "sync", "--json"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]

    world.sync()

    assert len(world.rows("SELECT Id FROM Email__c")) == 25
    assert [version["PathOnClient"] for version in files(world)] == sorted(
        f"{number}-{letter}.pdf" for number in range(25) for letter in "ab"
    )


#: The peak of this process alone: getrusage would begin with that of the process which started it.
MEASURE = """
import re, sys
from connector.cli.app import run
code = run(["--config", sys.argv[1], "sync", "--json"])
print("PEAK", re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
raise SystemExit(code)
"""


@pytest.mark.slow
def test_a_large_attachment_does_not_pass_through_memory(world: World) -> None:
    """The same run with a small and with a 150 MB attachment, in processes of their own."""
    furnish(world, Attachment_Max_MB__c=150)

    def peak() -> int:
        command = [sys.executable, "-c", MEASURE, world.config]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return int(done.stderr.rpartition("PEAK ")[2])

    world.sync()
    mail(world, file("small.bin", b"x" * 1000), subject="small", received=world.ago(minutes=1))
    small = peak()
    mail(world, file("large.bin", bytes(150 * 1024 * 1024)), subject="large", received=world.ago(minutes=1))
    large = peak()
    [version] = world.rows("SELECT ContentSize FROM ContentVersion WHERE PathOnClient = 'large.bin'")
    assert version["ContentSize"] == 150 * 1024 * 1024
    assert large - small < 32 * 1024, f"{small} and {large} KB"
