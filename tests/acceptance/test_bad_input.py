"""Bad input of every kind, as it is met by `sync`: the exact line, the exit code, the error object; nothing moves.

What is tried stands in tests/data. After each kind of bad input the firm is put right, and nothing has been lost.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.cli.app import run
from tests.data.bad_configuration import AP, FILES, HUSH, MG, SF, VALUES, changed, environment, furnish, one_of_each
from tests.data.bad_setup import (
    EXCLUSIONS,
    INACTIVE,
    MAILBOXES,
    NOT_LINKED,
    PERSONAL_RULE,
    SECOND_ROW,
    SETTINGS,
    SIGN_INS,
    UNKNOWN_MAILBOX,
    UNSERVED,
    WITHOUT_PERMISSION_SET,
    Words,
    fits,
)
from tests.support.world import World, stamp

EVERY_KEY = "Every key is explained in config/connector.example.yaml."


@pytest.fixture
def firm(world: World) -> World:
    """An adviser with a mail from a client, half an hour old, and no backfill."""
    return furnished(world)


@pytest.fixture
def lax_firm(lax_world: World) -> World:
    """The same firm in an org whose validation rules are off."""
    return furnished(lax_world)


def furnished(world: World) -> World:
    world.settings(Backfill_Months__c=0)
    world.internal_domain()
    world.adviser("ada")
    world.client("Rita", "Reed", "rita@reed.example")
    arrived = world.ago(minutes=30)
    world.message("ada", toRecipients=["ada@firm.example"], received=arrived, **{"from": "rita@reed.example"})
    [box] = world.rows("SELECT Id FROM MS_Graph_User__c")
    begun = stamp(arrived - timedelta(hours=1))
    names = ("Backfill_From__c", "Backfill_Through__c", "Live_From__c", "Live_Through__c")
    world.org.MS_Graph_User__c.update(box["Id"], dict.fromkeys(names, begun))
    world.control("DELETE", "requests")
    return world


class Terminal:
    """Types `sync --json` and reads what comes."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def sync(self, config: str | Path, *more: str) -> tuple[int, dict[str, Any], list[str]]:
        """Exit code, the object on the last line, and the lines on standard error that are no log lines."""
        self._capture.readouterr()
        code = run(["--config", str(config), "sync", "--json", *more])
        written = self._capture.readouterr()
        assert "Traceback" not in written.err
        assert HUSH not in written.err + written.out
        assert "BEGIN PRIVATE KEY" not in (written.err + written.out).replace("(-----BEGIN PRIVATE KEY-----)", "")
        lines = [line for line in written.err.splitlines() if not line.startswith("{")]
        return code, json.loads(written.out.splitlines()[-1]), lines

    def refused_in_one_of(self, config: str | Path, words: Sequence[Words]) -> dict[str, str]:
        """As `refused`, in the first of these words that fit; the error object."""
        code, report, lines = self.sync(config)
        assert code == 3, (words[0].what, lines, report)
        assert len(lines) == 1, lines
        assert any(fits(each.line, lines[0]) for each in words), (lines[0], words[0].line)
        error: dict[str, str] = report["error"]
        return error

    def refused(self, config: str | Path, words: Words, *more: str, code: int = 3) -> None:
        """Typed so, it is refused in these words: one line, and the same as an object."""
        got, report, lines = self.sync(config, *more)
        assert got == code, (words.what, lines, report)
        assert len(lines) == 1, lines
        assert fits(words.line, lines[0]), lines[0]
        error = report["error"]
        assert fits(words.what, error["message"])
        assert fits(words.where, error["where"])
        assert error["remedy"] == words.remedy
        assert error["code"]


@pytest.fixture
def terminal(capfd: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capfd)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the environment: good ones for somebody else, and odd ones."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


def state(world: World) -> list[Any]:
    """Every timestamp, and what is stored."""
    boxes = world.rows("SELECT Id, Live_Through__c, Backfill_Through__c, Last_Success__c FROM MS_Graph_User__c")
    stored = world.rows("SELECT Id FROM Email__c")
    return [boxes, stored, world.rows("SELECT Id FROM MS_Graph_Sync_Error__c")]


