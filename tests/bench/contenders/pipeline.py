"""The pipeline way: an afternoon with asyncio. Bodies come in the list, Contacts are loaded once, four writers fill
Composites of three Collections.

A reader for each mailbox follows the links of one list; the queue between readers and writers holds some pages.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from rows import (
    API,
    HEADERS,
    MOST_ROWS,
    Contacts,
    Row,
    collection,
    composite,
    contacts_of,
    done,
    file_row,
    is_document,
    job,
    refused,
    rows_of,
)

WRITERS = 4
#: Characters of JSON in one request.
MOST_SIZE = 8_000_000
#: Graph allows four requests of a mailbox at a time; one of them is the list's.
FILES_AT_ONCE = 3


class Pipeline:
    """One run."""

    def __init__(self, asked: Row, http: aiohttp.ClientSession) -> None:
        self.asked, self.http = asked, http
        self.ready: Row = asked["ready"]
        self.url: str = self.ready["url"]
        self.contacts: Contacts = {}
        self.graph: Row = {}
        self.mails: asyncio.Queue[Any] = asyncio.Queue(2_000)
        self.files: asyncio.Queue[Any] = asyncio.Queue(64)
        self.seen: set[str] = set()
        self.counts = {"listed": 0, "files": 0}
        self.refusals: list[str] = []
        self.salesforce = {"Authorization": f"Bearer {self.ready['salesforce']['integration']['access_token']}"}

    async def run(self) -> None:
        """Read, match, write."""
        await self._sign_in()
        soql = "SELECT Id, AccountId, Email FROM Contact WHERE Email != null"
        self.contacts = contacts_of([record async for record in self._query(soql)])
        places = {upn: asyncio.Semaphore(FILES_AT_ONCE) for upn in self.asked["mailboxes"]}
        async with asyncio.TaskGroup() as uploads:
            for _ in range(WRITERS):
                uploads.create_task(self._upload())
            async with asyncio.TaskGroup() as downloads, asyncio.TaskGroup() as writers:
                for _ in range(WRITERS):
                    writers.create_task(self._write(downloads, places))
                async with asyncio.TaskGroup() as readers:
                    for upn in self.asked["mailboxes"]:
                        readers.create_task(self._read(upn))
                for _ in range(WRITERS):
                    await self.mails.put(None)
            for _ in range(WRITERS):
                await self.files.put(None)

    async def _sign_in(self) -> None:
        graph = self.ready["graph"]
        form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
        form |= {"client_id": graph["client_id"], "client_secret": graph["client_secret"]}
        async with self.http.post(f"{self.url}/{graph['tenant']}/oauth2/v2.0/token", data=form) as answer:
            token = (await answer.json())["access_token"]
        self.graph = {"Authorization": f"Bearer {token}", "Prefer": 'IdType="ImmutableId"'}

    async def _query(self, soql: str) -> AsyncIterator[Row]:
        url: str | None = f"{API}/query"
        parameters: Row | None = {"q": soql}
        while url:
            page = await self._get(f"{self.url}{url}", self.salesforce, parameters)
            for record in page["records"]:
                yield record
            url, parameters = page.get("nextRecordsUrl"), None

    async def _get(self, url: str, headers: Row, parameters: Row | None = None) -> Row:
        for attempt in range(5):
            async with self.http.get(url, headers=headers, params=parameters) as answer:
                if answer.status not in (429, 503, 504):
                    answer.raise_for_status()
                    found: Row = await answer.json()
                    return found
                await asyncio.sleep(float(answer.headers.get("Retry-After", 2**attempt)))
        raise RuntimeError(f"{url} was refused five times")

    async def _read(self, upn: str) -> None:
        parameters: Row | None = {
            "$select": f"{HEADERS},body",
            "$filter": f"receivedDateTime ge {self.asked['since']}",
            "$orderby": "receivedDateTime",
            "$top": str(self.asked["page_size"]),
        }
        url = f"{self.url}/v1.0/users/{upn}/messages"
        while url:
            page = await self._get(url, self.graph, parameters)
            self.counts["listed"] += len(page["value"])
            for message in page["value"]:
                rows = rows_of(message, self.contacts)
                if rows and message["internetMessageId"] not in self.seen:
                    self.seen.add(message["internetMessageId"])
                    wanted = self.asked["attachments"] and message["hasAttachments"]
                    await self.mails.put((rows, (upn, message["id"]) if wanted else None))
            url, parameters = page.get("@odata.nextLink", ""), None

    async def _write(self, downloads: asyncio.TaskGroup, places: dict[str, asyncio.Semaphore]) -> None:
        batch: list[Any] = []
        size = 0
        while (mail := await self.mails.get()) is not None:
            rows = mail[0]
            children = sum(len(one[0][1]) for one in batch) + len(rows[1])
            if len(batch) == MOST_ROWS or children > 2 * MOST_ROWS or size > MOST_SIZE:
                await self._send(batch, downloads, places)
                batch, size = [], 0
            batch.append(mail)
            size += len(rows[0]["Body__c"]) + 2_000
        if batch:
            await self._send(batch, downloads, places)

    async def _send(self, batch: list[Any], downloads: asyncio.TaskGroup, places: dict[str, asyncio.Semaphore]) -> None:
        answer = await self._post("composite", composite([rows for rows, _ in batch]))
        self.refusals += refused(answer)
        emails = answer["compositeResponse"][0]["body"]
        for (_, source), email in zip(batch, emails, strict=True):
            if source is not None and email.get("success"):
                downloads.create_task(self._download(*source, email["id"], places[source[0]]))

    async def _post(self, path: str, body: Row) -> Any:
        async with self.http.post(f"{self.url}{API}/{path}", json=body, headers=self.salesforce) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _download(self, upn: str, message: str, email: str, place: asyncio.Semaphore) -> None:
        async with place:
            page = await self._get(f"{self.url}/v1.0/users/{upn}/messages/{message}/attachments", self.graph)
            for attachment in filter(is_document, page["value"]):
                await self.files.put(file_row(attachment, email))

    async def _upload(self) -> None:
        rows: list[Row] = []
        while (row := await self.files.get()) is not None:
            rows.append(row)
            if self.files.empty() or sum(len(one["VersionData"]) for one in rows) > MOST_SIZE:
                await self._send_files(rows)
                rows = []
        if rows:
            await self._send_files(rows)

    async def _send_files(self, rows: list[Row]) -> None:
        results = await self._post("composite/sobjects", collection("ContentVersion", rows)["body"])
        self.counts["files"] += sum(result["success"] for result in results)
        self.refusals += [str(result["errors"]) for result in results if not result["success"]]


async def main() -> None:
    """One run, and what it did."""
    asked = job()
    context = ssl.create_default_context(cafile=asked["ready"]["ca"])
    connector = aiohttp.TCPConnector(limit=64, ssl=context)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600)) as http:
        pipeline = Pipeline(asked, http)
        await pipeline.run()
    done(**pipeline.counts, refused=len(pipeline.refusals), first_refusals=pipeline.refusals[:3])


if __name__ == "__main__":
    asyncio.run(main())
