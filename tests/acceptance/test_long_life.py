"""What a service meets that runs for years: secrets and mailboxes are replaced, disks are full, zones change."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.engine.request import RunRequest
from connector.settings.model import load
from connector.wiring.credentials import grant
from connector.wiring.runs import runner
from tests.acceptance.test_remade import bin_call
from tests.support.ledger import ledger, without_duplicates
from tests.support.world import World, stamp


def mail(world: World, name: str, received: datetime, *, owner: str = "ada") -> None:
    """A mail of the client."""
    world.message(
        owner,
        received=received,
        subject=name,
        internetMessageId=f"<{name}@reed.example>",
        toRecipients=["ada@firm.example"],
        **{"from": "rita@reed.example"},
    )


def subjects(world: World) -> list[str]:
    return sorted(row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c"))


def state(world: World) -> list[Any]:
    """The timestamps of all mailboxes."""
    return world.rows("SELECT Live_Through__c, Backfill_Through__c, Swept_Through__c FROM MS_Graph_User__c")


def test_a_secret_in_a_file_that_is_replaced_is_used_from_the_next_sign_in_on(firm: World) -> None:
    """The scheduler reads its configuration once, and signs in for months."""
    mail(firm, "one", firm.ago(days=1))
    settings = load(firm.config, {})
    file = Path(settings.named_credentials.Salesforce.consumer_secret.reference.removeprefix("file:"))  # type: ignore[union-attr]
    right = file.read_text(encoding="utf-8")
    runs = runner(settings)
    try:
        file.write_text("one that was revoked", encoding="utf-8")
        assert runs.run(RunRequest()).exit_code == 3
        file.unlink()  # while it is replaced
        assert grant(settings.named_credentials.Salesforce).form()["client_secret"] == right
        file.write_text(right, encoding="utf-8")
        assert runs.run(RunRequest()).exit_code == 0
    finally:
        file.write_text(right, encoding="utf-8")
    assert subjects(firm) == ["one"]


def test_a_mailbox_that_is_away_comes_back_and_was_moved_so_that_all_ids_are_new(firm: World) -> None:
    old = firm.ago(days=1)
    mail(firm, "one", old)
    firm.sync()
    firm.control("DELETE", "mailboxes/ada@firm.example")
    for _ in range(2):
        firm.advance(hours=1)
        firm.sync(code=1)
    firm.mailbox("ada")
    mail(firm, "one", old)
    mail(firm, "two", firm.ago(minutes=90))  # while nobody could read it
    firm.advance(hours=1)
    firm.sync()
    firm.sync("--sweep")
    assert subjects(firm) == ["one", "two"]
    assert without_duplicates(ledger(firm))


@pytest.mark.parametrize("service", ["entra", "salesforce"])
def test_an_hour_without_a_service_moves_nothing_and_loses_nothing(firm: World, service: str) -> None:
    """Maintenance of Salesforce, or a tenant in which nobody can sign in."""
    mail(firm, "one", firm.ago(days=1))
    firm.sync()
    before = state(firm)
    page = "<html><body>Down for maintenance</body></html>"
    firm.fault(
        service=service, path="^/(?!sandbox).*", times=0, status=503, headers={"Content-Type": "text/html"}, body=page
    )
    for number in range(2):
        firm.advance(minutes=30)
        mail(firm, f"meanwhile {number}", firm.ago(minutes=5))
        assert firm.command("sync", "--json")[0] == 3
    firm.control("DELETE", "faults")
    assert state(firm) == before
    assert firm.sync()["emails"] == 2
    assert subjects(firm) == ["meanwhile 0", "meanwhile 1", "one"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_change_of_the_zone_of_the_org_repeats_and_loses_nothing(firm: World, zone: str) -> None:
    firm.advance_to_noon()
    mail(firm, "one", firm.ago(hours=3))
    firm.sync()
    before = ledger(firm)
    firm.control("PATCH", "org", {"timeZone": zone})
    firm.advance(minutes=30)
    report = firm.sync()
    assert (report["emails"], report["tasks"]) == (0, 0)
    assert ledger(firm) == before
    mail(firm, "two", firm.ago(minutes=5))
    firm.advance(minutes=30)
    firm.sync()
    assert subjects(firm) == ["one", "two"]


def test_a_contact_that_is_deleted_and_restored_has_its_mail_once(firm: World) -> None:
    [contact] = firm.rows("SELECT Id FROM Contact")
    mail(firm, "one", firm.ago(days=1))
    firm.sync()
    firm.org.Contact.delete(contact["Id"])
    firm.advance(hours=1)
    mail(firm, "two", firm.ago(minutes=5))
    firm.sync()
    bin_call(firm, "undelete", contact["Id"])
    firm.advance(hours=1)
    firm.sync()
    firm.advance(hours=1)
    firm.sync("--sweep")
    rows = firm.rows("SELECT Email__r.Subject__c, Contact__c FROM Email_Participant__c")
    assert sorted((row["Email__r"]["Subject__c"], row["Contact__c"]) for row in rows) == [
        ("one", contact["Id"]),
        ("two", contact["Id"]),
    ]
    assert len(firm.rows("SELECT Id FROM Task WHERE IsDeleted = false")) == 2


def test_a_disk_that_is_full_stops_the_log_and_not_the_run(firm: World) -> None:
    mail(firm, "one", firm.ago(days=1))
    command = [sys.executable, "-m", "connector", "--debug", "--config", firm.config, "sync", "--json"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, timeout=300, check=False)
    assert (done.returncode, subjects(firm)) == (0, ["one"])


def test_now_is_that_of_the_services_and_not_of_the_machine(firm: World) -> None:
    """The machine's clock is a day and more off: what a run calls now is the services'."""
    firm.advance(days=1)
    mail(firm, "one", firm.ago(minutes=5))
    assert firm.sync()["emails"] == 1
    [box] = state(firm)
    assert box["Live_Through__c"] is None or box["Live_Through__c"][:16] <= stamp(firm.now())[:16]
