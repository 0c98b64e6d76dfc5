"""What `check` makes of what it found: each line green, amber or red, with the remedy. Pure; facts come in.

Red: the connector cannot do its work, or a part of it. Amber: it can, but an admin should look. Green: in order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.core.deciding.address import domain_of, normalise
from connector.core.deciding.exclude import compile_rules
from connector.core.deciding.match import MOST_SHARED
from connector.core.deciding.pattern import PatternError, domain_pattern
from connector.core.deciding.public_mail import covered
from connector.core.scheduling.policy import LIVE_PERCENT, Snapshot
from connector.errors import ConnectorError, SetupError
from connector.model.inspection import ConnectorUser
from connector.model.org import Exclusion, ExclusionType, Mailbox, Setup, SyncSettings
from connector.model.values import RecordId


class Light(StrEnum):
    """The result of a check, by the colour of its line."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line: what was looked at, what was found, and what to do about it (empty where there is nothing to do)."""

    name: str
    subject: str
    status: Light
    detail: str
    remedy: str = ""


#: How much a clock may be off before an admin should look, and before a sign-in is refused: an assertion for
#: Salesforce lives 3 minutes, Entra takes 5 (Salesforce help, "JWT Bearer Flow"; Microsoft Entra, "certificate
#: credentials").
SKEW_AMBER, SKEW_RED = timedelta(seconds=30), timedelta(minutes=3)
#: A certificate that ends within this time should be replaced.
EXPIRES_SOON = timedelta(days=30)
#: A message with its attachments is not larger in Exchange Online (service description, "Message limits"), and a file
#: is not larger in Salesforce than 2 GB.
LARGEST_MESSAGE_MB, LARGEST_FILE_MB = 150, 2048
#: More months than mailboxes are old.
MOST_MONTHS = 240
#: Storage in percent that should be left.
STORAGE_LEFT = 10
_SETTING = "Microsoft 365 Sync Setting"
#: The licence that every org of Enterprise Edition has five of (Salesforce help, "Integration User Licence").
_INTEGRATION = "Salesforce Integration"
#: Domains of this end belong to Microsoft and to the tenant: mail is sent to them by mistake only.
_OF_MICROSOFT = ".onmicrosoft.com"
#: in the user principal name of a guest, whose home is another tenant
_GUEST = "#EXT#"
#: So many names are given.
_MOST_NAMED = 10


def failed(name: str, subject: str, error: ConnectorError) -> Check:
    """A check that met an error: red, in its words."""
    where = f" ({error.where})" if error.where else ""
    return Check(name=name, subject=subject, status=Light.RED, detail=f"{error.what}{where}", remedy=error.remedy)


def green(name: str, subject: str, detail: str, remedy: str = "") -> Check:
    """A check that found all in order."""
    return Check(name=name, subject=subject, status=Light.GREEN, detail=detail, remedy=remedy)


def amber(name: str, subject: str, detail: str, remedy: str) -> Check:
    """A check that found something that works, and that an admin should look at."""
    return Check(name=name, subject=subject, status=Light.AMBER, detail=detail, remedy=remedy)


def red(name: str, subject: str, detail: str, remedy: str) -> Check:
    """A check that found something that does not work."""
    return Check(name=name, subject=subject, status=Light.RED, detail=detail, remedy=remedy)


def is_ok(checks: Iterable[Check]) -> bool:
    """Whether no check is red."""
    return all(check.status is not Light.RED for check in checks)


def clock(service: str, *, here: datetime, there: datetime) -> Check:
    """This machine's clock beside that of a service's answer, which names whole seconds."""
    off = here - there
    seconds = round(abs(off).total_seconds())
    if abs(off) < SKEW_AMBER:
        return green("clock", service, f"{seconds} s apart")
    detail = f"This machine's clock is {seconds} s {'ahead of' if off > timedelta() else 'behind'} {service}"
    status = Light.RED if abs(off) >= SKEW_RED else Light.AMBER
    remedy = "Keep this machine's clock right (NTP): assertions to sign in are refused when they are minutes off."
    return Check(name="clock", subject=service, status=status, detail=detail, remedy=remedy)


