"""What an admin or adviser writes in Pattern__c, understood once: one address with `*`, or one domain. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from connector.core.deciding.address import normalise, readable, without_unseen
from connector.model.values import NormalAddress

_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?|_[\w-]*[^\W_])(?:\.(?:[^\W_](?:[\w-]*[^\W_])?|_[\w-]*[^\W_]))+")
_REFUSED = re.compile(r"[\s,;<>]")


class PatternError(ValueError):
    """The pattern cannot be understood; the message says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Glob:
    """An address pattern with `*`, cut at its stars. Matches in time linear in the address for each piece."""

    pieces: tuple[str, ...]

    def matches(self, address: NormalAddress) -> bool:
        """Whether the whole address matches, written either way if its domain is not plain ASCII."""
        if self._matches(address):
            return True
        written = readable(address)
        return written != address and self._matches(written)

    def _matches(self, text: str) -> bool:
        first, *middle, last = self.pieces
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        position, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class AnyAt:
    """`*@domain`: every address of one domain, its subdomains not included."""

    domain: str


#: an exact address, every address of a domain, or a pattern with stars
AddressPattern = NormalAddress | AnyAt | Glob


def address_pattern(pattern: str) -> AddressPattern:
    """Understand the pattern of an External or Personal Address. Raises PatternError."""
    text = without_unseen(pattern).strip()
    if text.startswith("@"):
        text = f"*{text}"
    if not any(map(str.isalnum, text)):
        raise PatternError("has no letter or digit")
    if "*" not in text:
        text = normalise(text)
    if _REFUSED.search(text):
        raise PatternError("is not one address")
    local, at, domain = text.partition("@")
    if "@" in domain:
        raise PatternError("has more than one @")
    if at and not (local and domain):
        raise PatternError("has nothing before or after its @")
    if "*" not in text:
        if not at:
            raise PatternError("has neither @ nor *, so no address can match it")
        return NormalAddress(text)
    if local == "*" and "*" not in domain:
        return AnyAt(_domain(domain))
    return Glob(tuple(re.split(r"\*+", unicodedata.normalize("NFC", text.lower()))))


def domain_pattern(pattern: str) -> str:
    """The domain that an Internal Domain names, normalised. `@` or `*@` before it is left out. Raises PatternError."""
    text = without_unseen(pattern).strip()
    text = text.removeprefix("*").strip() if text.startswith("*@") else text
    text = text.removeprefix("@").strip()
    if not any(map(str.isalnum, text)):
        raise PatternError("has no letter or digit")
    if "@" in text:
        raise PatternError("is an address, not a domain")
    if "*" in text:
        raise PatternError("has a *; a domain covers its subdomains without one")
    domain = _domain(text)
    if not _DOMAIN.fullmatch(domain):
        raise PatternError("is not a domain name with a dot")
    return domain


def _domain(text: str) -> str:
    return normalise(f"x@{text}").removeprefix("x@")
