"""`check`: what has to be right, each line with its remedy, and nothing left behind."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from connector.cli.app import run
from tests.support.world import DOMAIN, World

ADA = f"ada@{DOMAIN}"
OBJECTS = (
    "Email__c",
    "Email_Participant__c",
    "Task",
    "MS_Graph_Sync_Event__c",
    "MS_Graph_Sync_Error__c",
    "MS_Graph_Exclusion__c",
    "MS_Graph_User__c",
    "MS_Graph_Setting__c",
    "ContentVersion",
    "ContentDocument",
)
WRITTEN = {"Email__c", "Email_Participant__c", "Task", "ContentVersion", "ContentDocument"} | {
    f"MS_Graph_{name}__c" for name in ("Sync_Event", "Sync_Error", "Exclusion", "User", "Setting")
}

Line = dict[str, Any]


def check(world: World, *, code: int = 0, config: str | None = None) -> list[Line]:
    """All lines of one check that ends with `code`."""
    if config is not None:
        world.config = config
    got, answer, err = world.command("check", "--json")
    assert answer is not None, err
    lines: list[Line] = answer["checks"]
    assert got == code, [line for line in lines if line["status"] == "red"]
    assert answer["ok"] is (code == 0)
    for line in lines:
        assert set(line) == {"name", "subject", "status", "detail", "remedy"}
        assert line["detail"]
        assert line["remedy"] or line["status"] == "green", line
    return lines


def of(lines: list[Line], name: str) -> list[Line]:
    return [line for line in lines if line["name"] == name]


def not_green(lines: list[Line]) -> list[tuple[str, str, str]]:
    """But for the secret of the sandbox's app, whose end nobody knows."""
    unknown = [line for line in lines if line["name"] == "credential" and "not known here" in line["detail"]]
    assert all(line["status"] == "amber" for line in unknown)
    return [
        (line["name"], line["subject"], line["status"])
        for line in lines
        if line["status"] != "green" and line not in unknown
    ]


def change(world: World, **fields: Any) -> None:
    [row] = world.rows("SELECT Id FROM MS_Graph_Setting__c")
    world.org.MS_Graph_Setting__c.update(row["Id"], fields)


def everything(world: World) -> dict[str, list[tuple[str, str, bool]]]:
    """Every row of what a check may touch, the recycle bin included."""
    return {
        name: [
            (row["Id"], row["SystemModstamp"], row["IsDeleted"])
            for row in world.org.query_all(
                f"SELECT Id, SystemModstamp, IsDeleted FROM {name} ORDER BY Id",
                include_deleted=True,
            )["records"]
        ]
        for name in OBJECTS
    }


@pytest.mark.calls
def test_all_is_well_and_nothing_is_left(firm: World) -> None:
    firm.user("gone", active=False)
    before = everything(firm)
    firm.control("DELETE", "requests")
    lines = check(firm)
    # users, organization, ada by name and her purpose, the batch, the purpose once more
    assert len(firm.requests("graph")) <= 6
    assert len(firm.requests("salesforce")) <= 6
    assert not_green(lines) == []
    assert everything(firm) == before
    assert {line["subject"] for line in of(lines, "rights")} == WRITTEN
    email = next(line for line in of(lines, "rights") if line["subject"] == "Email__c")
    for what in ("made with the date and user of the mail", "changed", "deleted", "users who left keeps its owner"):
        assert what in email["detail"]
    assert {line["name"] for line in lines} >= {
        "sign-in",
        "clock",
        "credential",
        "objects and fields",
        "email fields",
        "records in sight",
        "API calls",
        "storage",
        "other mail loggers",
        "settings",
        "exclusions",
        "internal domains",
        "mailbox",
    }
    assert [line["detail"] for line in of(lines, "records in sight")] == ["1 record", "0 records"]
    assert of(lines, "email fields")[0]["detail"] == "Email"
    firm.sync()
    assert not_green(check(firm)) == []  # our own Tasks are no other tool's


def test_for_people_it_is_a_table(firm: World, capfd: pytest.CaptureFixture[str]) -> None:
    change(firm, Active__c=False)
    capfd.readouterr()
    assert run(["--config", firm.config, "check"]) == 0
    written = capfd.readouterr().out
    assert "Set Active, and Licensed Users above 0 or empty" in " ".join(written.replace("│", " ").split())
    assert "2 amber, 0 red" in written  # with the end of the secret
    first, last = written.index("Signed in to"), written.index("Nothing runs")
    assert first < last, "what is wrong comes last"


