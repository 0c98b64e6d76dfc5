"""dlt's way: its rest_api source with an incremental cursor for each mailbox, and Collections of 200 as destination.

Bodies come in the list. A mail without a client is filtered out between source and destination. Attachments are left
out: a resource for each message would ask once for every mail.
"""

import os
import sys
from pathlib import Path
from typing import Any

import requests
from rows import API, HEADERS, MOST_ROWS, Row, composite, contacts_of, done, job, refused, rows_of


def main() -> None:
    """One run, and what it did."""
    asked = job()
    folder = str(Path(sys.argv[1]).with_name("dlt"))
    os.environ |= {"DLT_DATA_DIR": folder, "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    # Mails are written by four workers, as its documentation advises for destinations that wait.
    os.environ |= {"LOAD__WORKERS": "4", "NORMALIZE__WORKERS": "1", "EXTRACT__WORKERS": "8"}
    import dlt  # after the settings of its environment
    from dlt.sources.rest_api import rest_api_source

    ready = asked["ready"]
    http = session(ready["ca"])
    salesforce = session(ready["ca"])
    salesforce.headers["Authorization"] = f"Bearer {ready['salesforce']['integration']['access_token']}"
    contacts = contacts_of(contact_rows(salesforce, ready["url"]))
    counts = {"listed": 0, "refused": 0}

    def mail(message: Row) -> Row | None:
        counts["listed"] += 1
        rows = rows_of(message, contacts)
        return None if rows is None else {"receivedDateTime": message["receivedDateTime"], "rows": list(rows)}

    @dlt.destination(batch_size=MOST_ROWS, name="salesforce", max_table_nesting=0, naming_convention="direct")
    def collections(items: Any, table: Any) -> None:
        body = composite([tuple(item["rows"]) for item in items])
        answer = salesforce.post(f"{ready['url']}{API}/composite", json=body, timeout=300)
        answer.raise_for_status()
        counts["refused"] += len(refused(answer.json()))

    source = rest_api_source({
        "client": {
            "base_url": f"{ready['url']}/v1.0/",
            "session": http,
            "auth": {"type": "bearer", "token": graph_token(http, ready)},
            "headers": {"Prefer": 'IdType="ImmutableId"'},
            "paginator": {"type": "json_link", "next_url_path": "['@odata.nextLink']"},
        },
        "resources": [resource(upn, number, asked) for number, upn in enumerate(asked["mailboxes"])],
    })  # fmt: skip
    for resource_ in source.resources.values():
        resource_.add_map(mail)
        resource_.add_filter(lambda item: item is not None)
    pipeline = dlt.pipeline("mail", destination=collections, dataset_name="mail", pipelines_dir=folder)
    pipeline.run(source).raise_on_failed_jobs()
    done(**counts)


def resource(upn: str, number: int, asked: Row) -> Row:
    """The messages of one mailbox."""
    return {
        "name": f"mailbox_{number}",
        "table_name": "mail",
        "write_disposition": "append",
        "max_table_nesting": 0,
        "endpoint": {
            "path": f"users/{upn}/messages",
            "params": {
                "$select": f"{HEADERS},body",
                "$filter": "receivedDateTime ge {incremental.start_value}",
                "$orderby": "receivedDateTime",
                "$top": asked["page_size"],
            },
            "data_selector": "value",
            "incremental": {"cursor_path": "receivedDateTime", "initial_value": asked["since"]},
        },
    }


def session(authority: str) -> requests.Session:
    """A session that trusts the sandbox."""
    made = requests.Session()
    made.trust_env = False
    made.verify = authority
    return made


def graph_token(http: requests.Session, ready: Row) -> str:
    """A token of the app."""
    graph = ready["graph"]
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    form |= {"client_id": graph["client_id"], "client_secret": graph["client_secret"]}
    answer = http.post(f"{ready['url']}/{graph['tenant']}/oauth2/v2.0/token", data=form, timeout=60)
    return str(answer.json()["access_token"])


def contact_rows(http: requests.Session, url: str) -> list[Row]:
    """All Contacts that have an address."""
    found: list[Row] = []
    path, parameters = f"{API}/query", {"q": "SELECT Id, AccountId, Email FROM Contact WHERE Email != null"}
    while path:
        page = http.get(f"{url}{path}", params=parameters, timeout=60).json()
        found += page["records"]
        path, parameters = page.get("nextRecordsUrl"), {}
    return found


if __name__ == "__main__":
    main()
