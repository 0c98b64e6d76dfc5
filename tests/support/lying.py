"""An HTTPS server on this machine that answers with whatever bytes a test gives it, and notes what it was asked."""

import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.support.listening import Listener

#: what an answer is: bytes, one piece after the other, for as long as the client listens
Answer = Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its line, and its headers by name in lower case."""

    line: str
    headers: dict[str, str]


class LyingServer(Listener):
    """Gives each connection one answer, made by `answer` from the request. `name`: of its certificate."""

    def __init__(self, folder: Path, answer: Callable[[Asked], Answer], *, authority: trustme.CA | None = None) -> None:
        self.asked: list[Asked] = []
        #: bytes that clients took
        self.sent = 0
        self._answer = answer
        authority = authority or trustme.CA()
        self.ca_file = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._tls)
        self._listen()
        self.url = f"https://localhost:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, self._tls.wrap_socket(client, server_side=True) as connection:
                connection.settimeout(60)
                asked = _read(connection)
                self.asked.append(asked)
                for piece in self._answer(asked):
                    connection.sendall(piece)
                    self.sent += len(piece)
        except (OSError, ssl.SSLError, EOFError):  # the client had enough
            return


def _read(connection: ssl.SSLSocket) -> Asked:
    """A request's head, and its body, which is dropped."""
    with connection.makefile("rb") as file:
        line = file.readline().decode("latin-1").strip()
        headers = {}
        while text := file.readline().decode("latin-1").strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        if not line:
            raise EOFError
        file.read(int(headers.get("content-length") or 0))
    return Asked(line, headers)


def reply(body: bytes, *, status: str = "200 OK", headers: Iterable[str] = ()) -> bytes:
    """A whole answer with its length."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
