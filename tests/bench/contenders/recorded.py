"""`m365sync sync` with a note of each request it sends, for `replay.py`: recorded.py FILE ARGUMENTS…"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import requests

from connector.cli.app import run


def main() -> int:
    """Run the command, then write what was sent, one JSON object a line."""
    sent: list[dict[str, Any]] = []
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        if isinstance(content, bytes):  # a large file is streamed, and left out here
            kept = {name: value for name, value in request.headers.items() if name in ("Content-Type", "Prefer")}
            sent.append({
                "method": request.method, "url": request.url, "headers": kept,
                "body": base64.b64encode(content).decode(),
            })  # fmt: skip
        return send(self, request, **how)

    requests.Session.send = noted  # type: ignore[method-assign]
    code = run(sys.argv[2:])
    lines = "".join(f"{json.dumps(one)}\n" for one in sent)
    Path(sys.argv[1]).write_text(lines, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