def test_one_service_that_refuses_does_not_hide_the_other(firm: World, tmp_path: Path) -> None:
    text = Path(firm.jwt_config).read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    [provider] = settings["auth_providers"].values()
    provider["consumer_secret"] = "env:WRONG"
    config = Path(firm.config).with_name("wrong.yaml")
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    own = firm.config
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WRONG", "not-the-secret")
        lines = check(firm, code=1, config=str(config))
    assert not_green(lines) == [("sign-in", "Microsoft 365", "red")]
    assert "make a new one" in of(lines, "sign-in")[0]["remedy"]
    assert of(lines, "rights")
    settings = yaml.safe_load(text)
    settings["named_credentials"]["Salesforce"]["username"] = "nobody@firm.example"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    lines = check(firm, code=1, config=str(config))
    assert not_green(lines) == [("sign-in", "Salesforce", "red")]
    assert [line["subject"] for line in of(lines, "clock")] == ["Microsoft 365"]
    firm.config = own
    firm.control("DELETE", "requests")
    settings["named_credentials"]["Salesforce"]["flow"] = "magic"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    firm.config = str(config)
    code, _, err = firm.command("check", "--json")
    assert code == 2
    assert "named_credentials.Salesforce.flow" in err
    assert firm.requests() == []


@pytest.mark.parametrize(("seconds", "status", "code"), [(60, "amber", 0), (-600, "red", 1)])
def test_clocks_that_differ(firm: World, seconds: float, status: str, code: int) -> None:
    firm.advance(seconds=seconds)
    clocks = of(check(firm, code=code), "clock")
    assert [line["status"] for line in clocks] == [status, status]
    assert all(("behind" if seconds > 0 else "ahead of") in line["detail"] for line in clocks)


#: Fields of the settings record, and the one line that is not green then.
SETTINGS: tuple[tuple[dict[str, Any], tuple[str, str]], ...] = (
    ({"Active__c": False}, ("Microsoft 365 Sync Setting", "amber")),
    ({"Licensed_Users__c": 0}, ("Microsoft 365 Sync Setting", "amber")),
    ({"Frequency__c": "Daily"}, ("Frequency", "red")),
    ({"Frequency__c": "Weekly", "Time_of_Day__c": "08:00:00.000Z"}, ("Frequency", "red")),
    ({"Attachment_Max_MB__c": 0}, ("Attachment Max MB", "amber")),
    ({"Attachment_Max_MB__c": 200}, ("Attachment Max MB", "amber")),
    ({"Backfill_Months__c": 500}, ("Backfill Months", "amber")),
)
_PLAIN: dict[str, Any] = {
    "Active__c": True,
    "Licensed_Users__c": None,
    "Frequency__c": "Hourly",
    "Time_of_Day__c": None,
    "Attachment_Max_MB__c": 25,
    "Backfill_Months__c": 6,
}


def test_settings_that_make_no_sense(lax_firm: World) -> None:
    firm = lax_firm
    for fields, (subject, status) in SETTINGS:
        change(firm, **{**_PLAIN, **fields})
        found = [line for line in not_green(check(firm, code=int(status == "red"))) if line[0] == "settings"]
        assert found == [("settings", subject, status)], fields


def test_keeping_unmatched_mail_needs_an_internal_domain(firm: World) -> None:
    change(firm, Keep_Unmatched__c=True)
    assert not_green(check(firm)) == []
    [rule] = firm.rows("SELECT Id FROM MS_Graph_Exclusion__c")
    firm.org.MS_Graph_Exclusion__c.update(rule["Id"], {"Active__c": False})
    lines = check(firm, code=1)
    assert ("settings", "Keep Unmatched", "red") in not_green(lines)
    assert f"No Internal Domain exclusion covers {DOMAIN}" in of(lines, "internal domains")[0]["detail"]


def test_an_empty_org(world: World) -> None:
    lines = check(world, code=1)
    assert not_green(lines) == [
        ("records in sight", "Contact", "amber"),
        ("settings", "Microsoft 365 Sync Setting", "red"),
        ("internal domains", "addresses of users and mailboxes", "amber"),
        ("mailbox", "MS Graph User", "amber"),
    ]


def test_exclusions_that_cannot_be_understood(firm: World) -> None:
    # as they come past the validation rules
    user = firm.rows("SELECT User__c FROM MS_Graph_User__c")[0]["User__c"]
    firm.exclusion("Personal Address", "mum", User__c=user, Tombstone_Of__c="a0E000000000002AAA")
    lines = check(firm, code=1)
    assert not_green(lines) == [("exclusions", ADA, "red"), ("mailbox", ADA, "red")]
    firm.exclusion("External Address", "nobody", Tombstone_Of__c="a0E000000000001AAA")
    assert ("exclusions", "MS Graph Exclusion", "red") in not_green(check(firm, code=1))