# -- settings ---------------------------------------------------------------------------------------------------------


def settings(look: Snapshot, setup: Setup, *, records: int) -> list[Check]:
    """The settings record: there, one, active, and values that make sense together."""
    if setup.settings is None:
        remedy = f"Create one {_SETTING} record, named Default."
        return [red("settings", _SETTING, "There is no settings record, so that nothing runs", remedy)]
    checks = list(_odd_settings(look, setup, setup.settings))
    if records > 1:
        detail = f"There are {records} records; the one with the key default is used"
        checks.insert(0, amber("settings", _SETTING, detail, "Delete the others."))
    if look.idle_reason is not None:
        remedy = "Set Active, and Licensed Users above 0 or empty, when mail is to be synced."
        checks.insert(0, amber("settings", _SETTING, f"Nothing runs: {look.idle_reason}", remedy))
    return checks or [green("settings", _SETTING, _told(look, setup.settings))]


def _told(look: Snapshot, chosen: SyncSettings) -> str:
    kept = f"kept {chosen.unmatched_retention_days} days" if chosen.keep_unmatched else "dropped"
    frequency = look.timing.frequency if look.timing is not None else chosen.frequency
    return f"Active, {frequency} in {look.zone}; unmatched mail is {kept}"


def _odd_settings(look: Snapshot, setup: Setup, chosen: SyncSettings) -> Iterable[Check]:
    """Settings that cannot work, or cannot be meant."""
    try:
        look.grid()
    except SetupError as error:
        yield failed("settings", "Frequency", error)
    if chosen.keep_unmatched and not internal_domains(setup.exclusions):
        detail = "Keep Unmatched is on and no Internal Domain is active: all internal mail would be stored"
        remedy = "Add the firm's domains as Internal Domain exclusions, or clear Keep Unmatched; until then nothing is "
        yield red("settings", "Keep Unmatched", detail, remedy + "read.")
    if chosen.keep_unmatched and chosen.unmatched_retention_days < 1:
        detail = f"Unmatched mail is kept for {chosen.unmatched_retention_days} days, so that none is"
        yield amber("settings", "Unmatched Retention Days", detail, "Set it to 1 or more, or clear Keep Unmatched.")
    if chosen.attachment_max_mb <= 0:
        detail = "Attachment Max MB is 0: no attachment is stored, only named in Attachment Notes"
        yield amber("settings", "Attachment Max MB", detail, "Set it to 25, unless that is meant.")
    elif chosen.attachment_max_mb > LARGEST_MESSAGE_MB:
        most = LARGEST_FILE_MB if chosen.attachment_max_mb > LARGEST_FILE_MB else LARGEST_MESSAGE_MB
        whose = "Salesforce takes no file" if most == LARGEST_FILE_MB else "Exchange Online takes no message"
        detail = f"Attachment Max MB is {chosen.attachment_max_mb}; {whose} over {most} MB"
        yield amber("settings", "Attachment Max MB", detail, f"Set it to {LARGEST_MESSAGE_MB} or less.")
    if not 0 <= chosen.backfill_months <= MOST_MONTHS:
        detail = f"Backfill Months is {chosen.backfill_months}"
        yield amber("settings", "Backfill Months", detail, f"Set it between 0 and {MOST_MONTHS}.")
    yield from _seats(setup, chosen)


def _seats(setup: Setup, chosen: SyncSettings) -> Iterable[Check]:
    linked = {box.user for box in setup.mailboxes if box.active and box.user in setup.sync_users}
    if chosen.licensed_users and len(linked) > chosen.licensed_users:
        detail = f"{len(linked)} users are linked and hold the permission set, for {chosen.licensed_users} seats"
        yield amber("settings", "Licensed Users", detail, "Raise Licensed Users, or unlink those who need none.")