def nothing_was_lost(world: World, terminal: Terminal) -> None:
    """With everything put right, the mail that waited is stored."""
    code, report, lines = terminal.sync(world.config)
    assert (code, lines) == (0, []), (report, lines)
    assert report["outcomes"]["matched"] == report["emails"] == 1


def sandbox_config(world: World) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(Path(world.jwt_config).read_text(encoding="utf-8"))
    return data


@pytest.mark.usefixtures("secrets")
def test_a_bad_configuration_asks_no_service(firm: World, terminal: Terminal, tmp_path: Path) -> None:
    furnish(tmp_path)
    file = tmp_path / "connector.yaml"
    good, before = sandbox_config(firm), state(firm)
    firm.control("DELETE", "requests")
    for case in one_of_each(VALUES):
        file.write_text(yaml.safe_dump(changed(good, case.values)), encoding="utf-8")
        problems = "; ".join(case.problems).replace("FOLDER", str(tmp_path))
        count = "a problem" if len(case.problems) == 1 else f"{len(case.problems)} problems"
        words = Words(f"The configuration has {count}: {problems}", EVERY_KEY, where=str(file))
        terminal.refused(file, words, code=2)
    for content in FILES:
        text = content.content
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        where = f"{file}, line {content.line}" if content.line else str(file)
        terminal.refused(file, Words(content.what, content.remedy, where=where), code=2)
    assert firm.requests() == []
    assert state(firm) == before
    nothing_was_lost(firm, terminal)


def test_a_configuration_that_cannot_be_opened(terminal: Terminal, tmp_path: Path) -> None:
    missing = tmp_path / "connector.yaml"
    remedy = "Copy config/connector.example.yaml there, or name another one with --config or M365SYNC_CONFIG."
    terminal.refused(missing, Words("There is no configuration file", remedy, where=str(missing)), code=2)
    remedy = "Check the path and its permissions."
    what = "The configuration file cannot be read: Is a directory"
    terminal.refused(tmp_path, Words(what, remedy, where=str(tmp_path)), code=2)
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "connector.yaml"
    what = "The configuration file cannot be read: Not a directory"
    terminal.refused(below, Words(what, remedy, where=str(below)), code=2)


