"""Looks on while a Graph sandbox answers, in this process: every answer is checked at once, and nothing is changed.

What is wrong is written to a file of the run's folder when it happens, what was seen when the process ends: a sandbox
that is killed takes only its counts with it.
"""

import atexit
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from m365sandbox.wire import Request, Response

from testkit.csdl.answers import Asked, check_answer
from testkit.csdl.values import Checker

#: The environment variable that names the run's folder, and so makes a process watch.
FOLDER = "GRAPH_SCHEMA_FOLDER"
_FILE_CONTENT = re.compile(rb"[A-Za-z0-9+/]{1000,}={0,2}")
_MOST_PROBLEMS = 200


class Watch:
    """What this process has checked so far."""

    def __init__(self, folder: Path) -> None:
        self.checker = Checker()
        self._folder = folder
        self._answers = 0
        self._told: set[str] = set()

    def handle(self, handle: Callable[[Request], Response], request: Request) -> Response:
        """Let the service answer, and look at the answer when it has been read to its end."""
        planted: set[str] = set()

        def sub_fault(method: str, *urls: str) -> Response | None:
            answer = request.sub_fault(method, *urls)
            if answer is not None:
                planted.update(f"{method} {url}" for url in urls)
            return answer

        response = handle(replace(request, sub_fault=sub_fault))
        if isinstance(response.body, bytes):
            self._see(request, response, response.body, planted)
        else:
            response.body = self._read_along(request, response, response.body, planted)
        return response

    def _read_along(
        self, request: Request, response: Response, body: Iterator[bytes], planted: set[str]
    ) -> Iterator[bytes]:
        """The same pieces. Large files are left out of what is looked at once they are known to be base64."""
        is_json = "json" in response.headers.get("Content-Type", "")
        kept: list[bytes] = []
        for piece in body:
            if not is_json:
                kept = [b"raw"]
            elif _FILE_CONTENT.fullmatch(piece) is None:
                kept.append(piece)
            yield piece
        self._see(request, response, b"".join(kept), planted)

    def _see(self, request: Request, response: Response, body: bytes, planted: set[str]) -> None:
        self._answers += 1
        asked = Asked(
            method=request.method,
            path=request.raw_path or request.path,
            options={name.lower().removeprefix("$"): value for name, value in request.query},
            body=_without(request.body, planted) if _is_batch(request) else b"",
        )
        if planted:
            body = _answers_to(asked.body, body)
        try:
            check_answer(self.checker, asked, response.status, response.headers, body)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:  # it is so wrong that it cannot be looked at
            self.checker.problems.append(f"answer: {type(exc).__name__} {exc} in {body[:200]!r}")
        for problem in self.checker.problems:
            self._tell(f"{problem} ({asked} answered {response.status})", problem)
        self.checker.problems.clear()

    def _tell(self, text: str, problem: str) -> None:
        """Write it down, once for each kind of problem."""
        kind = re.sub(r"\(.*|\[GET[^\]]*\]", "", problem)
        if kind in self._told or len(self._told) >= _MOST_PROBLEMS:
            return
        self._told.add(kind)
        where = os.environ.get("PYTEST_CURRENT_TEST", "")
        with (self._folder / f"problems-{os.getpid()}.txt").open("a", encoding="utf-8") as file:
            file.write(f"{text}{f', in {where}' if where else ''}\n")

    def save(self) -> None:
        """Write down what has been seen, while the run's folder is there."""
        if not self._folder.is_dir():
            return
        seen = {
            "answers": self._answers,
            "types": dict(self.checker.seen.types),
            "members": sorted(self.checker.seen.members),
        }
        (self._folder / f"seen-{os.getpid()}.json").write_text(json.dumps(seen), encoding="utf-8")


def _is_batch(request: Request) -> bool:
    return request.path.rstrip("/").lower() == "/v1.0/$batch"


def _without(body: bytes, planted: set[str]) -> bytes:
    """A batch without the requests that a planted fault answered: those answers are the test's own."""
    if not planted:
        return body
    sent = json.loads(body)
    sent["requests"] = [item for item in sent["requests"] if f"{item['method'].upper()} {item['url']}" not in planted]
    return json.dumps(sent).encode()


def _answers_to(batch: bytes, body: bytes) -> bytes:
    left = {item["id"] for item in json.loads(batch)["requests"]}
    value = json.loads(body)
    value["responses"] = [item for item in value["responses"] if item["id"] in left]
    return json.dumps(value).encode()


_WATCH: Watch | None = None


def watch(service: Any) -> Watch | None:
    """Watch every Graph sandbox of this process from now on, if a run asks for it. `service` is its module."""
    global _WATCH
    folder = os.environ.get(FOLDER)
    if folder is None or _WATCH is not None:
        return _WATCH
    current = _WATCH = Watch(Path(folder))
    answered = service.GraphSandbox.handle

    def handle(self: Any, request: Request) -> Response:
        return current.handle(lambda asked: answered(self, asked), request)

    service.GraphSandbox.handle = handle
    atexit.register(current.save)
    return current


def save() -> None:
    """Write down what this process has seen so far, if it watches."""
    if _WATCH is not None:
        _WATCH.save()
