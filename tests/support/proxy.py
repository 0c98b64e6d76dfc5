"""A proxy on this machine: it connects those who ask with CONNECT, or refuses them, and notes what it was asked."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.listening import Listener


class ConnectProxy(Listener):
    """Connects with any host. `login`: the `user:password` that it wants; `refuses`: the status of every answer."""

    def __init__(self, *, login: str | None = None, refuses: str | None = None) -> None:
        #: HOST:PORT of every request
        self.asked: list[str] = []
        #: the lines of headers that it was sent
        self.headers: list[str] = []
        self._wanted = None if login is None else f"Basic {base64.b64encode(login.encode()).decode()}"
        self._refuses = refuses
        self._listen()
        self.place = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.place}"

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            lines = _head(client)
            method, place, _ = lines[0].split(" ")
            self.asked.append(place)
            self.headers += lines[1:]
            sent = dict(line.split(": ", 1) for line in lines[1:])
            if method != "CONNECT":
                client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            elif self._refuses is not None:
                client.sendall(f"HTTP/1.1 {self._refuses}\r\nContent-Length: 0\r\n\r\n".encode())
            elif self._wanted is not None and sent.get("Proxy-Authorization") != self._wanted:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
            else:
                host, _, port = place.rpartition(":")
                with socket.create_connection((host.strip("[]"), int(port)), timeout=60) as server:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _join(client, server)


def _head(client: socket.socket) -> list[str]:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            raise OSError("the client left")
        head += byte
    return head.decode("latin-1").strip().split("\r\n")


def _join(client: socket.socket, server: socket.socket) -> None:
    """Hand on what either says, until one of them has said all."""
    back = threading.Thread(target=_pass, args=(server, client), daemon=True)
    back.start()
    _pass(client, server)
    back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a proxy that is down."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # taken, and not listened to
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