@pytest.mark.usefixtures("secrets")
def test_a_sign_in_that_is_refused(firm: World, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    good, before = sandbox_config(firm), state(firm)
    for case in SIGN_INS:
        data = changed({**good, "http": {"max_attempts": 1}}, case.values)
        file.write_text(yaml.safe_dump(data), encoding="utf-8")
        terminal.refused(file, case.words)
        assert state(firm) == before, case.name
    nothing_was_lost(firm, terminal)


@pytest.mark.usefixtures("secrets")
def test_a_named_principal_that_nobody_signed_in_as(firm: World, terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "connector.yaml"
    values = {f"{MG}.identity": "named_principal", f"{MG}.token_file": "token"}
    file.write_text(yaml.safe_dump(changed(sandbox_config(firm), values)), encoding="utf-8")
    words = Words("Nobody has signed in to Microsoft 365 yet", "Type m365sync login.", where=str(tmp_path / "token"))
    terminal.refused(file, words)
    assert firm.requests("graph") == firm.requests("entra") == []


def test_a_mailbox_that_no_row_names(firm: World, terminal: Terminal) -> None:
    terminal.refused(firm.config, UNKNOWN_MAILBOX, "--mailbox", "nobody@firm.example", code=2)
    nothing_was_lost(firm, terminal)


def test_a_setting_that_cannot_be(lax_firm: World, terminal: Terminal) -> None:
    firm = lax_firm
    [setting] = firm.rows("SELECT Id, Key__c, Backfill_Months__c FROM MS_Graph_Setting__c")
    for rule in firm.rows("SELECT Id FROM MS_Graph_Exclusion__c"):
        firm.org.MS_Graph_Exclusion__c.update(rule["Id"], {"Active__c": False})
    good = {
        "Key__c": "default",
        "Backfill_Months__c": 0,
        "Unmatched_Retention_Days__c": 30,
        "Licensed_Users__c": None,
        "Attachment_Max_MB__c": 25,
        "Keep_Unmatched__c": False,
    }
    before = state(firm)
    for number, (fields, words) in enumerate(SETTINGS, start=1):
        firm.org.MS_Graph_Setting__c.update(setting["Id"], {**good, **fields})
        terminal.refused(firm.config, words)
        assert state(firm) == before, fields
        events = firm.rows("SELECT Status__c, Emails_Synced__c, Emails_Failed__c FROM MS_Graph_Sync_Event__c")
        assert [tuple(row[name] for name in row if name != "attributes") for row in events] == [
            ("Failed", 0, 0)
        ] * number
    firm.org.MS_Graph_Setting__c.update(setting["Id"], good)
    nothing_was_lost(firm, terminal)


def test_a_setting_that_is_empty_has_its_default(firm: World, terminal: Terminal) -> None:
    [setting] = firm.rows("SELECT Id FROM MS_Graph_Setting__c")
    names = ("Frequency__c", "Match_Ties__c", "Opt_Out_Categories__c", "Attachment_Max_MB__c", "Licensed_Users__c")
    empty = dict.fromkeys((*names, "Backfill_Months__c", "Unmatched_Retention_Days__c", "Time_of_Day__c"))
    firm.org.MS_Graph_Setting__c.update(setting["Id"], empty)
    nothing_was_lost(firm, terminal)


def test_a_global_exclusion_that_cannot_be_understood(lax_firm: World, terminal: Terminal) -> None:
    firm = lax_firm
    before = state(firm)
    for kind, pattern, words in EXCLUSIONS:
        rule = firm.exclusion(kind, pattern)
        terminal.refused(firm.config, words)
        assert state(firm) == before, pattern
        firm.org.MS_Graph_Exclusion__c.update(rule, {"Active__c": False})
    nothing_was_lost(firm, terminal)


def test_a_personal_exclusion_that_cannot_be_understood_stops_its_own_user_only(
    lax_firm: World, terminal: Terminal
) -> None:
    firm = lax_firm
    user, row = firm.adviser("bob")
    rule = firm.exclusion("Personal Address", "mum", User__c=user)
    code, report, lines = terminal.sync(firm.config)
    assert (code, report["emails"], report["mailboxes"]) == (1, 1, {"read": 1, "failed": 1, "not_linked": 0})
    assert len(lines) == 1
    assert fits(f"error: {PERSONAL_RULE}", lines[0])
    [box] = firm.rows(f"SELECT Status__c, Status_Detail__c, Live_Through__c FROM MS_Graph_User__c WHERE Id = '{row}'")
    assert box["Status__c"] == "Failing"
    assert fits(PERSONAL_RULE, box["Status_Detail__c"])
    assert box["Live_Through__c"] is None
    firm.org.MS_Graph_Exclusion__c.update(rule, {"Active__c": False})
    assert firm.sync()["mailboxes"] == {"read": 2, "failed": 0, "not_linked": 0}


def failed(terminal: Terminal, world: World, words: Words, *, status: str = "Unavailable") -> None:
    """The second mailbox fails in these words, the first is read."""
    code, report, lines = terminal.sync(world.config)
    assert code == 1, (words, lines)
    assert report["mailboxes"] == {"read": 1, "failed": 1, "not_linked": 0}
    assert len(lines) == 1, lines
    assert fits(words.line, lines[0]), lines
    [bob] = world.rows("SELECT Status__c, Status_Detail__c, Live_Through__c FROM MS_Graph_User__c WHERE Name = 'Bob'")
    assert bob["Status__c"] == status
    assert fits(words.line.removeprefix("error: "), bob["Status_Detail__c"])
    assert bob["Live_Through__c"] is None


def test_a_row_that_names_no_mailbox(firm: World, terminal: Terminal) -> None:
    user = firm.user("bob")
    for fields, words in MAILBOXES:
        row = firm.create("MS_Graph_User__c", Name="Bob", User__c=user, **fields)
        failed(terminal, firm, words)
        firm.org.MS_Graph_User__c.delete(row)
    assert len(firm.rows("SELECT Id FROM Email__c")) == 1


def test_a_mailbox_that_graph_does_not_serve(firm: World, terminal: Terminal) -> None:
    firm.adviser("bob")
    for fields, words in UNSERVED:
        firm.control("PATCH", "mailboxes/bob@firm.example", fields)
        failed(terminal, firm, words)
    firm.control("PATCH", "mailboxes/bob@firm.example", {"state": "ok"})
    assert firm.sync()["mailboxes"]["read"] == 2


def test_a_guest_has_no_mailbox_here(firm: World, terminal: Terminal) -> None:
    upn = "bob_home.example#EXT#@firm.onmicrosoft.com"
    firm.mailbox(upn, mail="bob@home.example", userType="Guest", state="unlicensed")
    firm.create("MS_Graph_User__c", Name="Bob", User_Principal_Name__c=upn, User__c=firm.user("bob"))
    failed(terminal, firm, UNSERVED[0][1])


def test_an_alias_will_do(firm: World) -> None:
    firm.mailbox("bob", proxyAddresses=["SMTP:bob@firm.example", "smtp:robert@firm.example"])
    row = firm.create("MS_Graph_User__c", Name="Bob", Email_Address__c="Robert@Firm.example ", User__c=firm.user("bob"))
    assert firm.sync()["mailboxes"] == {"read": 2, "failed": 0, "not_linked": 0}
    [box] = firm.rows(f"SELECT Graph_User_Id__c, Aliases__c FROM MS_Graph_User__c WHERE Id = '{row}'")
    assert box["Graph_User_Id__c"]
    assert "bob@firm.example" in box["Aliases__c"]


@pytest.mark.parametrize(("fields", "detail"), NOT_LINKED)
def test_a_mailbox_that_is_not_linked(firm: World, terminal: Terminal, fields: dict[str, Any], detail: str) -> None:
    [box] = firm.rows("SELECT Id, User__c FROM MS_Graph_User__c")
    firm.org.MS_Graph_User__c.update(box["Id"], fields)
    not_linked(firm, detail)
    firm.org.MS_Graph_User__c.update(box["Id"], {"Active__c": True, "User__c": box["User__c"]})
    nothing_was_lost(firm, terminal)


def not_linked(world: World, detail: str) -> None:
    assert world.sync()["mailboxes"] == {"read": 0, "failed": 0, "not_linked": 1}
    [box] = world.rows("SELECT Status__c, Status_Detail__c FROM MS_Graph_User__c")
    assert (box["Status__c"], box["Status_Detail__c"]) == ("Not Linked", detail)


def test_a_user_who_has_left(firm: World, terminal: Terminal) -> None:
    [box] = firm.rows("SELECT User__c FROM MS_Graph_User__c")
    firm.org.User.update(box["User__c"], {"IsActive": False})
    not_linked(firm, INACTIVE)
    firm.org.User.update(box["User__c"], {"IsActive": True})
    nothing_was_lost(firm, terminal)


@pytest.mark.parametrize(
    ("field", "name"), [("User_Principal_Name__c", "first@firm.example"), ("Email_Address__c", "a@firm.example")]
)
def test_two_rows_for_one_mailbox(firm: World, terminal: Terminal, field: str, name: str) -> None:
    addresses = ["SMTP:first@firm.example", "smtp:ada@firm.example", "smtp:a@firm.example"]
    firm.control("PATCH", "mailboxes/ada@firm.example", {"mail": "first@firm.example", "proxyAddresses": addresses})
    firm.create("MS_Graph_User__c", **{"Name": "Bob", "User__c": firm.user("bob"), field: name})
    failed(terminal, firm, SECOND_ROW, status="Failing")
    assert len(firm.rows("SELECT Id FROM Email__c")) == 1


def test_an_assignment_that_has_expired(firm: World, terminal: Terminal) -> None:
    [row] = firm.rows("SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Microsoft_365_Sync_User'")
    firm.org.PermissionSetAssignment.update(row["Id"], {"ExpirationDate": stamp(firm.ago(minutes=1))})
    not_linked(firm, WITHOUT_PERMISSION_SET)
    firm.org.PermissionSetAssignment.update(row["Id"], {"ExpirationDate": None})
    nothing_was_lost(firm, terminal)


def test_every_part_of_the_configuration_that_signs_in_is_tried() -> None:
    tried = {path for case in SIGN_INS for path in case.values}
    assert {f"{AP}.tenant", f"{AP}.consumer_key", f"{AP}.consumer_secret", f"{AP}.certificate"} <= tried
    assert {f"{SF}.url", f"{SF}.consumer_key", f"{SF}.username", f"{SF}.private_key"} <= tried
