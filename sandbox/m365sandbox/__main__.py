"""`m365sandbox up|reset`, also `python -m m365sandbox`: the sandbox's own command, which `m365sync sandbox` calls."""

import argparse
import json
import ssl
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from m365sandbox.options import (
    FIRMS,
    LATENCY,
    OptionError,
    RefusedPackageError,
    UpOptions,
    parse_domain,
    parse_latency,
)
from m365sandbox.weather import WEATHERS


class SandboxError(Exception):
    """A running sandbox could not be asked: `what (where). remedy`."""

    def __init__(self, what: str, *, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where}). {remedy}")


def main() -> None:
    """Run the command and exit: 0 done, 2 usage, 3 no sandbox answers."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], *, command: str = "m365sandbox") -> int:
    """One command. `command` is what it is called in help and messages. Returns the exit code."""
    as_json = "--json" in arguments
    try:
        asked = _parser(command).parse_args(arguments)
    except SystemExit as done:  # help, or a wrong word that argparse has reported
        return int(done.code or 0)
    try:
        if asked.verb == "up":
            _up(asked)
        else:
            _reset(asked, command)
    except OptionError as error:
        return _report(f"{error} ({command} up). Type {command} up --help.", "USAGE", 2, as_json=as_json)
    except RefusedPackageError as refused:
        return _report(f"An org would refuse sfdc_objects:\n{refused}", "REFUSED", 2, as_json=as_json)
    except SandboxError as error:
        return _report(str(error), "UNREACHABLE", 3, as_json=as_json)
    return 0


def _report(text: str, code: str, exit_code: int, *, as_json: bool) -> int:
    print(f"error: {text}", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps({"error": {"code": code, "message": text, "where": "sandbox", "remedy": ""}}), flush=True)
    return exit_code


def _up(asked: argparse.Namespace) -> None:
    from m365sandbox.up import serve  # everything of both services, which help and reset can do without

    options = UpOptions(
        dir=asked.dir,
        port=asked.port,
        http=asked.http,
        firm=asked.firm,
        mail=asked.mail,
        domains=tuple(dict.fromkeys(parse_domain(text) for text in asked.domain or ())),
        latency=parse_latency(asked.latency),
        weather=asked.weather,
        mailboxes=asked.mailboxes,
        messages=asked.messages,
        contacts=asked.contacts,
        seed=asked.seed,
    )
    serve(options)


def _reset(asked: argparse.Namespace, command: str) -> None:
    start = f"Start one: {command} up --dir {asked.dir}"
    try:
        ready = json.loads((asked.dir / "ready.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError("No sandbox runs on this folder", where=str(asked.dir), remedy=start) from error
    context = ssl.create_default_context(cafile=ready["ca"])
    request = urllib.request.Request(f"{ready['url']}/sandbox/reset", data=b"", method="POST")  # noqa: S310 - https only
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310 - https only
            answer.read()
    except OSError as error:
        raise SandboxError("The sandbox does not answer", where=ready["url"], remedy=start) from error
    if asked.json:
        print(json.dumps({"reset": True, "url": ready["url"]}), flush=True)
    else:
        print(f"The sandbox at {ready['url']} is as it was right after up.")


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=command, description="Both services, emulated on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="up|reset")
    up = verbs.add_parser(
        "up",
        help="Serve until interrupted.",
        description="Serve until interrupted. One line of JSON on standard output says when, where and with which "
        "credentials.",
    )
    up.add_argument("--dir", type=Path, metavar="D", help="keep data, ids and the CA here")
    up.add_argument("--port", type=int, default=0, metavar="N", help="HTTPS port; 0 takes a free one")
    up.add_argument("--http", action="store_true", help="listen on a plain HTTP port too")
    up.add_argument("--firm", choices=FIRMS, default="none", help="what it holds at first")
    mail = "mail to import: a folder, an mbox, a Maildir or one message"
    up.add_argument("--mail", type=Path, metavar="PATH", help=mail)
    domain = "a domain of yours in that mail, whose people become the firm; may be repeated"
    up.add_argument("--domain", action="append", metavar="D", help=domain)
    up.add_argument("--latency", default="0,0,0", metavar=LATENCY, help="wait before each answer")
    up.add_argument("--weather", choices=tuple(WEATHERS), default="calm", help="how often the services fail")
    up.add_argument("--mailboxes", type=int, metavar="N", help="of a generated firm")
    up.add_argument("--messages", type=int, metavar="M", help="of a generated firm")
    up.add_argument("--contacts", type=int, metavar="C", help="of a generated firm")
    up.add_argument("--seed", type=int, metavar="S", help="of a generated firm")
    reset = verbs.add_parser("reset", help="Bring a running sandbox back to the state right after up.")
    reset.add_argument("--dir", type=Path, required=True, metavar="D", help="the folder of the running sandbox")
    reset.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    main()
