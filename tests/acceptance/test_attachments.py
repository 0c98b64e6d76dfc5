"""Attachments on the whole path: what becomes a file, what is only noted, what fails and comes later."""

import base64
import os
import subprocess
import sys
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import World

FILES = (
    "SELECT LinkedEntityId, ContentDocument.Title, ContentDocument.LatestPublishedVersion.PathOnClient, "
    "ContentDocument.LatestPublishedVersion.ContentSize, ContentDocument.LatestPublishedVersion.Attachment_Key__c, "
    "ContentDocument.LatestPublishedVersion.OwnerId, ContentDocument.LatestPublishedVersion.CreatedDate "
    "FROM ContentDocumentLink WHERE LinkedEntityId IN ({ids})"
)
PDF = b"%PDF-1.7 the plan"


def furnish(world: World, **settings: object) -> str:
    """An active sync, an internal domain, one adviser with one client. Returns the adviser's user."""
    world.settings(**settings)
    world.internal_domain()
    user, _ = world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    return user


def file(name: str = "plan.pdf", content: bytes = PDF, **members: Any) -> dict[str, Any]:
    """A file attachment as Graph writes it."""
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": name,
        "contentType": "application/pdf",
        "contentBytes": base64.b64encode(content).decode(),
        **members,
    }


def link(name: str) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.referenceAttachment", "name": name, "size": 400}


def item(name: str) -> dict[str, Any]:
    message = {
        "@odata.type": "#microsoft.graph.message",
        "subject": name,
        "body": {"contentType": "text", "content": "The one you asked for"},
    }
    return {"@odata.type": "#microsoft.graph.itemAttachment", "name": name, "item": message}


def picture(name: str = "logo.png") -> dict[str, Any]:
    return file(name, b"\x89PNG", contentType="image/png", isInline=True, contentId="logo")


def mail(world: World, *attachments: dict[str, Any], owner: str = "ada", **members: Any) -> dict[str, str]:
    """A mail of the client with attachments."""
    members = {"from": "rita@reed.example", "toRecipients": ["ada@firm.example"], **members}
    return world.message(owner, attachments=list(attachments), **members)


def email(world: World) -> dict[str, Any]:
    """The one Email."""
    [row] = world.rows(
        "SELECT Id, Message_Key__c, Attachment_Count__c, Attachment_Notes__c, OwnerId, CreatedDate, Body__c, "
        "Body_Truncated__c FROM Email__c"
    )
    return row


def files(world: World) -> list[dict[str, Any]]:
    """The newest versions of the files on all Emails, by name."""
    ids = [row["Id"] for row in world.rows("SELECT Id FROM Email__c")]
    found = world.rows(FILES.format(ids=",".join(f"'{id}'" for id in ids)))
    versions = [{**row["ContentDocument"]["LatestPublishedVersion"], "Email": row["LinkedEntityId"]} for row in found]
    return sorted(versions, key=lambda version: version["PathOnClient"])


def content(world: World, name: str) -> bytes:
    """What is in a file."""
    [version] = world.rows(f"SELECT Id FROM ContentVersion WHERE PathOnClient = '{name}'")
    answer = world.org.session.get(
        f"{world.url}/services/data/v66.0/sobjects/ContentVersion/{version['Id']}/VersionData",
        headers=world.org.headers,
        timeout=60,
    )
    assert answer.status_code == 200
    return bytes(answer.content)


def text_of(mime: bytes) -> str:
    """The text of a mail."""
    body = BytesParser(policy=default).parsebytes(mime).get_body()
    assert body is not None
    return str(body.get_content())


def errors(world: World) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT Code__c, Message__c, Status__c, Email__c, Next_Attempt_At__c, Attempts__c FROM MS_Graph_Sync_Error__c"
    )


def test_a_file_is_stored_on_the_mail_with_its_owner_and_dates(world: World) -> None:
    user = furnish(world)
    mail(world, file())

    report = world.sync()

    assert (report["emails"], report["attachments"], report["errors"]) == (1, 1, 0)
    row = email(world)
    assert (row["Attachment_Count__c"], row["Attachment_Notes__c"]) == (1, None)
    [stored] = files(world)
    assert (stored["PathOnClient"], stored["ContentSize"], stored["Email"]) == ("plan.pdf", len(PDF), row["Id"])
    assert stored["Attachment_Key__c"].startswith(f"{row['Message_Key__c']}:")
    assert len(stored["Attachment_Key__c"]) == 64
    assert (stored["OwnerId"], stored["CreatedDate"]) == (user, row["CreatedDate"])
    assert content(world, "plan.pdf") == PDF
    [version] = world.rows("SELECT Title, FileExtension, CreatedById, LastModifiedById FROM ContentVersion")
    assert (version["Title"], version["FileExtension"]) == ("plan", "pdf")
    assert version["CreatedById"] == version["LastModifiedById"] == user


