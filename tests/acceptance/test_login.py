"""Signing in: as a person, once, in a browser; and as the application with a certificate. All over real HTTPS."""

import datetime as dt
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from testkit.entra_tenant import certificate, sha1

from tests.support.world import DOMAIN, World, stamp

ADA, OFFICE = f"ada@{DOMAIN}", f"office@{DOMAIN}"
GRAPH = "https://graph.microsoft.com"
SCOPES = ("Mail.Read", "Mail.Read.Shared", "User.Read.All", "MailboxSettings.Read")
#: Opens an address as a browser does.
BROWSER = """
import sys, requests
answer = requests.get(sys.argv[1], verify=sys.argv[2], timeout=60)
sys.exit(answer.status_code != 200)
"""


class Principal:
    """A configuration with identity named_principal, and its command."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.tokens = folder / "tokens.json"
        self.config = folder / "principal.yaml"
        self.settings: dict[str, Any] = yaml.safe_load(Path(world.jwt_config).read_text(encoding="utf-8"))
        home = Path(world.config).parent
        org = self.settings["named_credentials"]["Salesforce"]
        if "private_key" in org:
            org["private_key"] = f"file:{home / Path(org['private_key'].removeprefix('file:')).name}"
        self.settings["tls"] = {"ca_file": world.ready["ca"]}
        self.provider["default_scopes"] = " ".join(["openid offline_access", *(f"{GRAPH}/{name}" for name in SCOPES)])
        self.named["identity"], self.named["token_file"] = "named_principal", str(self.tokens)
        self.save()
        world.config = str(self.config)
        (folder / "browser.py").write_text(BROWSER, encoding="utf-8")

    @property
    def provider(self) -> dict[str, Any]:
        [provider] = self.settings["auth_providers"].values()
        assert isinstance(provider, dict)
        return provider

    @property
    def named(self) -> dict[str, Any]:
        named = self.settings["named_credentials"]["MicrosoftGraphAPI"]
        assert isinstance(named, dict)
        return named

    def save(self) -> None:
        self.config.write_text(yaml.safe_dump(self.settings), encoding="utf-8")

    def login(self, *arguments: str, code: int = 0) -> str:
        """`login` in a process of its own; returns what it printed."""
        browser = f"{sys.executable} {self.folder / 'browser.py'} %s {self.world.ready['ca']} &"
        command = [sys.executable, "-m", "connector", "--config", str(self.config), "login", *arguments]
        done = subprocess.run(
            command, env={**os.environ, "BROWSER": browser}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def principal(firm: World, tmp_path: Path) -> Iterator[Principal]:
    """Ada's firm, read as Ada."""
    firm.control("PATCH", f"apps/{firm.ready['graph']['client_id']}", {"scopes": list(SCOPES)})
    own = firm.config
    yield Principal(firm, tmp_path)
    firm.config = own


def error(world: World, *, code: int = 3) -> dict[str, Any]:
    got, answer, err = world.command("sync", "--json")
    assert got == code, (got, answer, err)
    assert answer is not None
    found: dict[str, Any] = answer["error"]
    return found


def test_a_person_signs_in_once_and_mail_is_read_as_that_person(principal: Principal) -> None:
    world = principal.world
    assert "m365sync login" in error(world)["remedy"]
    told = principal.login("--user", ADA)
    assert f"Signed in as {ADA}" in told
    assert stat.S_IMODE(principal.tokens.stat().st_mode) == 0o600
    world.mailbox("office", userPurpose="shared", fullAccess=[ADA])
    world.mailbox("bob")
    for name in ("office", "bob"):
        user = world.user(name)
        world.create("MS_Graph_User__c", Name=name, User_Principal_Name__c=f"{name}@{DOMAIN}", User__c=user)
    for owner in (ADA, OFFICE):
        world.message(owner, subject=owner, toRecipients=[owner], **{"from": "rita@reed.example"})
    report = world.sync(code=1)
    assert report["mailboxes"] == {"read": 2, "failed": 1, "not_linked": 0}  # nobody gave Ada Bob's mail
    assert sorted(row["Subject__c"] for row in world.rows("SELECT Subject__c FROM Email__c")) == [ADA, OFFICE]
    lines = world.command("check", "--json")[1]
    assert lines is not None
    signed = [line for line in lines["checks"] if line["name"] == "sign-in"]
    assert [line["status"] for line in signed] == ["green", "green"]
    status = {line["subject"]: line["status"] for line in lines["checks"] if line["name"] in ("credential", "mailbox")}
    assert status["Microsoft 365 named principal"] == "green"
    assert [status[name] for name in (ADA, OFFICE, f"bob@{DOMAIN}")] == ["green", "green", "red"]
    kinds = {
        row["Name"]: row["Mailbox_Type__c"] for row in world.rows("SELECT Name, Mailbox_Type__c FROM MS_Graph_User__c")
    }
    assert kinds["Ada"] == "Personal"
    old = (dt.datetime.now(dt.UTC) - dt.timedelta(days=70)).timestamp()
    os.utime(principal.tokens, (old, old))
    lines = world.command("check", "--json")[1]
    assert lines is not None
    [line] = [line for line in lines["checks"] if line["subject"] == "Microsoft 365 named principal"]
    assert line["status"] == "amber"


