"""docs/troubleshooting.md tells what to do about every message of the tables of bad input, and about no other."""

import re
from pathlib import Path

import pytest

from tests.acceptance.test_missing_rights import LACKS, NO_EMAIL_FIELD, UNDATED, unwritten
from tests.acceptance.test_proxy import TOLD as OF_PROXIES
from tests.data.bad_configuration import FILES, VALUES
from tests.data.bad_setup import (
    EXCLUSIONS,
    INACTIVE,
    MAILBOXES,
    NAMED_PRINCIPAL,
    NOT_LINKED,
    PERSONAL_RULE,
    SECOND_ROW,
    SETTINGS,
    SIGN_INS,
    UNKNOWN_MAILBOX,
    UNSERVED,
    WITHOUT_PERMISSION_SET,
    fits,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "troubleshooting.md"

#: Messages of the tests that are no rows of a table.
OTHERS = (
    "Microsoft Entra refused the sign-in: AADSTS7000222: The provided client secret keys are expired.",
    "Microsoft Entra refused the sign-in: AADSTS700025: Client is public.",
    "Salesforce redirects https://a.my.salesforce.com to https://b.my.salesforce.com (HTTP 302), as after a change of "
    "My Domain",
    "Microsoft Graph denied access to the mailbox (403 ErrorAccessDenied: Access is denied)",
    "90 of the org's 100 API calls of the last 24 hours are used, and the connector stops at 80 %",
    "The org refuses every row of Email__c (STORAGE_LIMIT_EXCEEDED: storage limit exceeded)",
    "The org refuses every row of Email__c (FIELD_CUSTOM_VALIDATION_EXCEPTION: No.)",
    *OF_PROXIES,
    "There is no configuration file",
    "The configuration file cannot be read: Is a directory",
    PERSONAL_RULE,
    INACTIVE,
    SECOND_ROW.what,
    WITHOUT_PERMISSION_SET,
    NAMED_PRINCIPAL.what,
    "The token file can be read by others",
    "office@firm.example is an alias of ada@firm.example",
    "The directory may not be read, so that ada@firm.example cannot be looked up",
    UNKNOWN_MAILBOX.what,
    NO_EMAIL_FIELD.what,
    UNDATED.what,
    unwritten("Task").what,
)


def documented() -> list[str]:
    """The messages in the first column of the tables."""
    found = re.findall(r"^\| `(.+?)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == len(set(found))
    return found


def told() -> list[str]:
    """Every message of the tests, without place and remedy."""
    words = [
        *(case.words for case in SIGN_INS),
        *(each[-1] for each in SETTINGS),
        *(each[-1] for each in EXCLUSIONS),
        *(each[-1] for each in MAILBOXES),
        *(each[-1] for each in UNSERVED),
    ]
    texts = [problem.partition(": ")[2] for case in VALUES for problem in case.problems]
    texts += [file.what for file in FILES]
    texts += [each.what for each in words]
    texts += [each[1][0].what for each in LACKS.values()]
    texts += [each[1][-1].what for each in LACKS.values()]
    texts += [detail for _, detail in NOT_LINKED]
    return sorted({*texts, *OTHERS})


def plain(text: str) -> str:
    """A code span cannot hold a backtick."""
    return text.replace("`", "")


@pytest.mark.parametrize("message", told())
def test_every_message_is_explained(message: str) -> None:
    assert any(fits(row, plain(message)) for row in documented())


@pytest.mark.parametrize("row", documented())
def test_nothing_is_explained_that_is_not_told(row: str) -> None:
    assert any(fits(row, plain(message)) for message in told())
