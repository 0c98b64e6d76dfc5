"""The watch on the sandbox's answers: it changes nothing, reads along, and a wrong answer ends the run badly."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from m365sandbox.wire import Request, Response
from testkit.csdl.session import problems
from testkit.csdl.watch import FOLDER, Watch

ROOT = Path(__file__).parents[2]
JSON = {"Content-Type": "application/json"}
REQUEST = Request(method="GET", path="/v1.0/users/x", raw_path="/v1.0/users/x")
WRONG = b'{"error":{"code":"X"}}'


def watched(tmp_path: Path, response: Response, request: Request = REQUEST) -> tuple[Response, list[str]]:
    answer = Watch(tmp_path).handle(lambda _: response, request)
    if not isinstance(answer.body, bytes):
        answer.body = b"".join(answer.body)
    return answer, problems(tmp_path)


def test_a_wrong_answer_is_written_down_and_goes_out_as_it_is(tmp_path: Path) -> None:
    answer, found = watched(tmp_path, Response(404, JSON, WRONG))
    assert answer.body == WRONG
    assert [line.partition(", in ")[0] for line in found] == ["error.message: missing (GET /v1.0/users/x answered 404)"]


def test_an_answer_in_pieces_is_read_along(tmp_path: Path) -> None:
    content = b"QUJD" * 1000

    def pieces() -> Iterator[bytes]:
        yield b'{"error":{"code":"'
        yield content
        yield b'"}}'

    answer, found = watched(tmp_path, Response(404, JSON, pieces()))
    assert answer.body == b'{"error":{"code":"' + content + b'"}}'
    assert "error.message: missing" in found[0]


def test_what_cannot_be_read_at_all_is_told(tmp_path: Path) -> None:
    _, found = watched(tmp_path, Response(404, JSON, b"{"))
    assert found[0].startswith("answer: JSONDecodeError")


def test_the_answers_of_planted_faults_are_left_out(tmp_path: Path) -> None:
    items = [{"id": str(number), "method": "GET", "url": f"/users/{number}"} for number in (1, 2)]
    asked = replace(
        REQUEST,
        method="POST",
        path="/v1.0/$batch",
        raw_path="/v1.0/$batch",
        content=json.dumps({"requests": items}).encode(),
        sub_fault=lambda _, *urls: Response(418) if urls == ("/users/1",) else None,
    )
    teapot = {"id": "1", "status": 418, "headers": {}, "body": {"I am": "a teapot"}}
    refused = {"id": "2", "status": 404, "headers": JSON, "body": json.loads(WRONG)}

    def handle(request: Request) -> Response:
        for item in items:
            request.sub_fault("GET", item["url"])
        return Response(200, JSON, json.dumps({"responses": [refused, teapot]}).encode())

    Watch(tmp_path).handle(handle, asked)
    (line,) = problems(tmp_path)
    assert line.startswith("[GET /v1.0/users/2] error.message: missing")


@pytest.mark.parametrize(("text", "code"), [("", 0), ("a member too many", 1)])
def test_a_wrong_answer_fails_a_run_whose_tests_all_pass(tmp_path: Path, text: str, code: int) -> None:
    test = tmp_path / "test_run.py"
    test.write_text(
        "import os, pathlib\n"
        "def test_passes():\n"
        f"    text = {text!r}\n"
        f"    if text: (pathlib.Path(os.environ[{FOLDER!r}]) / 'problems-1.txt').write_text(text)\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-p", "testkit.csdl.session", "-p", "no:cacheprovider", str(test)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert text in done.stdout