@pytest.mark.slow
def test_a_refresh_token_is_replaced_and_one_that_was_revoked_asks_for_a_person(principal: Principal) -> None:
    world = principal.world
    principal.login("--user", ADA)
    first = principal.tokens.read_text(encoding="utf-8")
    world.sync()
    assert principal.tokens.read_text(encoding="utf-8") == first  # its access token is still good
    body = {"error": {"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed."}}
    world.fault(service="graph", path="/v1.0/", status=401, body=body)
    world.sync()
    assert principal.tokens.read_text(encoding="utf-8") != first
    assert stat.S_IMODE(principal.tokens.stat().st_mode) == 0o600
    soon = stamp(world.now() + timedelta(hours=1))
    world.control("PATCH", f"mailboxes/{ADA}", {"signInSessionsValidFromDateTime": soon})
    world.fault(service="graph", path="/v1.0/", status=401, body=body)
    found = error(world)
    assert found["code"] == "SIGN_IN"
    assert found["remedy"] == "Type m365sync login."
    world.control("PATCH", f"mailboxes/{ADA}", {"signInSessionsValidFromDateTime": "2020-01-01T00:00:00Z"})
    principal.login("--user", ADA)
    world.sync()


def test_a_public_app_has_no_secret(principal: Principal) -> None:
    world = principal.world
    made = world.control("POST", "apps", {"public": True, "scopes": list(SCOPES)})
    principal.provider["consumer_key"] = made["client_id"]
    del principal.provider["consumer_secret"]
    principal.save()
    principal.login()
    world.sync()


def test_a_person_who_may_not_read_the_directory_reads_the_own_mail(principal: Principal) -> None:
    world = principal.world
    principal.provider["default_scopes"] = f"openid offline_access {GRAPH}/Mail.Read {GRAPH}/Mail.Read.Shared"
    principal.save()
    principal.login("--user", ADA)
    world.mailbox("office", userPurpose="shared", fullAccess=[ADA])
    user = world.user("office")
    world.create("MS_Graph_User__c", Name="Office", User_Principal_Name__c=OFFICE, User__c=user)
    world.message(ADA, subject=ADA, toRecipients=[ADA], **{"from": "rita@reed.example"})
    report = world.sync(code=1)
    assert (report["emails"], report["mailboxes"]) == (1, {"read": 1, "failed": 1, "not_linked": 0})
    [office] = world.rows("SELECT Status__c, Status_Detail__c FROM MS_Graph_User__c WHERE Name = 'Office'")
    assert office["Status__c"] == "Failing"
    assert "fill in Graph User Id" in office["Status_Detail__c"]
    answer = world.command("check", "--json")[1]
    assert answer is not None
    [line] = [line for line in answer["checks"] if line["name"] == "directory"]
    assert line["status"] == "amber"


@pytest.mark.slow
def test_what_login_refuses(principal: Principal) -> None:
    world = principal.world
    assert "Nobody signed in within the time" in principal.login("--no-browser", "--minutes", "0.01", code=3)
    world.fault(service="entra", path="oauth2/v2.0/token", status=400, body=_refusal("invalid_grant"))
    assert "Microsoft Entra refused the sign-in" in principal.login(code=3)
    assert not principal.tokens.exists()
    principal.tokens.write_text("{}", encoding="utf-8")
    principal.tokens.chmod(0o644)
    assert "chmod 600" in error(world, code=2)["remedy"]
    principal.tokens.chmod(0o600)
    assert "Nobody has signed in" in error(world)["message"]
    principal.tokens.write_text("{", encoding="utf-8")
    assert "damaged" in error(world)["message"]
    principal.named["identity"] = "application"
    del principal.named["token_file"]
    principal.save()
    assert "signs in by itself" in principal.login(code=2)


def _refusal(kind: str) -> dict[str, Any]:
    return {"error": kind, "error_description": "AADSTS70008: The code has expired.", "error_codes": [70008]}


def test_the_application_with_a_certificate(firm: World, tmp_path: Path) -> None:
    private, public = certificate()
    firm.control("PATCH", f"apps/{firm.ready['graph']['client_id']}", {"certificates": [public]})
    own = firm.config
    settings = yaml.safe_load(Path(own).read_text(encoding="utf-8"))
    [provider] = settings["auth_providers"].values()
    del provider["consumer_secret"]
    key = tmp_path / "graph.pem"
    key.write_text(private + public, encoding="utf-8")
    digits = sha1(public).upper()
    thumbprint = ":".join(digits[at : at + 2] for at in range(0, 40, 2))
    provider["certificate"] = {"private_key": f"file:{key}", "thumbprint": thumbprint}
    config = Path(own).with_name("certificate-of-the-app.yaml")
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    firm.config = str(config)
    firm.message(ADA, toRecipients=[ADA], **{"from": "rita@reed.example"})
    assert firm.sync()["emails"] == 1
    answer = firm.command("check", "--json")[1]
    assert answer is not None
    [line] = [line for line in answer["checks"] if (line["name"], line["subject"]) == ("credential", "Microsoft 365")]
    assert line["detail"].startswith("The certificate ends on ")
    firm.config = own
