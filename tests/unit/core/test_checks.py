"""What `check` makes of what it found."""

from datetime import time, timedelta
from typing import Any

import pytest

from connector.core.reporting import checks as checking
from connector.core.reporting.checks import Check, Light
from connector.core.scheduling.policy import Snapshot, Timing
from connector.errors import SetupError
from connector.model.org import ExclusionType, Org, Setup
from connector.model.values import RecordId
from tests.support.builders import NOW, exclusion, internal, mailbox, settings

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED
ADVISER = RecordId("005000000000001AAA")


def setup(**fields: Any) -> Setup:
    defaults: dict[str, Any] = {
        "now": NOW,
        "settings": settings(),
        "org": Org(id="00D000000000001AAA"),
        "exclusions": (internal(),),
        "mailboxes": (mailbox(),),
        "sync_users": frozenset({ADVISER}),
        "integration_user": RecordId("005000000000009AAA"),
    }
    return Setup(**{**defaults, **fields})


def look(**fields: Any) -> Snapshot:
    timing = Timing(**{"id": RecordId("a0S000000000001AAA"), "active": True, **fields})
    return Snapshot(now=NOW, zone="GMT", timing=timing)


def lights(checks: list[Check]) -> list[tuple[str, Light]]:
    return [(check.subject, check.status) for check in checks]


def test_an_error_is_red_in_its_own_words() -> None:
    check = checking.failed("sign-in", "Salesforce", SetupError("It is away", where="firm.example", remedy="Wait."))
    assert (check.status, check.detail, check.remedy) == (RED, "It is away (firm.example)", "Wait.")
    assert not checking.is_ok([check])
    assert checking.is_ok([checking.amber("a", "b", "c", "d"), checking.green("a", "b", "c")])


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, GREEN), (29, GREEN), (-29, GREEN), (30, AMBER), (-179, AMBER), (180, RED), (-180, RED)],
)
def test_clocks(seconds: int, status: Light) -> None:
    check = checking.clock("Salesforce", here=NOW + timedelta(seconds=seconds), there=NOW)
    assert check.status is status
    assert str(abs(seconds)) in check.detail
    if status is not GREEN:
        assert ("ahead of" if seconds > 0 else "behind") in check.detail


SENSE: tuple[tuple[dict[str, Any], dict[str, Any], list[tuple[str, Light]]], ...] = (
    ({}, {}, [("Microsoft 365 Sync Setting", GREEN)]),
    ({"active": False}, {}, [("Microsoft 365 Sync Setting", AMBER)]),
    ({"licensed_users": 0}, {}, [("Microsoft 365 Sync Setting", AMBER)]),
    ({"frequency": "Daily"}, {}, [("Frequency", RED)]),
    ({"frequency": "Daily", "time_of_day": time(8)}, {}, [("Microsoft 365 Sync Setting", GREEN)]),
    ({"frequency": "Now and then"}, {}, [("Frequency", RED)]),
    ({}, {"keep_unmatched": True, "unmatched_retention_days": 0}, [("Unmatched Retention Days", AMBER)]),
    ({}, {"keep_unmatched": True}, [("Microsoft 365 Sync Setting", GREEN)]),
    ({}, {"unmatched_retention_days": 0}, [("Microsoft 365 Sync Setting", GREEN)]),
    ({}, {"attachment_max_mb": 0}, [("Attachment Max MB", AMBER)]),
    ({}, {"attachment_max_mb": 150}, [("Microsoft 365 Sync Setting", GREEN)]),
    ({}, {"attachment_max_mb": 151}, [("Attachment Max MB", AMBER)]),
    ({}, {"backfill_months": -1}, [("Backfill Months", AMBER)]),
    ({}, {"backfill_months": 241}, [("Backfill Months", AMBER)]),
    ({}, {"licensed_users": 1}, [("Microsoft 365 Sync Setting", GREEN)]),
)