def test_what_the_org_refuses_to_write_is_named_and_the_rest_is_tried_all_the_same(firm: World) -> None:
    before = everything(firm)
    said = "Every task needs a project."
    firm.control("POST", "rules", {"object": "Task", "when": "Subject != null", "message": said})
    lines = check(firm, code=1)
    assert not_green(lines) == [("rights", "Task", "red")]
    [task] = [line for line in of(lines, "rights") if line["subject"] == "Task"]
    assert said in task["detail"]
    assert {line["subject"] for line in of(lines, "rights")} == WRITTEN
    firm.control("POST", "rules", {"object": "Email__c", "when": "Name != null", "message": "No mail here."})
    lines = check(firm, code=1)
    assert not_green(lines) == [("rights", "Email__c", "red")]  # what hangs on it cannot be tried
    assert {line["subject"] for line in of(lines, "rights")} == {
        "Email__c",
        "MS_Graph_Sync_Event__c",
        "MS_Graph_Exclusion__c",
        "MS_Graph_User__c",
        "MS_Graph_Setting__c",
    }
    assert everything(firm) == before


def test_a_right_that_is_missing(firm: World) -> None:
    firm.control("PATCH", "org", {"auditFieldsEnabled": False})
    [line] = [line for line in check(firm, code=1) if line["status"] == "red"]
    assert line["name"] == "objects and fields"
    assert "may not set the creation date and user" in line["detail"]
    assert "Microsoft_365_Sync_Audit_Fields" in line["remedy"]


def take_from_connector(firm: World, name: str, which: str) -> None:
    [user] = firm.rows("SELECT Id FROM User WHERE Profile.Name = 'Minimum Access - API Only Integrations'")
    for row in firm.rows(f"SELECT Id FROM {name} WHERE AssigneeId = '{user['Id']}' AND {which}"):
        getattr(firm.org, name).delete(row["Id"])


def test_a_permission_set_licence_that_is_missing_is_named(firm: World) -> None:
    take_from_connector(firm, "PermissionSetAssignment", "PermissionSet.Name = 'Microsoft_365_Sync_Integration'")
    assert of(check(firm, code=1), "licence") == []  # it is not why
    take_from_connector(firm, "PermissionSetLicenseAssign", "PermissionSetLicense.DeveloperName != ''")
    [line] = of(check(firm, code=1), "licence")
    assert line["status"] == "red"
    assert "does not hold" in line["detail"]
    assert "Permission Set License Assignments" in line["remedy"]


def test_a_connector_that_may_not_look_for_its_licence_is_told_of_it(firm: World) -> None:
    """Nothing can be assigned to such a user, so it has no View Setup either."""
    take_from_connector(firm, "PermissionSetAssignment", "PermissionSet.Name != ''")
    take_from_connector(firm, "PermissionSetLicenseAssign", "PermissionSetLicense.DeveloperName != ''")
    [line] = of(check(firm, code=1), "licence")
    assert line["status"] == "amber"
    assert "Salesforce API Integration" in line["detail"]


def test_a_frozen_user_is_named(firm: World) -> None:
    [login] = firm.rows(
        "SELECT Id FROM UserLogin WHERE UserId IN "
        "(SELECT Id FROM User WHERE Profile.Name = 'Minimum Access - API Only Integrations')"
    )
    firm.org.UserLogin.update(login["Id"], {"IsFrozen": True})
    [line] = [line for line in of(check(firm, code=1), "sign-in") if line["subject"] == "Salesforce"]
    assert line["status"] == "red"
    assert "Unfreeze" in line["remedy"]
    firm.org.UserLogin.update(login["Id"], {"IsFrozen": False})
    assert not_green(check(firm)) == []


def test_limits_of_the_org(firm: World) -> None:
    firm.control("PATCH", "org", {"dailyApiRequests": 1000, "dailyApiUsed": 850, "dataStorageMB": 100})
    firm.control("PATCH", "org", {"dataStorageUsedMB": 95})
    assert not_green(check(firm)) == [("API calls", "Salesforce", "amber"), ("storage", "Data storage", "amber")]
    firm.control("PATCH", "org", {"dailyApiUsed": 1000})
    assert all(status == "red" for _, subject, status in not_green(check(firm, code=1)) if subject == "Salesforce")


