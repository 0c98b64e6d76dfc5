"""Mail addresses: one spelling for each, so that rules, keys and look-ups agree. Pure; nothing here ever raises."""

import re
from functools import lru_cache

import idna

from connector.model.values import NormalAddress

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]")
_LONGEST_DOMAIN = 255


def normalise(address: str) -> NormalAddress:
    """The one spelling of `address`: trimmed, out of `<>` and `mailto:`, lower-case, its domain in ASCII (IDNA).

    What is not an SMTP address (a legacy Exchange name, the name of a group) comes back trimmed and in lower case. The
    result is empty where nothing was there, and normalising it again changes nothing.
    """
    return _normalise(address)


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
    bare = _unwrap(without_unseen(address)).lower()
    local, at, domain = bare.rpartition("@")
    return NormalAddress(f"{local}@{_ascii_domain(domain)}" if at else bare)


def _unwrap(text: str) -> str:
    """`text` without the wrapping that mail programs and people leave around an address."""
    while True:
        bare = text.strip()
        if bare[:7].lower() == "mailto:":
            bare = bare[7:]
        for opening, closing in ("<>", "''", '""'):
            if len(bare) > 1 and bare[0] == opening and bare[-1] == closing:
                bare = bare[1:-1]
        if "@" in bare:
            bare = bare.rstrip(".")
        if bare == text:
            return bare
        text = bare


def _ascii_domain(domain: str) -> str:
    """`domain`, already in lower case, in ASCII; as it is where IDNA does not allow it: mail does not ask IDNA."""
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").rstrip(".")
    except (idna.IDNAError, UnicodeError):
        return domain