@pytest.mark.parametrize(("timing", "chosen", "expected"), SENSE)
def test_settings(timing: dict[str, Any], chosen: dict[str, Any], expected: list[tuple[str, Light]]) -> None:
    found = checking.settings(look(**timing), setup(settings=settings(**chosen)), records=1)
    assert lights(found) == expected


def test_salesforce_is_named_where_a_file_is_too_large_for_it() -> None:
    [check] = checking.settings(look(), setup(settings=settings(attachment_max_mb=4000)), records=1)
    assert "Salesforce takes no file over 2048 MB" in check.detail


def test_settings_records_that_are_missing_or_too_many() -> None:
    assert lights(checking.settings(look(), setup(settings=None), records=0)) == [("Microsoft 365 Sync Setting", RED)]
    [check] = checking.settings(look(), setup(), records=2)
    assert (check.status, check.remedy) == (AMBER, "Delete the others.")


@pytest.mark.parametrize("rules", [(), (internal(removed_at=NOW),), (internal("a b"),)])
def test_keeping_unmatched_mail_without_an_internal_domain_is_red(rules: tuple[Any, ...]) -> None:
    found = checking.settings(look(), setup(settings=settings(keep_unmatched=True), exclusions=rules), records=1)
    assert lights(found) == [("Keep Unmatched", RED)]


def test_more_links_than_seats() -> None:
    boxes = [mailbox(id=RecordId(f"a0M{n:012d}AAA"), user=RecordId(f"005{n:012d}AAA")) for n in (1, 2, 3)]
    users = frozenset(box.user for box in boxes[:2] if box.user)
    mine = setup(settings=settings(licensed_users=1), mailboxes=tuple(boxes), sync_users=users)
    assert lights(checking.settings(look(licensed_users=1), mine, records=1)) == [("Licensed Users", AMBER)]


def test_exclusions() -> None:
    [check] = checking.exclusions([internal(), internal("old.example", removed_at=NOW)], {})
    assert (check.status, check.detail) == (GREEN, "1 active, all understood")
    [check] = checking.exclusions([exclusion("nobody")], {})
    assert check.status is RED
    personal = exclusion("mum", ExclusionType.PERSONAL_ADDRESS)
    assert lights(checking.exclusions([personal], {ADVISER: "ada@firm.example"})) == [("ada@firm.example", RED)]


def test_domains_are_proposed_of_names_and_addresses() -> None:
    names = [
        "Ada@Firm.Example",
        "bob@firm.example",
        "other.example",
        "x@firm.onmicrosoft.com",
        "x@f.mail.onmicrosoft.com",
    ]
    assert checking.proposed_domains(names) == ("firm.example", "other.example")


@pytest.mark.parametrize(
    ("proposed", "active", "status", "named"),
    [
        (["firm.example"], {"firm.example"}, GREEN, "firm.example"),
        (["sub.firm.example"], {"firm.example"}, GREEN, "firm.example"),
        (["firm.example"], {"sub.firm.example"}, AMBER, "firm.example"),
        (["notfirm.example"], {"firm.example"}, AMBER, "notfirm.example"),
        ([], set(), AMBER, "no Internal Domain"),
        ([f"d{n}.example" for n in range(12)], set(), AMBER, "and 2 more"),
    ],
)
def test_domains(proposed: list[str], active: set[str], status: Light, named: str) -> None:
    check = checking.domains(proposed, frozenset(active), source="tenant")
    assert check.status is status
    assert named in check.detail


def test_fields_and_records() -> None:
    fields = checking.email_fields(("Email", "Second__c"), ())
    assert [check.detail.partition(":")[0] for check in fields] == ["Email, Second__c", "none of type Email"]
    found = checking.counts({"Contact": 0, "Account": 1})
    assert [(check.subject, check.status, check.detail) for check in found] == [
        ("Contact", AMBER, "No Contact is to be seen: nothing can match"),
        ("Account", GREEN, "1 record"),
    ]


