"""Mail addresses: one spelling for each, so that rules, keys and look-ups agree. Pure; nothing here ever raises."""

import re
from functools import lru_cache

import idna

from connector.model.values import NormalAddress

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
_LONGEST_DOMAIN = 255
#: no address is longer (RFC 5321: 64 and 255); what is gets no place in a cache, where it would stay
LONGEST_ADDRESS = 320
_PAIRS = (("<", ">"), ("'", "'"), ('"', '"'))


def normalise(address: str) -> NormalAddress:
    """The one spelling of `address`: trimmed, out of `<>` and `mailto:`, lower-case, its domain in ASCII (IDNA).

    What is not an SMTP address (a legacy Exchange name, the name of a group) comes back trimmed and in lower case. The
    result is empty where nothing was there, and normalising it again changes nothing.
    """
    return _normalise(address) if len(address) <= LONGEST_ADDRESS else _normalised(address)


def without_unseen(text: str) -> str:
    """`text` without control characters, lone surrogates and the invisible marks that come with pasted addresses."""
    return _UNSEEN.sub("", text)


def is_smtp(address: str) -> bool:
    """Whether `address` (normalised) has exactly one @ with something on both sides and no white space."""
    local, _, domain = address.partition("@")
    return bool(local and domain) and "@" not in domain and not any(map(str.isspace, address))


def domain_of(address: str) -> str:
    """What stands after the last @ of a normalised address; empty without one."""
    _, at, domain = address.rpartition("@")
    return domain if at else ""


def readable(address: NormalAddress) -> str:
    """The address with its domain in Unicode, as a person would write it; unchanged where it has none."""
    local, at, domain = address.rpartition("@")
    if not at or "xn--" not in domain:
        return address
    try:
        return f"{local}@{idna.decode(domain)}"
    except (idna.IDNAError, UnicodeError):
        return address


@lru_cache(maxsize=1 << 16)  # a mailbox writes to the same people again and again
def _normalise(address: str) -> NormalAddress:
    return _normalised(address)


def _normalised(address: str) -> NormalAddress:
    bare = _unwrap(without_unseen(address)).lower()
    local, at, domain = bare.rpartition("@")
    return NormalAddress(f"{local}@{_ascii_domain(domain)}" if at else bare)


def _unwrap(text: str) -> str:
    """`text` without the wrapping that mail programs and people leave around an address, however often it was wrapped.

    Only the ends are moved, so that the time grows with the length and not with its square.
    """
    start, end = 0, len(text)
    has_at = "@" in text  # and keeps it: nothing below takes one away
    while True:
        before = start, end
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        if text[start : min(start + 7, end)].lower() == "mailto:":
            start += 7
        for pair in _PAIRS:
            if end - start > 1 and (text[start], text[end - 1]) == pair:
                start, end = start + 1, end - 1
        while has_at and start < end and text[end - 1] == ".":
            end -= 1
        if (start, end) == before:
            return text[start:end]


def _ascii_domain(domain: str) -> str:
    """`domain`, already in lower case, in ASCII; as it is where IDNA does not allow it: mail does not ask IDNA."""
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").rstrip(".")
    except (idna.IDNAError, UnicodeError):
        return domain
