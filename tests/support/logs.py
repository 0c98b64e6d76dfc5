"""What a log line must not hold: checked of every line that a command writes in any test that uses a World."""

import json
import re
from collections.abc import Iterable

#: shorter words of a mail may stand in a sentence of ours by chance
_SHORTEST = 12
_ADDRESS = re.compile(r"[^\s\"'<>()\[\],;:=]+@[\w-]+(?:\.[\w-]+)+")


def log_lines(text: str) -> list[str]:
    """The log lines of standard error, whose other lines are for people."""
    return [line for line in text.splitlines() if line.startswith("{") and '"event"' in line]


def told_too_much(lines: Iterable[str], *, mailboxes: Iterable[str], private: Iterable[str]) -> list[str]:
    """What lines say of a mail or a person: texts of `private`, and addresses that are not those of `mailboxes`."""
    known = {name.lower() for name in mailboxes}
    words = sorted({word for word in private if len(word) >= _SHORTEST and word.lower() not in known})
    found = []
    for line in lines:
        text = json.dumps(json.loads(line), ensure_ascii=False)
        found += [f"{word!r} in {text}" for word in words if word in text]
        found += [f"{each!r} in {text}" for each in _ADDRESS.findall(text) if each.lower() not in known]
    return found
