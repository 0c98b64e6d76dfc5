"""The invented people of a generated firm, by number: its advisers and its clients."""

from collections.abc import Iterator
from dataclasses import dataclass

from m365sandbox.mail.phrases import FIRST_NAMES, LAST_NAMES

LARGE_DOMAIN = "granite-partners.example"
CONTACTS_PER_ACCOUNT = 3
# Every so many Contacts one shares the address of the one before: couples and families.
_SHARED_ADDRESS_EVERY = 20
# Every so many Contacts one is the person before once more, with a second address: a Contact has one Email field.
_SECOND_ADDRESS_EVERY = 25


@dataclass(frozen=True, slots=True)
class FirmSize:
    """How large: `messages` counts what lies in all mailboxes together."""

    mailboxes: int = 20
    messages: int = 10_000
    contacts: int = 2_000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.mailboxes < 1 or self.messages < 0 or self.contacts < 1:
            raise ValueError("a firm has at least one mailbox and one contact")


def adviser(number: int) -> tuple[str, str]:
    """Name and address of a member of the firm."""
    first, last = _name(number)
    return f"{first} {last}", f"{first}.{last}{number}@{LARGE_DOMAIN}".lower()


def alias(number: int) -> str | None:
    """The second address of every third adviser, at which mail reaches them too."""
    return f"{_name(number)[0]}{number}@{LARGE_DOMAIN}".lower() if number % 3 == 0 else None


def client(number: int) -> tuple[str, str]:
    """Name and address of a Contact."""
    first, last = contact_name(number)
    if is_second(number):
        return f"{first} {last}", f"{first}.{last}.{number - 1}@private{number % 13}.example".lower()
    owner = number - 1 if number % _SHARED_ADDRESS_EVERY == _SHARED_ADDRESS_EVERY - 1 else number
    owner_first, owner_last = _name(owner)
    return f"{first} {last}", f"{owner_first}.{owner_last}.{owner}@clients{owner % 97}.example".lower()


def contact_name(number: int) -> tuple[str, str]:
    """First and last name of a Contact."""
    return _name(number - 1 if is_second(number) else number)


def is_second(number: int) -> bool:
    """Whether a Contact is the person before, with another address."""
    return number % _SECOND_ADDRESS_EVERY == _SECOND_ADDRESS_EVERY - 1


def account_of(number: int) -> int:
    """The number of a Contact's Account: three Contacts each, but a second Contact goes where its person is."""
    return (number - 1 if is_second(number) else number) // CONTACTS_PER_ACCOUNT


def account_names(contacts: int) -> Iterator[str]:
    """The Accounts of so many Contacts, in order: households, and every fifth a company."""
    for number in range(-(-contacts // CONTACTS_PER_ACCOUNT)):
        last = _name(number * CONTACTS_PER_ACCOUNT)[1]
        yield f"{last} Holdings {number}" if number % 5 == 0 else f"{last} Household {number}"


def _name(number: int) -> tuple[str, str]:
    turn, place = divmod(number, len(FIRST_NAMES))
    return FIRST_NAMES[place], LAST_NAMES[(place * 7 + turn) % len(LAST_NAMES)]
