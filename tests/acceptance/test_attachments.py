"""Attachments on the whole path: what becomes a file, what is only noted, what fails and comes later."""

import base64
import os
from email.parser import BytesParser
from email.policy import default
from typing import Any

import pytest

from tests.acceptance.mail_with_files import PDF, content, email, file, files, furnish, item, link, mail
from tests.support.world import World


def picture(name: str = "logo.png") -> dict[str, Any]:
    return file(name, b"\x89PNG", contentType="image/png", isInline=True, contentId="logo")


def text_of(mime: bytes) -> str:
    """The text of a mail."""
    body = BytesParser(policy=default).parsebytes(mime).get_body()
    assert body is not None
    return str(body.get_content())


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


@pytest.mark.parametrize("flagged", [True, False])
def test_a_logo_that_the_body_shows_is_no_file_whatever_its_flag(world: World, flagged: bool) -> None:
    furnish(world)
    for number in range(3):
        body = {"contentType": "html", "content": f'<p>Hello {number}</p><img src="cid:logo">'}
        mail(
            world, {**picture(), "isInline": flagged}, subject=f"hello {number}", body=body, hasAttachments=not flagged
        )
    report = world.sync()
    assert (report["emails"], report["attachments"]) == (3, 0)
    assert all("[image: logo.png]" in row["Body__c"] for row in world.rows("SELECT Body__c FROM Email__c"))


def test_documents_and_photos_that_are_flagged_inline_are_files(world: World) -> None:
    """Graph says that such a mail has no attachments."""
    furnish(world)
    photo = file("image0.jpeg", b"\xff\xd8", contentType="image/jpeg", isInline=True, contentId="11AA@icloud")
    mail(world, file(isInline=True, contentId="PDF1"), photo, body={"contentType": "html", "content": "<p>Here</p>"})
    report = world.sync()
    assert report["attachments"] == email(world)["Attachment_Count__c"] == 2
    assert [version["PathOnClient"] for version in files(world)] == ["image0.jpeg", "plan.pdf"]


def test_a_pasted_picture_leaves_its_name_in_the_body_and_where_it_is_large_in_the_notes(world: World) -> None:
    furnish(world)
    scan = file(
        "Signed form.png", os.urandom(150_000), contentType="image/png", isInline=True, contentId="8A5B-00@home"
    )
    mail(world, scan, body={"contentType": "html", "content": '<p><img src="cid:8A5B-00%40home"></p>'})
    world.sync()
    row = email(world)
    assert "[image: Signed form.png]" in row["Body__c"]
    assert row["Attachment_Notes__c"] == "Signed form.png (146 KB): a picture inside the mail, not stored"
    assert files(world) == []


@pytest.mark.parametrize("filling", [b"", os.urandom(1_500_000)], ids=["small", "large"])
def test_the_files_of_a_signed_mail_are_stored_beside_it(world: World, filling: bytes) -> None:
    furnish(world)
    text = "\r\n".join(
        (
            'Content-Type: multipart/mixed; boundary="in"',
            "",
            "--in",
            "Content-Type: text/plain",
            "",
            "Please sign",
            "--in",
            'Content-Type: application/pdf; name="contract.pdf"',
            'Content-Disposition: attachment; filename="contract.pdf"',
            "Content-Transfer-Encoding: base64",
            "",
            base64.encodebytes(PDF + filling).decode(),
            "--in--",
        )
    )
    signature = (
        "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAG"
    )
    kind = 'multipart/signed; protocol="application/pkcs7-signature"; boundary="out"'
    head = f"From: rita@reed.example\r\nTo: ada@firm.example\r\nSubject: contract\r\nContent-Type: {kind}\r\n"
    raw = f"{head}\r\n--out\r\n{text}\r\n--out\r\n{signature}\r\n--out--\r\n"
    path = f"mailboxes/ada@firm.example/messages?received={world.ago(days=1).strftime('%Y-%m-%dT%H:%M:%SZ')}"
    world.control("POST", path, data=raw.encode(), headers={"Content-Type": "message/rfc822"})

    report = world.sync()

    assert report["attachments"] == email(world)["Attachment_Count__c"] == 2
    assert [version["PathOnClient"] for version in files(world)] == ["contract.pdf", "smime.p7m"]
    assert content(world, "contract.pdf") == PDF + filling
    assert world.sync()["attachments"] == 0


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
