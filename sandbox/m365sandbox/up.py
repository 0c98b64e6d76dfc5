"""`m365sync sandbox up`: build or reopen a sandbox, serve it, say so on one line, and end on a signal."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any

from m365sandbox.build import build
from m365sandbox.connection import listening, loopback_sockets, tls_context
from m365sandbox.control.urls import ControlApi
from m365sandbox.home import Home, Identity
from m365sandbox.latency import Latency, Line
from m365sandbox.options import OptionError, UpOptions, check
from m365sandbox.server import SandboxApp
from m365sandbox.world import World

__all__ = ["OptionError", "UpOptions", "serve", "started"]

Ready = dict[str, Any]
START_SECONDS = 300.0


def serve(options: UpOptions) -> None:
    """Serve until SIGINT or SIGTERM; the ready line goes to standard output.

    Raises OptionError, before anything is served, for what cannot be done as asked.
    """
    check(options)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with _folder(options) as home, _loop() as loop:
            loop.run_until_complete(_Sandbox(options, home).run(_print_ready, handle_signals=True))
    except KeyboardInterrupt:
        return  # asked to end while it was still being built
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def started(options: UpOptions) -> Iterator[Ready]:
    """Serve in a thread of this process while the block runs; gives what the ready line says."""
    check(options)
    thread = _Thread(options)
    thread.start()
    try:
        yield thread.ready()
    finally:
        thread.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _print_ready(ready: Ready) -> None:
    print(json.dumps(ready), flush=True)
    if sys.stderr.isatty():  # for a person; programs read the line above
        told = f"\nThe sandbox serves {ready['url']}. Configuration: {ready['config']}\nPress Ctrl-C to end it."
        print(told, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _folder(options: UpOptions) -> Iterator[Home]:
    if options.dir is not None:
        yield Home(options.dir)
        return
    with tempfile.TemporaryDirectory(prefix="m365sync-sandbox-") as directory:
        yield Home(Path(directory))


@contextlib.contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop: uvloop's where there is one, since it costs half the processor time."""
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    try:
        yield loop
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class _Sandbox:
    """A sandbox from its sockets to its data."""

    def __init__(self, options: UpOptions, home: Home) -> None:
        self._options = options
        self._home = home
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End `run`; to be called in its event loop."""
        self._stop.set()

    async def run(self, ready: Callable[[Ready], None], *, handle_signals: bool) -> None:
        """Build, serve and tell `ready`, until stopped."""
        with contextlib.ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="m365sync-sandbox-"))
            stack.enter_context(_locked(self._home))
            secure, plain = _sockets(self._options)
            for sock in (*secure, *plain):
                stack.callback(sock.close)
            identity = self._home.identity()
            world = build(self._options, self._home, identity, Path(scratch))
            stack.callback(world.close)
            context = tls_context(self._home.authority())
            line = self._line(world, identity, secure, plain)
            if handle_signals:
                _stop_on_signals(self._stop)
            async with listening(self._app(world), secure, plain, context):
                self._home.write_config(identity, line["url"], line["salesforce"]["integration"]["username"])
                self._home.write_json("ready.json", line)
                ready(line)
                await self._stop.wait()

    def _app(self, world: World) -> SandboxApp:
        latency = Latency(*self._options.latency)
        return SandboxApp(
            graph=world.graph,
            entra=world.entra,
            salesforce=world.salesforce,
            control=ControlApi(world),
            clock=world.clock,
            faults=world.faults,
            log=world.log,
            latency=latency,
            line=Line(latency.mbit_per_s),
            weather=world.weather,
            calm_token=world.salesforce.admin.access_token,
        )

    def _line(self, world: World, identity: Identity, secure: list[Any], plain: list[Any]) -> Ready:
        """The ready line (its shape is part of the product)."""
        salesforce = world.salesforce
        return {
            "ready": True,
            "url": f"https://localhost:{secure[0].getsockname()[1]}",
            "http_url": f"http://localhost:{plain[0].getsockname()[1]}" if plain else None,
            "ca": str(self._home.ca_file),
            "config": str(self._home.config_file),
            "pid": os.getpid(),
            "graph": {
                "tenant": identity.tenant.id,
                "client_id": identity.tenant.client_id,
                "client_secret": identity.tenant.client_secret,
            },
            "salesforce": {
                "org_id": salesforce.org_id,
                "client_id": identity.salesforce_client_id,
                "client_secret": identity.salesforce_client_secret,
                "private_key": str(self._home.jwt_key_file),
                "admin": {"username": salesforce.admin.username, "access_token": salesforce.admin.access_token},
                "integration": {
                    "username": salesforce.integration.username,
                    "access_token": salesforce.integration.access_token,
                },
            },
        }


def _sockets(options: UpOptions) -> tuple[list[Any], list[Any]]:
    try:
        return loopback_sockets(options.port), loopback_sockets(0) if options.http else []
    except OSError as exc:
        raise OptionError(f"port {options.port} cannot be used: {exc.strerror}; name another one, or none") from exc


def _locked(home: Home) -> IO[str]:
    try:
        return home.lock()
    except BlockingIOError as exc:
        raise OptionError(
            f"--dir {home.directory} is in use by another sandbox; stop that one, or name another folder"
        ) from exc


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


class _Thread(threading.Thread):
    """A sandbox in a thread of its own: everything in it, its databases too, is made and used there."""

    def __init__(self, options: UpOptions) -> None:
        super().__init__(name="sandbox", daemon=True)
        self._options = options
        self._known = threading.Event()
        self._ready: Ready | None = None
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sandbox: _Sandbox | None = None

    def run(self) -> None:
        try:
            with _folder(self._options) as home, _loop() as loop:
                self._loop = loop
                self._sandbox = _Sandbox(self._options, home)
                loop.run_until_complete(self._sandbox.run(self._tell, handle_signals=False))
        except BaseException as exc:
            self._failure = exc
        finally:
            self._known.set()

    def _tell(self, ready: Ready) -> None:
        self._ready = ready
        self._known.set()

    def ready(self) -> Ready:
        """Wait until it serves. Raises what kept it from that."""
        self._known.wait(START_SECONDS)
        if self._failure is not None:
            raise self._failure
        if self._ready is None:
            raise TimeoutError("the sandbox did not start")
        return self._ready

    def stop(self) -> None:
        """End it and wait for that."""
        if (
            self._loop is not None
            and self._sandbox is not None
            and self._failure is None
            and not self._loop.is_closed()
        ):
            self._loop.call_soon_threadsafe(self._sandbox.stop)
        self.join()
