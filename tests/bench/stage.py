"""The same state for each run: a sandbox's folder, filled once and copied; and what should be stored in the end."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

#: What `--latency` is for each kind of surroundings.
PROFILES = {"lan": "80,120,0.4", "wire": "80,120,0.4,1,100", "slow-org": "120,200,5,1,50"}
_API = "/services/data/v66.0"
_MEMBERS = ("from", "toRecipients", "ccRecipients")
_BACKFILL = timedelta(days=183)


@dataclass(frozen=True, kw_only=True)
class Firm:
    """How large a generated firm is. `messages` lie in each mailbox, about."""

    mailboxes: int = 20
    messages: int = 500
    contacts: int = 2_000
    seed: int = 1

    @property
    def options(self) -> list[str]:
        """What `sandbox up` is asked."""
        size = {"mailboxes": self.mailboxes, "messages": self.mailboxes * self.messages}
        size |= {"contacts": self.contacts, "seed": self.seed}
        return ["--firm", "large", *(part for name, value in size.items() for part in (f"--{name}", str(value)))]


class Sandbox:
    """A running sandbox, asked as its administrator or as its app would."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.url: str = ready["url"]
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = ready["ca"]
        self._org = {"Authorization": f"Bearer {ready['salesforce']['admin']['access_token']}"}

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """A query to its end."""
        found: list[dict[str, Any]] = []
        path, parameters = f"{_API}/query", {"q": soql}
        while path:
            answer = self.http.get(f"{self.url}{path}", params=parameters, headers=self._org, timeout=300)
            answer.raise_for_status()
            page = answer.json()
            found += page["records"]
            path, parameters = page.get("nextRecordsUrl"), {}
        return found

    def count(self, name: str) -> int:
        """How many rows an object has."""
        answer = self.http.get(
            f"{self.url}{_API}/query", params={"q": f"SELECT COUNT() FROM {name}"}, headers=self._org, timeout=300
        )
        return int(answer.json()["totalSize"])

    def create(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Rows, 200 at a time."""
        for at in range(0, len(rows), 200):
            records = [{"attributes": {"type": name}, **row} for row in rows[at : at + 200]]
            answer = self.http.post(
                f"{self.url}{_API}/composite/sobjects", json={"records": records}, headers=self._org, timeout=300
            )
            if not all(result["success"] for result in answer.json()):
                raise RuntimeError(f"{name} was refused: {answer.text[:300]}")

    def settings(self, **fields: Any) -> None:
        """Change the settings record."""
        (row,) = self.rows("SELECT Id FROM MS_Graph_Setting__c")
        url = f"{self.url}{_API}/sobjects/MS_Graph_Setting__c/{row['Id']}"
        self.http.patch(url, json=fields, headers=self._org, timeout=60).raise_for_status()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The control API."""
        answer = self.http.request(method, f"{self.url}/sandbox/{path}", json=body, timeout=300)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def messages(self, upn: str, token: str) -> Iterator[dict[str, Any]]:
        """The headers of a mailbox, oldest first."""
        url = f"{self.url}/v1.0/users/{upn}/messages"
        select = "id,internetMessageId,isDraft,receivedDateTime,hasAttachments,from,toRecipients,ccRecipients"
        parameters = {"$top": "1000", "$orderby": "receivedDateTime", "$select": select}
        while url:
            page = self.http.get(
                url, params=parameters, headers={"Authorization": f"Bearer {token}"}, timeout=300
            ).json()
            yield from page["value"]
            url, parameters = page.get("@odata.nextLink", ""), {}

    def token(self) -> str:
        """A token of the app."""
        graph = self.ready["graph"]
        form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
        form |= {"client_id": graph["client_id"], "client_secret": graph["client_secret"]}
        answer = self.http.post(f"{self.url}/{graph['tenant']}/oauth2/v2.0/token", data=form, timeout=60)
        return str(answer.json()["access_token"])


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Sandbox]:
    """`sandbox up --dir FOLDER OPTIONS` while the block runs."""
    command = [sys.executable, "-m", "m365sandbox", "up", "--dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the sandbox did not start: see its error above")
            sandbox = Sandbox(json.loads(line))
            yield sandbox
            sandbox.http.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@dataclass(kw_only=True)
class Stage:
    """A filled folder, and what belongs on client records: the Message-IDs of mail that a client takes part in."""

    folder: Path
    mailboxes: list[str] = field(default_factory=list)
    since: str = ""
    listed: int = 0
    #: by mailbox, in order of time: Message-ID of each message, and whether a client takes part
    seen: list[list[tuple[str, bool]]] = field(default_factory=list)

    def expected(self, limit: int | None) -> set[str]:
        """The Message-IDs to be stored; with a limit, of so many messages of the first mailbox."""
        found = self.seen if limit is None else [self.seen[0][:limit]]
        return {name for mailbox in found for name, is_clients in mailbox if is_clients}

    def count(self, limit: int | None) -> int:
        """How many messages are listed."""
        return self.listed if limit is None else min(limit, len(self.seen[0]))

    @contextmanager
    def copy(self, target: Path, latency: str) -> Iterator[Sandbox]:
        """A sandbox in the state of this folder."""
        shutil.copytree(self.folder, target)
        try:
            with serving(target, "--latency", latency) as sandbox:
                yield sandbox
        finally:
            shutil.rmtree(target)


def prepared(
    folder: Path, firm: Firm, *, attachments: bool, more: Callable[[Sandbox], None] = lambda _sandbox: None
) -> Stage:
    """Fill a folder. Unmatched mail is not kept, so that what is stored is the clients' mail and nothing else.

    `more` puts in what a generated firm has not.
    """
    with serving(folder, *firm.options) as sandbox:
        sandbox.settings(Keep_Unmatched__c=False, **({} if attachments else {"Attachment_Max_MB__c": 0}))
        more(sandbox)
        return watched(folder, sandbox)


def watched(folder: Path, sandbox: Sandbox) -> Stage:
    """The stage that a sandbox without latency is, judged by its own two services."""
    since = (datetime.now(UTC) - _BACKFILL).strftime("%Y-%m-%dT%H:%M:%SZ")
    stage = Stage(folder=folder, since=since)
    clients = {row["Email"].lower() for row in sandbox.rows("SELECT Email FROM Contact WHERE Email != null")}
    rows = sandbox.rows("SELECT User_Principal_Name__c FROM MS_Graph_User__c ORDER BY User_Principal_Name__c")
    stage.mailboxes = [row["User_Principal_Name__c"] for row in rows]
    token = sandbox.token()
    for upn in stage.mailboxes:
        found = list(sandbox.messages(upn, token))
        stage.listed += len(found)
        stage.seen.append([(str(one["internetMessageId"]), _is_clients(one, clients)) for one in found])
    return stage


def _is_clients(message: dict[str, Any], clients: set[str]) -> bool:
    if message["isDraft"]:
        return False
    values = [message[member] for member in _MEMBERS]
    people = [person for value in values for person in (value if isinstance(value, list) else [value])]
    return any(person["emailAddress"]["address"].lower() in clients for person in people)