@pytest.mark.parametrize(
    ("used", "status"), [(0, GREEN), (799, GREEN), (800, AMBER), (949, AMBER), (950, RED), (1001, RED)]
)
def test_api_calls(used: int, status: Light) -> None:
    check = checking.api_calls(used=used, limit=1000, budget_percent=80)
    assert check.status is status
    assert "wait from 800" in check.detail
    assert "everything at 95 %" in check.detail


@pytest.mark.parametrize(("left", "status"), [(100, GREEN), (10, GREEN), (9, AMBER), (1, AMBER), (0, RED), (-3, RED)])
def test_storage(left: int, status: Light) -> None:
    assert checking.storage("Data storage", left=left, limit=100).status is status


def test_an_org_without_a_limit_is_not_full() -> None:
    assert checking.storage("File storage", left=0, limit=0).status is GREEN


def test_other_tools() -> None:
    found = checking.other_loggers({"EmailMessage": None, "Task": 3, "Note": 0}, days=30)
    assert lights(found) == [("EmailMessage", GREEN), ("Task", AMBER), ("Note", GREEN)]
    assert "may not look" in found[0].detail


@pytest.mark.parametrize(("days", "status"), [(31, GREEN), (30, GREEN), (29, AMBER), (0.5, AMBER), (0, RED), (-1, RED)])
def test_credentials(days: float, status: Light) -> None:
    check = checking.credential("Salesforce", "certificate", expires=NOW + timedelta(days=days), now=NOW)
    assert check.status is status


@pytest.mark.parametrize(("days", "status"), [(30, GREEN), (29, AMBER), (0, RED)])
def test_a_person_has_to_be_seen_now_and_then(days: int, status: Light) -> None:
    assert checking.sign_in_of_person(NOW + timedelta(days=days), now=NOW).status is status


def test_what_is_not_known_of_a_credential_is_said() -> None:
    check = checking.credential("Microsoft 365", "secret", expires=None, now=NOW)
    known = "A secret is used; when it ends is not known here, and every run fails from then on"
    assert (check.status, check.detail) == (AMBER, known)
    assert "app registration" in check.remedy
    check = checking.credential("Salesforce", "certificate", expires=None, now=NOW)
    assert (check.status, "Append the certificate" in check.remedy) == (AMBER, True)
    assert checking.credential("Salesforce", "secret", expires=None, now=NOW).status is GREEN


@pytest.mark.parametrize(
    ("active", "own", "on", "lights"),
    [
        ({"gmail.com"}, (), {}, {"gmail.com": RED}),
        ({"co.uk"}, (), {"co.uk": 9}, {"co.uk": RED}),  # yahoo.co.uk and others lie below it
        ({"firm.example"}, ("firm.example",), {"firm.example": 9}, {}),
        ({"firm.example"}, ("sub.firm.example",), {"firm.example": 9}, {}),
        ({"sub.firm.example"}, ("firm.example",), {"sub.firm.example": 9}, {}),
        ({"client.example"}, ("firm.example",), {"client.example": 1}, {"client.example": AMBER}),
        ({"client.example"}, ("firm.example",), {"client.example": 0}, {}),
        ({"client.example"}, ("firm.example",), {}, {}),
    ],
)
def test_internal_domains_that_are_not_the_firm_s(
    active: set[str], own: tuple[str, ...], on: dict[str, int], lights: dict[str, Light]
) -> None:
    assert {line.subject: line.status for line in checking.odd_domains(active, own, on)} == lights


def test_names_of_a_guest_are_not_the_firm_s() -> None:
    assert checking.own_names(mailbox(user_principal_name="rita_reed.example#ext#@firm.onmicrosoft.com")) == ()
    assert "adviser@firm.example" in checking.own_names(mailbox())


def test_a_mailbox_that_is_not_read() -> None:
    check = checking.not_linked(mailbox(), "No user is linked. Set User.")
    assert (check.subject, check.status, check.detail, check.remedy) == (
        "adviser@firm.example",
        AMBER,
        "No user is linked",
        "Set User.",
    )
    assert checking.not_linked(mailbox(active=False), "Active is off on this mailbox.").status is GREEN
