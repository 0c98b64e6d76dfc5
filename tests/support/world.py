"""A firm for a test: the sandbox's control API, the org as its admin sees it, and the commands."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import requests
import yaml
from simple_salesforce.api import Salesforce

from connector.cli.app import run
from tests.support.logs import log_lines, told_too_much

DOMAIN = "firm.example"
SYNC_USER = "Microsoft_365_Sync_User"


class World:
    """One running sandbox. Everything goes over its HTTPS port, as from outside."""

    def __init__(self, ready: dict[str, Any], capture: pytest.CaptureFixture[str] | None = None) -> None:
        self.ready = ready
        self.url: str = ready["url"]
        #: The sandbox's own configuration, but for the time that is spent on trying again.
        self.jwt_config = _impatient(Path(ready["config"]))
        #: The same without a private key, each load of which takes the time of ten requests.
        self.config = _without_key(Path(self.jwt_config), ready["salesforce"])
        self._capture = capture
        #: what no log line may hold, and the names that it may: those of mailboxes
        self.private: set[str] = set()
        self.mailboxes: set[str] = set()
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = ready["ca"]
        self.org = Salesforce(
            instance_url=self.url,
            session_id=ready["salesforce"]["admin"]["access_token"],
            session=self._http,
            version="66.0",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # -- the sandbox's control API ----------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        """One call of the control API. Raises where it refuses."""
        if body is not None:
            how["json"] = body
        answer = self._http.request(method, f"{self.url}/sandbox/{path}", timeout=60, **how)
        assert answer.status_code < 300, f"{method} /sandbox/{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def reset(self) -> None:
        """The state right after `up`; no faults, an empty request log."""
        self.control("POST", "reset")
        self.control("DELETE", "requests")

    def now(self) -> datetime:
        """The clock of both services."""
        return datetime.fromisoformat(self.control("POST", "clock", {"advance_seconds": 0})["now"])

    def ago(self, **how: float) -> datetime:
        """A whole second before now."""
        return (self.now() - timedelta(**how)).replace(microsecond=0)

    def advance(self, **how: float) -> None:
        """Move the clock of both services on."""
        self.control("POST", "clock", {"advance_seconds": timedelta(**how).total_seconds()})

    def advance_to_noon(self) -> None:
        """Move the clock on to noon in UTC: what a test does in an hour or two is then done on one day of the org."""
        now = self.now()
        noon = now.replace(hour=12, minute=0, second=0)
        self.advance(seconds=((noon - now) % timedelta(days=1)).total_seconds())

    def fault(self, **fault: Any) -> str:
        """Plant a fault."""
        identity: str = self.control("POST", "faults", fault)["id"]
        return identity

    def requests(self, service: str | None = None) -> list[dict[str, Any]]:
        """The requests so far."""
        path = f"requests?service={service}" if service else "requests"
        found: list[dict[str, Any]] = self.control("GET", path)["requests"]
        return found

    def mailbox(self, name: str, **fields: Any) -> str:
        """A mailbox in the tenant: name@firm.example. Returns its Graph id."""
        upn = name if "@" in name else f"{name}@{DOMAIN}"
        body = {"userPrincipalName": upn, "displayName": name.title(), "mail": upn, **fields}
        self.mailboxes |= {upn, body["userPrincipalName"]}
        identity: str = self.control("POST", "mailboxes", body)["id"]
        return identity

    def message(
        self, owner: str, *, received: datetime | None = None, folder: str = "inbox", **members: Any
    ) -> dict[str, str]:
        """A message in a mailbox; `members` as Graph names them, addresses as plain strings."""
        upn = owner if "@" in owner else f"{owner}@{DOMAIN}"
        received = received or self.ago(days=1)
        body: dict[str, Any] = {
            "subject": "A subject",
            "sentDateTime": stamp(received),
            "body": {"contentType": "html", "content": "<p>Dear client</p>"},
            **{name: _recipients(name, value) for name, value in members.items()},
        }
        self.private |= {str(body["subject"]), *_texts_of(body)}
        query = f"received={stamp(received)}&folder={folder}"
        answer: dict[str, str] = self.control("POST", f"mailboxes/{upn}/messages?{query}", body)
        return answer

    # -- the org ----------------------------------------------------------------------------------------------------

    def create(self, sobject: str, **fields: Any) -> str:
        """A row, as the admin makes it."""
        if sobject == "MS_Graph_User__c":
            self.mailboxes |= {str(fields.get(name)) for name in ("User_Principal_Name__c", "Email_Address__c")}
        identity: str = getattr(self.org, sobject).create(fields)["id"]
        return identity

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """A query as the admin, to its end."""
        found: list[dict[str, Any]] = self.org.query_all(soql)["records"]
        return found

    def settings(self, **fields: Any) -> str:
        """The settings record: active, unless told otherwise, and with one month of backfill, which is read sooner."""
        return self.create(
            "MS_Graph_Setting__c", **{"Name": "Default", "Active__c": True, "Backfill_Months__c": 1, **fields}
        )

    def backfill_months(self, months: int) -> None:
        """How far back mailboxes are read that are not begun yet."""
        [setting] = self.rows("SELECT Id FROM MS_Graph_Setting__c")
        self.org.MS_Graph_Setting__c.update(setting["Id"], {"Backfill_Months__c": months})

    def internal_domain(self, domain: str = DOMAIN) -> str:
        """An Internal Domain."""
        return self.exclusion("Internal Domain", domain)

    def exclusion(self, kind: str, pattern: str, **fields: Any) -> str:
        """An exclusion."""
        return self.create("MS_Graph_Exclusion__c", Type__c=kind, Pattern__c=pattern, **fields)

    def user(self, name: str, *, permission_sets: Sequence[str] = (SYNC_USER,), **fields: Any) -> str:
        """A Salesforce user. Returns its id."""
        body = {
            "username": f"{name}@{DOMAIN}.org",
            "name": name.title(),
            "email": f"{name}@{DOMAIN}",
            "permissionSets": list(permission_sets),
            **fields,
        }
        identity: str = self.control("POST", "users", body)["id"]
        return identity

    def adviser(self, name: str, **fields: Any) -> tuple[str, str]:
        """A user with a mailbox and a linked MS_Graph_User__c row. Returns the ids of user and row."""
        self.mailbox(name)
        user = self.user(name)
        row = self.create(
            "MS_Graph_User__c",
            **{
                "Name": name.title(),
                "Email_Address__c": f"{name}@{DOMAIN}",
                "User_Principal_Name__c": f"{name}@{DOMAIN}",
                "User__c": user,
                **fields,
            },
        )
        return user, row

    def client(self, first: str, last: str, email: str, *, account: str | None = None) -> str:
        """A Contact."""
        return self.create("Contact", FirstName=first, LastName=last, Email=email, AccountId=account)

    # -- the commands -----------------------------------------------------------------------------------------------

    def command(self, *arguments: str) -> tuple[int, dict[str, Any] | None, str]:
        """One command in this process: exit code, the JSON object of its last line (with --json), standard error."""
        assert self._capture is not None
        self._capture.readouterr()
        code = run(["--config", self.config, *arguments])
        written = self._capture.readouterr()
        self.check_log(written.err)
        lines = written.out.strip().splitlines()
        return code, json.loads(lines[-1]) if "--json" in arguments and lines else None, written.err

    def check_log(self, text: str) -> None:
        """Nothing of a mail, no address but a mailbox's, no secret stands in these log lines (docs/security.md)."""
        secrets = {self.ready["graph"]["client_secret"], self.ready["salesforce"]["client_secret"]}
        assert told_too_much(log_lines(text), mailboxes=self.mailboxes, private=self.private | secrets) == []

    def sync(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """`sync --json`, which ends with `code`."""
        got, report, err = self.command("sync", "--json", *arguments)
        assert got == code, f"exit {got}: {report} {err}"
        assert report is not None
        return report


def _impatient(config: Path) -> str:
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["http"] = {**settings.get("http", {}), "max_attempts": 2}
    file = config.with_name("impatient.yaml")
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(file)


def _without_key(config: Path, org: dict[str, Any]) -> str:
    secret = config.with_name("consumer-secret")
    secret.touch(mode=0o600)
    secret.write_text(org["client_secret"], encoding="utf-8")
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))
    settings["named_credentials"]["Salesforce"] = {
        "url": settings["named_credentials"]["Salesforce"]["url"],
        "flow": "client_credentials",
        "consumer_key": org["client_id"],
        "consumer_secret": f"file:{secret}",
    }
    file = config.with_name("connector-without-key.yaml")
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(file)


def stamp(instant: datetime) -> str:
    """A time for Graph or SOQL."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _texts_of(message: dict[str, Any]) -> set[str]:
    """The body of a planted message without its markup, and the names of its files."""
    body = message.get("body") or {}
    text = re.sub(r"<[^>]*>", "\n", str(body.get("content") or ""))
    files = {str(each.get("name")) for each in message.get("attachments") or ()}
    return {line.strip() for line in text.splitlines()} | files


def _recipients(name: str, value: Any) -> Any:
    if name in ("from", "sender") and isinstance(value, str):
        return {"emailAddress": {"name": "", "address": value}}
    if name.endswith("Recipients"):
        return [{"emailAddress": {"name": "", "address": item}} if isinstance(item, str) else item for item in value]
    return value
