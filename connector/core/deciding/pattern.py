"""What an admin or adviser writes in Pattern__c, understood once: one address with `*`, or one domain. Pure.

The shapes are defined here once, for the connector and for the validation rules of MS_Graph_Exclusion__c: a test
compares the rules with `in_org`, and another tries that whatever they take is understood here.
"""

import re
import unicodedata
from dataclasses import dataclass

from connector.core.deciding.address import normalise, readable, without_unseen
from connector.model.values import NormalAddress

#: Letters, digits and marks of any script. Here they are any character that is not ASCII, since the org may know
#: letters that this Python does not; white space among them is refused before.
_LETTERS_IN_ORG, _LETTERS_HERE = r"\p{L}\p{N}\p{M}", "0-9A-Za-z\u00aa-\U0010ffff"
#: What ASCII can print, but for the space and , ; < > @
_SIGNS = r"!-+.-:=?A-~-"
#: One address, where * stands for any run of characters; nothing before an @ means anything there.
ADDRESS = (
    f"[LETTERS{_SIGNS}]*(@[LETTERS{_SIGNS}]*[LETTERS*][LETTERS{_SIGNS}]*)?",
    r".*[LETTERS].*",
    r".*[@*].*",
)
#: One domain name with a dot. No two parts of it can match the same text, so that the time is linear.
DOMAIN = (r"(\*?@)?_*[LETTERS]+([_-]+[LETTERS]+)*(\._*[LETTERS]+([_-]+[LETTERS]+)*)+",)
_REFUSED = re.compile(r"[\s,;<>]")


def in_org(expression: str) -> str:
    """A part of ADDRESS or DOMAIN as the REGEX function of a validation rule takes it, for a text that was trimmed."""
    return expression.replace("LETTERS", _LETTERS_IN_ORG)


def _here(expressions: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(expression.replace("LETTERS", _LETTERS_HERE), re.DOTALL) for expression in expressions)


_ADDRESS, _DOMAIN = _here(ADDRESS), _here(DOMAIN)


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
    if "*" not in text:
        text = normalise(text)
    if _REFUSED.search(text):
        raise PatternError("is not one address")
    shape, with_letter, with_sign = _ADDRESS
    if not with_letter.fullmatch(text):
        raise PatternError("has no letter or digit")
    if text.count("@") > 1:
        raise PatternError("has more than one @")
    if not with_sign.fullmatch(text):
        raise PatternError("has neither @ nor *, so no address can match it")
    if not shape.fullmatch(text):
        raise PatternError("has nothing after its @" if text.endswith("@") else "is not one address")
    local, at, domain = text.partition("@")
    if at and not local:
        local, text = "*", f"*{text}"
    if "*" not in text:
        return NormalAddress(text)
    if local == "*" and "*" not in domain:
        return AnyAt(_domain(domain))
    return Glob(tuple(re.split(r"\*+", unicodedata.normalize("NFC", text.lower()))))


def domain_pattern(pattern: str) -> str:
    """The domain that an Internal Domain names, normalised. `@` or `*@` before it is left out. Raises PatternError."""
    text = without_unseen(pattern).strip()
    text = text.removeprefix("*").strip() if text.startswith("*@") else text
    text = text.removeprefix("@").strip().rstrip(".")
    if not _ADDRESS[1].fullmatch(text):
        raise PatternError("has no letter or digit")
    if "@" in text:
        raise PatternError("is an address, not a domain")
    if "*" in text:
        raise PatternError("has a *; a domain covers its subdomains without one")
    if _REFUSED.search(text) or not all(shape.fullmatch(text) for shape in _DOMAIN):
        raise PatternError("is not a domain name with a dot")
    return _domain(text)


def _domain(text: str) -> str:
    return normalise(f"x@{text}").removeprefix("x@")