def exclusions(rules: Iterable[Exclusion], users: Mapping[RecordId, str]) -> list[Check]:
    """Whether every exclusion can be understood. `users`: names of the mailboxes of users with personal ones."""
    rules = list(rules)
    try:
        broken = compile_rules(rules).broken
    except SetupError as error:
        return [failed("exclusions", "MS Graph Exclusion", error)]
    if broken:
        remedy = "Until then the mailboxes of its user are not read."
        return [red("exclusions", users.get(user, user), text, remedy) for user, text in sorted(broken.items())]
    active = sum(rule.removed_at is None for rule in rules)
    return [green("exclusions", "MS Graph Exclusion", f"{active} active, all understood")]


def internal_domains(rules: Iterable[Exclusion]) -> frozenset[str]:
    """The active Internal Domains that can be understood."""
    found = set()
    for rule in rules:
        if rule.type is ExclusionType.INTERNAL_DOMAIN and rule.removed_at is None:
            try:
                found.add(domain_pattern(rule.pattern))
            except PatternError:
                continue  # `exclusions` says so
    return frozenset(found)


def proposed_domains(names: Iterable[str]) -> tuple[str, ...]:
    """The firm's domains, of domains or addresses; Microsoft's own names for a tenant are left out."""
    domains = {domain_of(address) if "@" in (address := normalise(name)) else address for name in names}
    return tuple(sorted(domain for domain in domains if domain and not domain.endswith(_OF_MICROSOFT)))


def domains(proposed: Sequence[str], active: frozenset[str], *, source: str) -> Check:
    """The tenant's domains beside the Internal Domain exclusions; a domain covers those below it."""
    name, subject = "internal domains", source
    missing = [domain for domain in proposed if not any(_covers(above, domain) for above in active)]
    if missing:
        detail = f"No Internal Domain exclusion covers {some(missing)}"
        remedy = "Add them as Internal Domain exclusions where they are the firm's own: mail to them is taken for a "
        return amber(name, subject, detail, remedy + "client's.")
    if not active:
        remedy = "Add the firm's domains as Internal Domain exclusions."
        return amber(name, subject, "There is no Internal Domain exclusion", remedy)
    return green(name, subject, f"All of the tenant's are covered: {some(sorted(active))}")


def own_names(box: Mailbox) -> tuple[str, ...]:
    """Names and addresses of a mailbox that are the firm's; a guest's are those of another firm, or a client's."""
    if _GUEST in box.user_principal_name.upper():
        return ()
    return tuple(name for name in (box.user_principal_name, box.email, *box.aliases) if name)


def odd_domains(active: Iterable[str], own: Iterable[str], on_domains: Mapping[str, int]) -> list[Check]:
    """Internal Domains that keep mail of clients out: those of public mail, and those of Contacts that are not the
    tenant's. `own`: domains of the tenant; `on_domains`: the number of Contacts by domain."""
    checks = []
    own = list(own)
    for domain in sorted(active):
        count = on_domains.get(domain, 0)
        contacts = f"{count} Contact{'' if count == 1 else 's'}"
        remedy = f"Clear Active on the Internal Domain {domain} unless it is the firm's own."
        if public := covered(domain):
            named = f"{domain} is" if domain in public else f"{domain} covers {some(sorted(public))}, which is"
            detail = f"{named} public mail: mail with everybody there is left out as internal ({contacts})"
            checks.append(red("internal domains", domain, detail, remedy))
        elif count and not any(_covers(domain, known) or _covers(known, domain) for known in own):
            detail = f"{contacts} on {domain}: mail with them is left out as internal"
            checks.append(amber("internal domains", domain, detail, remedy))
    return checks


def _covers(above: str, domain: str) -> bool:
    return domain == above or domain.endswith(f".{above}")


# -- the org ----------------------------------------------------------------------------------------------------------


def email_fields(contact: Sequence[str], account: Sequence[str]) -> list[Check]:
    """The fields by which clients are found, by name."""
    none = "none of type Email: Accounts are found through their Contacts only"
    return [
        green("email fields", "Contact", some(contact)),
        green("email fields", "Account", some(account) if account else none),
    ]