def test_the_three_types_and_what_is_not_stored(world: World) -> None:
    furnish(world, Attachment_Max_MB__c=1)
    mail(
        world,
        file(),
        file("plan.pdf", b"another plan"),
        item("Your question"),
        link("Budget.xlsx"),
        file("film.mov", b"x" * (1024 * 1024 + 1)),
        file("setup.exe"),
    )

    report = world.sync()

    assert (report["attachments"], report["errors"]) == (3, 0)
    assert [version["PathOnClient"] for version in files(world)] == ["Your question.eml", "plan.pdf", "plan.pdf"]
    assert "The one you asked for" in text_of(content(world, "Your question.eml"))
    row = email(world)
    assert row["Attachment_Count__c"] == 3
    assert row["Attachment_Notes__c"].splitlines() == [
        "Budget.xlsx: a link to a file in the cloud; open the mail to follow it",
        "film.mov (1.0 MB): not stored, larger than the limit of 1 MB",
        "setup.exe (1 KB): files of type .exe are not stored",
    ]


def test_contents_are_never_asked_for_as_json(world: World) -> None:
    furnish(world)
    mail(world, file("big.bin", os.urandom(3_000_000)))
    world.sync()
    assert max(request["bytes_out"] for request in world.requests("graph") if "$value" not in request["path"]) < 50_000


def test_names_of_any_script_arrive(world: World) -> None:
    furnish(world)
    mail(world, file('Übersicht "März"/2026 – 計画.pdf'))
    world.sync()
    assert [version["PathOnClient"] for version in files(world)] == ["Übersicht _März_2026 – 計画.pdf"]


def test_inline_pictures_only_where_the_settings_ask_for_them(world: World) -> None:
    furnish(world)
    body = {"contentType": "html", "content": '<p>Regards</p><img src="cid:logo">'}
    mail(world, picture(), subject="only a logo", body=body)
    mail(world, picture(), file(), subject="a logo and a plan", body=body)
    report = world.sync()
    assert report["attachments"] == 1
    assert {row["Attachment_Count__c"] for row in world.rows("SELECT Attachment_Count__c FROM Email__c")} == {0, 1}

    world.reset()
    furnish(world, Inline_Images__c=True)
    mail(world, picture(), subject="only a logo", body=body)
    mail(world, subject="nothing at all")
    report = world.sync()
    assert report["attachments"] == 1
    assert [version["PathOnClient"] for version in files(world)] == ["logo.png"]


def test_pictures_of_other_servers_stay_in_a_body_only_where_the_settings_ask_for_them(world: World) -> None:
    body = {"contentType": "html", "content": '<p>Hello <img src="https://firm.example/logo.png" alt="our logo"></p>'}
    furnish(world)
    mail(world, subject="a letter", body=body)
    world.sync()
    assert email(world)["Body__c"] == "<p>Hello our logo </p>"

    world.reset()
    furnish(world, Remote_Images__c=True)
    mail(world, subject="a letter", body=body)
    world.sync()
    assert 'src="https://firm.example/logo.png"' in email(world)["Body__c"]


def test_a_mail_whose_body_does_not_fit_is_attached_whole(world: World) -> None:
    furnish(world)
    text = "".join(f"<p>Paragraph {number} of a very long letter</p>" for number in range(5000))
    mail(world, file(), subject="A long letter", body={"contentType": "html", "content": text})

    report = world.sync()

    row = email(world)
    assert (row["Body_Truncated__c"], row["Attachment_Count__c"], report["attachments"]) == (True, 1, 2)
    assert [version["PathOnClient"] for version in files(world)] == ["A long letter.eml", "plan.pdf"]
    assert "Paragraph 4999" in text_of(content(world, "A long letter.eml"))
    assert world.sync()["attachments"] == 0


@pytest.mark.calls
def test_an_idle_run_asks_for_no_attachment(world: World) -> None:
    furnish(world)
    for minutes in (5, 10, 600):
        mail(world, file(), link("Budget.xlsx"), received=world.ago(minutes=minutes))
    world.sync()
    world.control("DELETE", "requests")
    world.advance(seconds=2)  # in the same second there would be nothing to write

    report = world.sync()

    assert report["attachments"] == 0
    assert (report["salesforce_calls"], report["graph_calls"]) == (3, 2)
    assert len(files(world)) == 3


def test_two_copies_of_a_mail_bring_its_files_once(world: World) -> None:
    furnish(world)
    world.adviser("bob")
    both = {"internetMessageId": "<one@reed.example>", "sentDateTime": world.ago(days=1).isoformat()}
    recipients = ["ada@firm.example", "bob@firm.example"]
    for owner in ("ada", "bob"):
        mail(world, file(), item("The item"), owner=owner, received=world.ago(days=1), toRecipients=recipients, **both)
    report = world.sync()
    assert (report["emails"], report["attachments"], report["outcomes"]["duplicate"]) == (1, 2, 1)

    world.advance(minutes=10)
    world.adviser("cleo")
    mail(world, file(), item("The item"), owner="cleo", received=world.ago(days=1), toRecipients=recipients, **both)
    report = world.sync()
    assert (report["emails"], report["attachments"]) == (0, 0)
    assert len(files(world)) == 2


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
    mail(world, file(content=os.urandom(300_000)))
    path = r"/\$value" if service == "graph" else r"/sobjects/ContentVersion$"
    world.fault(service=service, path=path, times=1, **PASSING[fault])

    report = world.sync()

    assert (report["attachments"], report["errors"]) == (1, 0)
    [stored] = files(world)
    assert stored["ContentSize"] == 300_000
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
    assert error["Next_Attempt_At__c"] is None


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
