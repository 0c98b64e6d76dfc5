"""What is wrong is said in one line that names it and the remedy, with the right exit code, and nothing moves."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.cli.app import run
from tests.support.world import World


@pytest.fixture
def firm(world: World) -> World:
    """An adviser with a mail from a client."""
    world.settings()
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    world.message("ada", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"})
    return world


def one_line(err: str) -> str:
    """The error line, which is the only line that is not a log line."""
    lines = [line for line in err.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    assert "Traceback" not in err
    return lines[0]


def untouched(world: World) -> bool:
    """Whether no record was written and no timestamp set."""
    boxes = world.rows("SELECT Live_Through__c, Backfill_Through__c FROM MS_Graph_User__c")
    stored = world.rows("SELECT Id FROM Email__c")
    return not stored and not any(box["Live_Through__c"] or box["Backfill_Through__c"] for box in boxes)


def configured(world: World, folder: Path, **changes: Any) -> str:
    """The sandbox's configuration with some values changed, by dotted path."""
    data = yaml.safe_load(Path(world.jwt_config).read_text(encoding="utf-8"))
    for path, value in changes.items():
        *sections, key = path.split(".")
        part = data
        for section in sections:
            part = part.setdefault(section, {})
        part[key] = value
    for name in ("consumer_secret",):
        provider = data["auth_providers"]["Microsoft365Sync"]
        if str(provider.get(name, "")).startswith("file:"):
            provider[name] = f"file:{Path(world.config).parent / provider[name].removeprefix('file:')}"
    salesforce = data["named_credentials"]["Salesforce"]
    if str(salesforce.get("private_key", "")).startswith("file:"):
        salesforce["private_key"] = (
            f"file:{Path(world.config).parent / salesforce['private_key'].removeprefix('file:')}"
        )
    file = folder / "connector.yaml"
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    return str(file)


def test_an_unknown_key(firm: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = configured(firm, tmp_path, **{"sync.worker": 3})
    assert run(["--config", config, "sync", "--json"]) == 2
    line = one_line(capfd.readouterr().err)
    assert "sync.worker" in line
    assert "workers" in line
    assert config in line
    assert untouched(firm)


def test_a_missing_secret(firm: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = configured(firm, tmp_path, **{"auth_providers.Microsoft365Sync.consumer_secret": "env:NOT_SET_ANYWHERE"})
    assert run(["--config", config, "sync"]) == 2
    assert "NOT_SET_ANYWHERE" in one_line(capfd.readouterr().err)


def test_a_bad_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "connector.yaml"
    file.write_text("sync:\n  workers: 3\n bad: [1\n", encoding="utf-8")
    assert run(["--config", str(file), "sync"]) == 2
    line = one_line(capfd.readouterr().err)
    assert "line 3" in line
    assert str(file) in line


@pytest.mark.parametrize("service", ["Salesforce", "MicrosoftGraphAPI"])
def test_an_unreachable_host(firm: World, tmp_path: Path, capfd: pytest.CaptureFixture[str], service: str) -> None:
    config = configured(
        firm, tmp_path, **{f"named_credentials.{service}.url": "https://localhost:1", "http.max_attempts": 2}
    )
    assert run(["--config", config, "sync"]) == 3
    line = one_line(capfd.readouterr().err)
    assert "localhost:1" in line
    assert f"named_credentials.{service}" in line
    assert untouched(firm)


def test_a_wrong_secret(firm: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("wrong", encoding="utf-8")
    config = configured(firm, tmp_path, **{"auth_providers.Microsoft365Sync.consumer_secret": f"file:{secret}"})
    assert run(["--config", config, "sync"]) == 3
    line = one_line(capfd.readouterr().err)
    assert "AADSTS7000215" in line
    assert "consumer_secret" in line
    assert untouched(firm)


def test_an_untrusted_authority(firm: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = configured(firm, tmp_path, **{"tls.ca_file": None})
    assert run(["--config", config, "sync"]) == 3
    assert "tls.ca_file" in one_line(capfd.readouterr().err)


def take_away(world: World, permission_set: str) -> None:
    """Take a permission set from the connector's own user."""
    username = world.ready["salesforce"]["integration"]["username"]
    rows = world.rows(
        f"SELECT Id FROM PermissionSetAssignment WHERE Assignee.Username = '{username}' "
        f"AND PermissionSet.Name = '{permission_set}'"
    )
    assert rows
    for row in rows:
        world.org.PermissionSetAssignment.delete(row["Id"])


def test_objects_that_the_connector_may_not_see(firm: World) -> None:
    take_away(firm, "Microsoft_365_Sync_Integration")
    code, report, err = firm.command("sync", "--json")
    assert code == 3
    line = one_line(err)
    assert "MS_Graph_" in line
    assert "Microsoft_365_Sync_Integration" in line
    assert report is not None
    assert report["error"]["code"] in ("INVALID_TYPE", "INVALID_FIELD")
    assert untouched(firm)


def test_audit_fields_that_the_connector_may_not_set(firm: World) -> None:
    take_away(firm, "Microsoft_365_Sync_Audit_Fields")
    code, report, err = firm.command("sync", "--json")
    assert code in (1, 3)
    assert "Audit" in err or firm.rows("SELECT Message__c FROM MS_Graph_Sync_Error__c")
    assert report is not None
    assert report["emails"] == 0


def test_no_settings_record(world: World) -> None:
    code, report, _err = world.command("sync", "--json")
    assert code == 0
    assert report is not None
    assert (report["event"], report["listed"]) == (None, 0)
    assert world.requests("graph") == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"Active__c": False}, "switched off"), ({"Licensed_Users__c": 0}, "not enabled")],
)
def test_off_and_not_enabled_are_said_once(world: World, fields: dict[str, Any], words: str) -> None:
    world.settings(**fields)
    code, _, err = world.command("sync")
    assert code == 0
    assert words in err
    assert world.requests("graph") == []


