"""The sockets: loopback listeners with the sandbox's own CA, and connections that a fault can reset.

uvicorn's HTTP protocol is used without its process manager, so that one event loop serves TLS and plain HTTP and the
caller keeps its own signal handlers.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

RESET = "sandbox.reset"
KEEP_ALIVE_SECONDS = 120
SHUTDOWN_SECONDS = 2.0
HOST_NAMES = ("localhost", "127.0.0.1", "::1")


class ResettableProtocol(HttpToolsProtocol):
    """Adds to every request's scope a function that resets the TCP connection."""

    def on_message_begin(self) -> None:
        """Start a request."""
        super().on_message_begin()
        self.scope[RESET] = self.reset  # type: ignore[literal-required]

    def reset(self) -> None:
        """Send RST: a connection closed with a linger time of zero tells its peer so, even under TLS."""
        handle = self.transport.get_extra_info("socket")
        if handle is not None and not self.transport.is_closing():
            # The transport's own object may not set options; a duplicate descriptor reaches the same socket.
            with socket.socket(fileno=os.dup(handle.fileno())) as duplicate:
                duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.abort()


def loopback_sockets(port: int) -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and, where there is IPv6, ::1, on one port; 0 finds a free one."""
    first = _bound(socket.AF_INET, "127.0.0.1", port)
    sockets = [first]
    with contextlib.suppress(OSError):  # a machine without IPv6, or the port is taken there: IPv4 is enough
        sockets.append(_bound(socket.AF_INET6, "::1", first.getsockname()[1]))
    return sockets


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1024)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def tls_context(authority: trustme.CA) -> ssl.SSLContext:
    """A server context with a certificate for the loopback names, signed by the sandbox's CA."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOST_NAMES, key_type=trustme.KeyType.ECDSA).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextlib.asynccontextmanager
async def listening(
    app: Any, secure: list[socket.socket], plain: list[socket.socket], context: ssl.SSLContext
) -> AsyncIterator[None]:
    """Serve `app` on both sets of sockets until the block is left; open connections are then closed."""
    config = uvicorn.Config(
        app,
        http=ResettableProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    def protocol() -> ResettableProtocol:
        return ResettableProtocol(config=config, server_state=state, app_state={})

    servers = [await loop.create_server(protocol, sock=sock, ssl=context, backlog=1024) for sock in secure]
    servers += [await loop.create_server(protocol, sock=sock, backlog=1024) for sock in plain]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        await _close(state)


async def _close(state: ServerState) -> None:
    """End idle connections at once, and those with a request under way as soon as it is answered."""
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=SHUTDOWN_SECONDS)
    for connection in list(state.connections):
        if connection.transport is not None:
            connection.transport.abort()