def test_mailboxes_one_by_one(firm: World) -> None:
    firm.adviser("bob")
    firm.adviser("cyd", Active__c=False)
    firm.adviser("dan")
    firm.mailbox("eve", proxyAddresses=[f"SMTP:eve@{DOMAIN}", f"smtp:eva@{DOMAIN}"])
    for name, user in (("eva", firm.user("eve")), ("nobody", firm.user("nobody")), ("fay", None)):
        firm.create("MS_Graph_User__c", Name=name, User_Principal_Name__c=f"{name}@{DOMAIN}", User__c=user)
    firm.control("PATCH", f"mailboxes/bob@{DOMAIN}", {"state": "unlicensed"})
    error = {"error": {"code": "ErrorAccessDenied", "message": "Access is denied."}}
    dan = next(row for row in firm.rows("SELECT Id FROM MS_Graph_User__c WHERE Name = 'Dan'"))
    assert dan
    firm.sync(code=1)
    [graph] = firm.rows("SELECT Graph_User_Id__c FROM MS_Graph_User__c WHERE Name = 'Dan'")
    firm.fault(service="graph", path=f"{graph['Graph_User_Id__c']}/messages", times=0, status=403, body=error, sub=True)
    lines = {line["subject"]: line for line in of(check(firm, code=1), "mailbox")}
    assert {subject.partition("@")[0]: line["status"] for subject, line in lines.items()} == {
        "ada": "green",
        "bob": "red",
        "cyd": "green",
        "dan": "red",
        "eva": "red",
        "nobody": "red",
        "fay": "amber",
    }
    assert "serves no such mailbox" in lines[f"bob@{DOMAIN}"]["detail"]
    assert lines[f"cyd@{DOMAIN}"]["detail"] == "Active is off on this mailbox"
    assert "access policy" in lines[f"dan@{DOMAIN}"]["remedy"]
    assert f"eva@{DOMAIN} is an alias of eve@{DOMAIN}" in lines[f"eva@{DOMAIN}"]["detail"]
    assert "groups and mail contacts have no mailbox" in lines[f"nobody@{DOMAIN}"]["remedy"]
    assert lines[f"fay@{DOMAIN}"]["remedy"] == "Set User on this record."


@pytest.mark.calls
def test_twenty_mailboxes_are_one_request(firm: World) -> None:
    for number in range(22):
        firm.adviser(f"adviser{number}")
    firm.sync()
    firm.control("DELETE", "requests")
    assert not_green(check(firm)) == []
    assert sum(request["path"].endswith("$batch") for request in firm.requests("graph")) == 2
    assert len(firm.requests("graph")) <= 5


def test_what_the_application_may_not_read(firm: World) -> None:
    firm.sync()
    error = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}
    firm.fault(service="graph", path="/v1.0/users\\?", times=0, status=403, body=error)
    firm.fault(service="graph", path="userPurpose", times=0, status=403, body=error)
    lines = check(firm, code=1)
    assert not_green(lines) == [("directory", "Microsoft 365", "red"), ("mailbox settings", "Microsoft 365", "red")]
    assert "User.Read.All" in of(lines, "directory")[0]["remedy"]
    assert "MailboxSettings.Read" in of(lines, "mailbox settings")[0]["remedy"]


def test_domains_of_the_tenant(firm: World) -> None:
    firm.mailbox("office@old-firm.example")
    firm.mailbox("intern@sub.firm.example")
    firm.mailbox("x@firm.onmicrosoft.com")
    firm.mailbox("bob_home.example#EXT#@firm.onmicrosoft.com", mail="bob@home.example", userType="Guest")
    [line] = of(check(firm), "internal domains")
    assert (line["status"], line["detail"]) == ("amber", "No Internal Domain exclusion covers old-firm.example")
    verified = [{"name": "firm.example"}, {"name": "firm.onmicrosoft.com"}, {"name": "third.example"}]
    body = {"value": [{"verifiedDomains": verified}]}
    firm.fault(service="graph", path="/v1.0/organization", times=0, status=200, body=body)
    [line] = of(check(firm), "internal domains")
    assert line["subject"] == "verified domains of the tenant"
    assert line["detail"] == "No Internal Domain exclusion covers third.example"
    firm.internal_domain("third.example")
    assert of(check(firm), "internal domains")[0]["status"] == "green"