def licence(user: ConnectorUser) -> list[Check]:
    """Whether the user's licence is why it has no rights. Salesforce Integration allows no permission set by itself."""
    if user.licence != _INTEGRATION or user.api_licence:
        return []
    remedy = (
        "Assign it under Setup > Users > the user > Permission Set License Assignments, then the two permission sets "
        "(docs/salesforce-setup.md, section 2)."
    )
    detail = f"The connector's user has the licence {_INTEGRATION}, which allows no permission set without the "
    detail += "permission set licence Salesforce API Integration; "
    if user.api_licence is None:
        return [amber("licence", "Salesforce", detail + "it may not look whether it holds that", remedy)]
    return [red("licence", "Salesforce", detail + "it does not hold that", remedy)]


def counts(found: Mapping[str, int]) -> list[Check]:
    """Records that the connector sees, to be compared: it cannot match what it does not see."""
    compare = "Compare with a report of all records, run as an administrator."
    checks = [
        green("records in sight", name, "1 record" if count == 1 else f"{count} records", compare)
        for name, count in found.items()
    ]
    if not found.get("Contact"):
        remedy = "Assign Microsoft_365_Sync_Integration to the integration user; it grants View All Records on Contact."
        checks = [check for check in checks if check.subject != "Contact"]
        checks.insert(0, amber("records in sight", "Contact", "No Contact is to be seen: nothing can match", remedy))
    return checks


def api_calls(*, used: int, limit: int, budget_percent: int) -> Check:
    """The org's API calls of 24 hours beside what the connector leaves to others."""
    name, subject = "API calls", "Salesforce"
    budget, live_percent = limit * budget_percent // 100, max(budget_percent, LIVE_PERCENT)
    detail = (
        f"{used} of {limit} used in 24 hours; backfills wait from {budget} on ({budget_percent} %), "
        f"everything at {live_percent} %"
    )
    if used * 100 >= limit * live_percent:
        return red(name, subject, detail, "Wait until calls are free again, or buy more API calls.")
    if used >= budget:
        remedy = "Find what else uses the API (Setup, System Overview), or raise salesforce.daily_call_budget_percent."
        return amber(name, subject, detail, remedy)
    return green(name, subject, detail)


def storage(name: str, *, left: int, limit: int) -> Check:
    """Data or file storage, in MB."""
    detail = f"{left} of {limit} MB left"
    remedy = "Delete what is not needed, shorten Unmatched Retention Days, or buy storage: a mail takes about 7 KB."
    if left <= 0 < limit:
        return red("storage", name, detail, remedy)
    if left * 100 < limit * STORAGE_LEFT:
        return amber("storage", name, detail, remedy)
    return green("storage", name, detail)


def other_loggers(found: Mapping[str, int | None], *, days: int) -> list[Check]:
    """Mail that something else logs. None: the integration user may not look."""
    checks = []
    for what, count in found.items():
        if count:
            detail = f"{count} in {days} days that are not the connector's"
            remedy = (
                "If another tool logs the same mail, switch it off for the linked users: clients' pages show it twice."
            )
            checks.append(amber("other mail loggers", what, detail, remedy))
        else:
            detail = "The integration user may not look there" if count is None else f"none in {days} days"
            checks.append(green("other mail loggers", what, detail))
    return checks


def failed_messages(failed: int, waiting: int) -> Check:
    """Messages of earlier runs that are not in Salesforce; `waiting` of them are tried again by themselves."""
    name, subject = "failed messages", "MS Graph Sync Error"
    if not failed:
        return green(name, subject, "None waits")
    told = f"{failed} message{'' if failed == 1 else 's'} failed"
    if waiting == failed:
        remedy = "Nothing, unless it stays: they are tried again by themselves."
        return amber(name, subject, f"{told}, and will be tried again", remedy)
    detail = f"{told}; {failed - waiting} not tried again by themselves"
    remedy = (
        "Correct what their MS Graph Sync Errors name, then run m365sync retry --all; set the Status of those that "
    )
    return amber(name, subject, detail, remedy + "are not wanted to Resolved.")


