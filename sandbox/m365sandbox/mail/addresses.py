"""Address lists as mail programs write them, right and wrong, read into Graph recipients."""

import re
from typing import Any

from m365sandbox.mail.headers import decode_words

Recipient = dict[str, Any]

_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<comment>\()|(?P<angle><[^<>]*>?)|(?P<mark>[,;:])|(?P<text>[^"(<,;:]+)""",
    re.DOTALL,
)
_SPACED = re.compile(r"[^\s\"@]+\s*@\s*[^\s\"@.]+(?:\s*\.\s*[^\s\"@.]+)*")
_BARE = re.compile(r"[^\s<>()\",;:\\]+@[^\s<>()\",;:\\]+")

_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)*"@[^\s<>()",;:\\]+')
# A name that Exchange had for a mailbox before SMTP addresses; parentheses are part of it.
_LEGACY = re.compile(r"\s*/o=[^,;<>\"]*", re.IGNORECASE)
_BARE_LIST = re.compile(rf"{_BARE.pattern}(?:\s+{_BARE.pattern})+")


def recipients(text: str) -> list[Recipient]:
    """The Graph recipients of an address header (already text, encoded words still in it), in their order.

    Members of a group are listed without it, an empty group gives none. What holds no address at all is kept as a name
    with the same text as address, as Exchange shows what it cannot resolve.
    """
    found: list[Recipient] = []
    words: list[tuple[str, str]] = []
    for kind, value in [*_tokens(text), ("mark", ",")]:
        if kind == "mark" and value == ":" and not _holds_address(words):
            words = []  # the name of a group
        elif kind == "mark" and value in ",;":
            found += _recipient(words)
            words = []
        elif kind == "angle" and "@" in value and (end := _address_end(words)):
            found += _recipient(words[:end])  # somebody forgot the comma: nobody may be lost
            words = [*words[end:], (kind, value)]
        else:
            words.append((kind, value))
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        if (legacy := _LEGACY.match(text, at)) is not None and (not tokens or tokens[-1][0] == "mark"):
            tokens.append(("text", legacy.group()))
            at = legacy.end()
            continue
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += 1
            continue
        if match.lastgroup == "comment":
            comment, at = _comment(text, at)
            tokens.append(("comment", comment))
            continue
        tokens.append((match.lastgroup, match.group()))
        at = match.end()
    return tokens


def _comment(text: str, start: int) -> tuple[str, int]:
    """The content of the comment that begins at `start` (comments nest) and where it ends."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return text[start + 1 : at], at + 1
        at += 1
    return text[start + 1 :], len(text)


def _holds_address(words: list[tuple[str, str]]) -> bool:
    return any(kind == "angle" or (kind == "text" and "@" in value) for kind, value in words)


def _address_end(words: list[tuple[str, str]]) -> int:
    """Where the words stop that belong to an address in angle brackets, 0 where there is none."""
    return next((at for at, (kind, value) in enumerate(words, start=1) if kind == "angle" and "@" in value), 0)


def _recipient(words: list[tuple[str, str]]) -> list[Recipient]:
    angles = [value[1:].removesuffix(">") for kind, value in words if kind == "angle"]
    angle = next((value for value in angles if "@" in value), next(iter(angles), None))
    comment = " ".join(value for kind, value in words if kind == "comment")
    phrase = "".join(f" {_unquoted(value)} " if kind == "quoted" else value for kind, value in words if kind in _PHRASE)
    if angle is not None and not _names_group(angle):
        return _made(phrase or comment, _route_less(angle))
    if angle is not None and not phrase.strip():
        return []  # a group written as an address, or <>
    bare = _BARE.search("".join(value for kind, value in words if kind != "comment"))
    written = "".join(value for kind, value in words if kind in _PHRASE).strip()
    if _BARE_LIST.fullmatch(written):
        return [one for address in written.split() for one in _made(comment, address)]
    if (spaced := _SPACED.fullmatch(written)) is not None:  # obsolete syntax allows space around the dots
        return _made(comment, re.sub(r"\s+", "", spaced.group()))
    if bare is None and "@" in written:  # "jdoe@machine .example", or a quoted local part
        return _made(comment, written if written.startswith('"') else re.sub(r"\s+", "", written))
    if bare is None:
        return _made(phrase, _one_line(phrase)) if phrase.strip() else []
    if written.startswith('"') and (local := _QUOTED_LOCAL.fullmatch(written)) is not None:
        return _made(comment, local.group())
    return _made(comment or phrase.replace(bare.group(), ""), bare.group())


_PHRASE = frozenset({"quoted", "text", "mark"})


def _names_group(angle: str) -> bool:
    """Whether it is a group in the place of an address, as in `<Undisclosed-Recipient:@host;>`."""
    before, colon, _ = angle.partition(":")
    return bool(colon and before.strip()) and "@" not in before and before.strip().lower() != "mailto"


def _route_less(angle: str) -> str:
    """`@relay,@relay:user@host` is `user@host`; white space is no part of an address."""
    address = angle.rsplit(":", 1)[1] if angle.lstrip().startswith("@") and ":" in angle else angle
    if "@" not in address or address.lstrip().startswith('"'):
        return " ".join(address.split())  # a legacy name, or a quoted local part: what is in it belongs to it
    address = re.sub(r"\([^()]*\)", "", address)
    return re.sub(r"\s+", "", address).removeprefix("mailto:").strip("'")


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'), flags=re.DOTALL)


def _one_line(text: str) -> str:
    return " ".join(decode_words(text).split())


def _made(name: str, address: str) -> list[Recipient]:
    shown = _one_line(name).strip("'\" ")
    if not shown and not address:
        return []
    # Exchange shows the address where a sender gave no name.
    return [{"emailAddress": {"name": shown or address, "address": address}}]