def test_internal_domains_that_keep_clients_out(firm: World) -> None:
    firm.client("Rudi", "Reed", "rudi@office.reed.example")
    firm.client("Gus", "Great", "gus@gmail.com")
    for domain in ("reed.example", "gmail.com", "nobody.example"):
        firm.internal_domain(domain)
    found = {line["subject"]: line for line in of(check(firm, code=1), "internal domains")}
    assert set(found) - {"reed.example", "gmail.com"} == {"addresses of users and mailboxes"}
    assert (found["reed.example"]["status"], found["gmail.com"]["status"]) == ("amber", "red")
    assert found["reed.example"]["detail"].startswith("2 Contacts on reed.example: ")
    assert "gmail.com is public mail" in found["gmail.com"]["detail"]
    assert "(1 Contact)" in found["gmail.com"]["detail"]
    for rule in firm.rows("SELECT Id FROM MS_Graph_Exclusion__c WHERE Pattern__c IN ('reed.example', 'gmail.com')"):
        firm.org.MS_Graph_Exclusion__c.update(rule["Id"], {"Active__c": False})
    assert not_green(check(firm)) == []


def test_contacts_on_the_firm_s_own_domain_are_in_order(firm: World) -> None:
    firm.client("Ada", "Herself", ADA)
    assert not_green(check(firm)) == []


def test_a_guest_s_domain_is_not_proposed(firm: World) -> None:
    guest = "rita_reed.example#EXT#@firm.onmicrosoft.com"
    firm.create("MS_Graph_User__c", Name="Rita", Email_Address__c="rita@reed.example", User_Principal_Name__c=guest)
    [line] = of(check(firm), "internal domains")
    assert "reed.example" not in line["detail"]


def test_messages_that_failed_are_counted(firm: World) -> None:
    for number, fields in enumerate(({}, {"Next_Attempt_At__c": "2031-01-01T00:00:00Z"}, {"Status__c": "Resolved"})):
        row = {"Error_Key__c": f"{number:064x}", "Code__c": "X", "Status__c": "Failed", "Attempts__c": 1, **fields}
        firm.create("MS_Graph_Sync_Error__c", **row)
    [line] = of(check(firm), "failed messages")
    assert (line["status"], line["detail"]) == ("amber", "2 messages failed; 1 not tried again by themselves")


def test_a_second_row_of_one_mailbox_is_red_as_a_run_refuses_it(firm: World) -> None:
    identity = firm.mailbox("bob", proxyAddresses=["SMTP:bob@firm.example"])
    user = firm.user("bob")
    for name, fields in (
        ("First", {"User_Principal_Name__c": "bob@firm.example"}),
        ("Second", {"Email_Address__c": "bob@firm.example"}),
    ):
        firm.create("MS_Graph_User__c", Name=name, User__c=user, **fields)
    red = [line for line in check(firm, code=1) if line["status"] == "red"]
    code, _, err = firm.command("sync", "--json")
    assert code == 1
    for line in red:
        assert line["detail"] in " ".join(err.split())
    assert [line["name"] for line in red] == ["mailbox"]
    assert identity


def test_another_tool_that_logs_mail(firm: World) -> None:
    firm.create("Task", Subject="Email: hello", TaskSubtype="Email", Status="Completed")
    assert not_green(check(firm)) == [("other mail loggers", "Task of subtype Email", "amber")]
    firm.create("EmailMessage", Subject="hello", FromAddress="rita@reed.example", ToAddress=ADA, Status="3")
    assert [line[1] for line in not_green(check(firm))] == ["EmailMessage", "Task of subtype Email"]
    firm.advance(days=40)
    assert all(line["status"] == "green" for line in of(check(firm, code=1), "other mail loggers"))


def test_a_certificate_that_ends(firm: World) -> None:
    settings = yaml.safe_load(Path(firm.jwt_config).read_text(encoding="utf-8"))
    org = settings["named_credentials"]["Salesforce"]
    folder = Path(firm.config).parent
    pem = (folder / Path(org["private_key"].removeprefix("file:")).name).read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, RSAPrivateKey)
    own = firm.config
    for days, status in ((400, "green"), (20, "amber"), (-1, "red")):
        both = folder / "with-certificate.pem"
        both.write_bytes(pem + _certificate(key, days))
        org["private_key"] = f"file:{both}"
        config = folder / "certificate.yaml"
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        lines = check(firm, code=int(status == "red"), config=str(config))
        [line] = [line for line in of(lines, "credential") if line["subject"] == "Salesforce"]
        assert line["status"] == status
        assert of(lines, "sign-in")[1]["status"] == "green"
    firm.config = own


def _certificate(key: RSAPrivateKey, days: float) -> bytes:
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "connector")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=500))
    signed = built.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)