def placeholders(found: Mapping[str, int] | None) -> Check:
    """Addresses that so many Contacts have that their mail is related to none. None: the org did not count."""
    name, subject = "placeholder addresses", "Contact"
    if not found:
        detail = "The org did not count them" if found is None else f"None is on more than {MOST_SHARED} Contacts"
        return green(name, subject, detail)
    detail = f"Mail is related to nobody for {some([f'{address} ({count})' for address, count in found.items()])}"
    return amber(name, subject, detail, "Give each of these Contacts its own address, or none.")


# -- credentials and mailboxes ----------------------------------------------------------------------------------------


def credential(subject: str, kind: str, *, expires: datetime | None, now: datetime) -> Check:
    """When a secret or certificate ends, as far as this machine can know."""
    name = "credential"
    of_entra = subject.startswith("Microsoft")
    if expires is None and kind != "certificate" and not of_entra:
        return green(name, subject, "A secret is used; those of Salesforce do not end by themselves")
    if expires is None:
        where = "app registration" if of_entra else "External Client App"
        hint = " Append the certificate to the file of its private key to see it here." if kind == "certificate" else ""
        detail = f"A {kind} is used; when it ends is not known here, and every run fails from then on"
        return amber(name, subject, detail, f"Note its end as the {where} shows it.{hint}")
    left = expires - now
    detail = f"The {kind} ends on {expires:%Y-%m-%d}"
    remedy = "Make a new one, add it to the app beside the old, then change the configuration."
    if left <= timedelta():
        return red(name, subject, f"The {kind} ended on {expires:%Y-%m-%d}", remedy)
    if left < EXPIRES_SOON:
        return amber(name, subject, f"{detail}, in {left.days} days", remedy)
    return green(name, subject, detail)


def directory_closed(subject: str) -> Check:
    """A named principal need not be able to read the directory."""
    detail = "The named principal may not read the directory: mail that a group delivered counts as Bcc"
    remedy = "Add User.Read.All to default_scopes, or fill in Graph User Id on every MS Graph User record."
    return amber("directory", subject, detail, remedy)


def sign_in_of_person(expires: datetime, *, now: datetime) -> Check:
    """When a named principal's refresh token ends unless it is used before, as every run does."""
    name, subject = "credential", "Microsoft 365 named principal"
    detail = f"The refresh token is good until {expires:%Y-%m-%d} without use; each run renews it"
    remedy = "Type m365sync login."
    if expires <= now:
        return red(name, subject, f"The refresh token was not used, and ended on {expires:%Y-%m-%d}", remedy)
    if expires - now < EXPIRES_SOON:
        return amber(name, subject, detail, f"Let the connector run, or {remedy[0].lower()}{remedy[1:]}")
    return green(name, subject, detail)


def not_linked(box: Mailbox, reason: str) -> Check:
    """A mailbox that is not read, and why. One that a person switched off is in order."""
    status = Light.AMBER if box.active else Light.GREEN
    text, _, remedy = reason.partition(". ")
    return Check(name="mailbox", subject=name_of(box), status=status, detail=text.rstrip("."), remedy=remedy)


def held_up(box: Mailbox) -> Check:
    """A mailbox whose user has an exclusion that cannot be understood, for which there is a line of its own."""
    detail = "It is not read: a personal exclusion of its user cannot be understood"
    return red("mailbox", name_of(box), detail, "See the line about exclusions.")


def name_of(box: Mailbox) -> str:
    """What people call a mailbox."""
    return box.user_principal_name or box.email or box.name


def some(names: Iterable[str]) -> str:
    """A list for people, cut where it is long."""
    every = list(names)
    more = f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    return ", ".join(every[:_MOST_NAMED]) + more
