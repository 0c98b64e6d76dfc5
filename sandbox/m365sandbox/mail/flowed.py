"""Plain text in forms that are shown otherwise than they are written: format=flowed and text/enriched."""

import re

_COMMAND = re.compile(r"<(?:<|(/?)([A-Za-z0-9-]{1,60})>)")


def unflowed(text: str, *, delete_spaces: bool) -> str:
    """Lines that end in a space are one with the next of the same quote depth (RFC 3676 4)."""
    shown: list[str] = []
    depth_before, open_line = 0, False
    for line in text.splitlines():
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing
        flows = content.endswith(" ") and content != "-- "
        written = content[:-1] if flows and delete_spaces else content
        if open_line and depth == depth_before and content != "-- ":
            shown[-1] += written
        else:
            shown.append(f"{'>' * depth}{' ' if depth else ''}{written}")
        depth_before, open_line = depth, flows
    return "\n".join(shown)


def text_of_enriched(text: str) -> str:
    """The words of text/enriched (RFC 1896): one line break is a space, of more one is taken away."""
    broken = re.sub(r"(\r?\n)+", lambda found: "\n" * max(found.group().count("\n") - 1, 0) or " ", text)
    shown: list[str] = []
    at, hidden = 0, 0
    for command in _COMMAND.finditer(broken):
        if not hidden:
            shown.append(broken[at : command.start()])
        if command.group(2) is None:
            shown.append("" if hidden else "<")
        elif command.group(2).lower() == "param":
            hidden = max(0, hidden + (-1 if command.group(1) else 1))
        at = command.end()
    shown.append(broken[at:] if not hidden else "")
    return "".join(shown)