def test_keeping_unmatched_mail_needs_an_internal_domain(world: World) -> None:
    world.settings(Keep_Unmatched__c=True)
    world.adviser("ada")
    world.message("ada", toRecipients=["ada@firm.example"], **{"from": "bob@firm.example"})
    code, _, err = world.command("sync", "--json")
    assert code == 3
    assert "Internal Domain" in one_line(err)
    assert untouched(world)


def test_a_global_exclusion_that_cannot_be_understood_stops_the_run(lax_firm: World) -> None:
    lax_firm.message("ada", toRecipients=["ada@firm.example"], **{"from": "rita@reed.example"})
    lax_firm.exclusion("Internal Domain", "-b.example")  # no validation rule is active in this org
    code, _, err = lax_firm.command("sync", "--json")
    assert code == 3
    assert "-b.example" in one_line(err)
    assert untouched(lax_firm)


def test_a_mailbox_that_graph_does_not_serve(firm: World) -> None:
    firm.adviser("bob")
    firm.control("PATCH", "mailboxes/bob@firm.example", {"state": "unlicensed"})
    report = firm.sync(code=1)
    assert report["mailboxes"] == {"read": 1, "failed": 1, "not_linked": 0}
    assert report["emails"] == 1
    rows = firm.rows("SELECT Status__c, Status_Detail__c, Live_Through__c FROM MS_Graph_User__c ORDER BY Name")
    assert [row["Status__c"] for row in rows] == ["Live", "Unavailable"]
    assert "licensed" in rows[1]["Status_Detail__c"]
    assert rows[1]["Live_Through__c"] is None


def test_a_mailbox_that_fails_is_an_event_when_it_begins_and_when_it_ends(firm: World) -> None:
    assert firm.sync()["event"]
    graph_id = firm.rows("SELECT Graph_User_Id__c FROM MS_Graph_User__c")[0]["Graph_User_Id__c"]
    denied = {"error": {"code": "ErrorAccessDenied", "message": "Access to OData is disabled."}}
    fault = {"service": "graph", "path": f"/users/{graph_id}/messages", "times": 0, "status": 403, "body": denied}
    firm.fault(**fault)
    assert firm.sync(code=1)["event"]
    assert firm.sync(code=1)["event"] is None
    [box] = firm.rows("SELECT Status__c, Status_Detail__c FROM MS_Graph_User__c")
    assert box["Status__c"] == "Failing"
    assert "Access to OData is disabled." in box["Status_Detail__c"]
    firm.control("DELETE", "faults")
    assert firm.sync()["event"]
    [box] = firm.rows("SELECT Status__c, Status_Detail__c FROM MS_Graph_User__c")
    assert (box["Status__c"], box["Status_Detail__c"]) == ("Live", None)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"Active__c": False}, "Active"),
        ({"User__c": None}, "No Salesforce user"),
    ],
)
def test_a_mailbox_that_is_not_linked(firm: World, change: dict[str, Any], detail: str) -> None:
    [box] = firm.rows("SELECT Id FROM MS_Graph_User__c")
    firm.org.MS_Graph_User__c.update(box["Id"], change)
    report = firm.sync()
    assert report["mailboxes"] == {"read": 0, "failed": 0, "not_linked": 1}
    [box] = firm.rows("SELECT Status__c, Status_Detail__c FROM MS_Graph_User__c")
    assert box["Status__c"] == "Not Linked"
    assert detail in box["Status_Detail__c"]


def test_a_user_without_the_permission_set_is_not_linked(world: World) -> None:
    world.settings()
    world.mailbox("ada")
    user = world.user("ada", permission_sets=[])
    world.create("MS_Graph_User__c", Name="Ada", User_Principal_Name__c="ada@firm.example", User__c=user)
    assert world.sync()["mailboxes"]["not_linked"] == 1


def test_a_permission_set_group_will_do(world: World) -> None:
    world.settings()
    world.mailbox("ada")
    user = world.user("ada", permission_sets=["Microsoft_365_Sync_User"], permissionSetGroups=["Advisers"])
    world.create("MS_Graph_User__c", Name="Ada", User_Principal_Name__c="ada@firm.example", User__c=user)
    assert world.sync()["mailboxes"]["read"] == 1


def test_seats_go_to_the_rows_created_first(world: World) -> None:
    world.settings(Licensed_Users__c=1)
    world.adviser("ada")
    world.advance(hours=1)
    world.adviser("bob")
    assert world.sync()["mailboxes"] == {"read": 1, "failed": 0, "not_linked": 1}
    rows = world.rows("SELECT Status__c FROM MS_Graph_User__c ORDER BY CreatedDate")
    assert [row["Status__c"] for row in rows] == ["Live", "Not Linked"]
