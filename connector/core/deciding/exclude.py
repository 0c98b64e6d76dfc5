"""Which mail is never stored: the exclusions, and what the headers of a message alone decide.

A run decides on headers before it asks for anything else, so mail that is refused here is never fetched.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from connector.codes import Outcome
from connector.core.deciding.address import LONGEST_ADDRESS, domain_of, normalise
from connector.core.deciding.bounce import as_enclosed
from connector.core.deciding.globs import Globs
from connector.core.deciding.pattern import AnyAt, Glob, PatternError, address_pattern, domain_pattern
from connector.errors import SetupError
from connector.model.mail import Decision, Header, Party, Recipient, Role
from connector.model.org import Exclusion, ExclusionType, SyncSettings
from connector.model.values import NormalAddress, RecordId

_MOST_TRIED = 100_000
#: what Pattern__c holds, and a byte for the dot before it; IDNA makes no domain longer than 253
_LONGEST_PATTERN = 256
#: how many colleagues of one mail are looked up in the directory to find out whether a group delivered it
MOST_CANDIDATES = 100
#: domains below which Microsoft gives each tenant its own (the clouds of Microsoft 365)
_GIVEN = (".onmicrosoft.com", ".onmicrosoft.us", ".onmicrosoft.de", ".onmschina.cn")
#: rules of Outcome.INTERNAL that are in no record
UNSHOWN_REPORT, LINKED_ONLY = "a delivery report that does not show its mail", "linked mailboxes only"
#: what stands for the rule that nobody had to make
_OWN_DOMAIN = Exclusion(
    id=RecordId(""), name="a domain of the tenant itself", type=ExclusionType.INTERNAL_DOMAIN, pattern=""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxView:
    """What decides about a mailbox's mail: whose it is, and every address it has (normalised)."""

    id: RecordId
    user: RecordId | None
    addresses: frozenset[NormalAddress]


@dataclass(frozen=True, slots=True)
class _Index:
    """Rules on addresses. Exact addresses and whole domains are looked up, patterns by what they hold."""

    exact: dict[NormalAddress, list[Exclusion]] = field(default_factory=dict)
    domains: dict[str, list[Exclusion]] = field(default_factory=dict)
    globs: Globs[Exclusion] = field(default_factory=Globs)
    #: what `globs` said about an address before: most addresses come many times
    _tried: dict[NormalAddress, Sequence[Exclusion]] = field(default_factory=dict)

    def add(self, rule: Exclusion) -> None:
        pattern = address_pattern(rule.pattern)
        if isinstance(pattern, Glob):
            self.globs.add(pattern, rule)
        elif isinstance(pattern, AnyAt):
            self.domains.setdefault(pattern.domain, []).append(rule)
        else:
            self.exact.setdefault(pattern, []).append(rule)

    def find(self, address: NormalAddress, received_at: datetime) -> Exclusion | None:
        named = self.exact.get(address, ())
        at_domain = self.domains.get(domain_of(address), ()) if "@" in address else ()
        return (
            _applying(named, received_at)
            or _applying(at_domain, received_at)
            or _applying(self._matching(address), received_at)
        )

    def _matching(self, address: NormalAddress) -> Sequence[Exclusion]:
        found = self._tried.get(address)
        if found is None:
            found = self.globs.matching(address)
            if len(self._tried) >= _MOST_TRIED:
                self._tried.clear()
            if len(address) <= LONGEST_ADDRESS:
                self._tried[address] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All exclusions, compiled. `broken` says, for each user with a personal rule that cannot be understood, what is
    wrong: that user's mailboxes must not be read. Make one with `compile_rules`."""

    broken: Mapping[RecordId, str]
    #: names of the tenant, by the domains that Microsoft gave it; see `tenant_names`
    tenant: frozenset[str] = frozenset()
    #: whether any Internal Domain is active; without one, keeping unmatched mail would store all internal mail
    has_internal_domain: bool
    _internal: Mapping[str, list[Exclusion]]
    _external: _Index
    _personal: Mapping[RecordId, _Index]

    def internal_domain(self, address: NormalAddress, received_at: datetime) -> Exclusion | None:
        """The Internal Domain that covers the address, for mail received then. The most specific domain comes first."""
        domain = domain_of(address)
        if len(domain) > _LONGEST_PATTERN:  # only its end can be one of ours, as a subdomain
            domain = domain[-_LONGEST_PATTERN:].partition(".")[2]
        while domain:
            rule = _applying(self._internal.get(domain, ()), received_at)
            if rule:
                return rule
            domain = domain.partition(".")[2]
        return _OWN_DOMAIN if _tenant_name(address) in self.tenant else None

    def external(self, address: NormalAddress, received_at: datetime) -> Exclusion | None:
        """The External Address rule that excludes the address for everybody, for mail received then."""
        return self._external.find(address, received_at)

    def personal(self, user: RecordId | None, address: NormalAddress, received_at: datetime) -> Exclusion | None:
        """The rule of this user that excludes the address from the user's own mailboxes, for mail received then."""
        index = self._personal.get(user) if user else None
        return index.find(address, received_at) if index else None


def compile_rules(exclusions: Iterable[Exclusion]) -> Rules:
    """Understand every exclusion. Raises SetupError, naming the record, for a global one that cannot be understood.

    A broken rule that was removed is left out: nothing can have been decided by it, and its pattern cannot be edited.
    """
    internal: dict[str, list[Exclusion]] = {}
    external, personal = _Index(), dict[RecordId, _Index]()
    broken: dict[RecordId, str] = {}
    for rule in sorted(exclusions, key=lambda rule: (rule.removed_at is not None, rule.name, rule.id)):
        try:
            if rule.type is ExclusionType.INTERNAL_DOMAIN:
                internal.setdefault(domain_pattern(rule.pattern), []).append(rule)
            elif rule.type is ExclusionType.EXTERNAL_ADDRESS:
                external.add(rule)
            else:
                personal.setdefault(_user_of(rule), _Index()).add(rule)
        except PatternError as problem:
            if rule.removed_at is not None:
                continue
            error = _broken(rule, problem)
            if rule.user is None or rule.type is not ExclusionType.PERSONAL_ADDRESS:
                raise error from problem
            broken.setdefault(rule.user, str(error))
    return Rules(
        broken=broken,
        has_internal_domain=any(rule.removed_at is None for rules in internal.values() for rule in rules),
        _internal=internal,
        _external=external,
        _personal=personal,
    )


def tenant_names(addresses: Iterable[NormalAddress]) -> frozenset[str]:
    """The tenant's names, by the addresses of its mailboxes: `firm` of firm.onmicrosoft.com and what is below it.

    Those domains are the tenant's own, whatever admins entered: its systems write from them.
    """
    return frozenset(filter(None, map(_tenant_name, addresses)))


def decide_bounce(
    header: Header, enclosed: Header | None, box: MailboxView, rules: Rules, linked: frozenset[NormalAddress]
) -> Decision:
    """What decides about a delivery report: the people of the mail that it encloses; without that it is not stored."""
    if enclosed is None:
        return Decision(outcome=Outcome.INTERNAL, rule=UNSHOWN_REPORT)
    about = as_enclosed(header, enclosed)
    if (inside := _internal(about, rules, linked)) is not None:
        return inside
    excluded, left = _of_externals(about, box, rules, linked)
    return excluded or left


def decide(
    header: Header,
    box: MailboxView,
    rules: Rules,
    settings: SyncSettings,
    linked: frozenset[NormalAddress],
    *,
    folder_reason: str | None,
    bcc_by_group: bool | None,
) -> Decision:
    """What the headers say about a message, the first rule that applies, in the order of `steps`.

    `linked` are the addresses of all linked mailboxes. `folder_reason` says why the message's folder is not read, None
    where it is. `bcc_by_group` is True when one of `group_candidates` has no user in the directory, so that a group
    delivered the mail; False when all have one; None when that is not known: then it counts as Bcc.

    `Decision.outcome` is None where the headers do not settle it; `addresses` are then the parties to match. They are
    those of this mailbox's copy: an address that this user's own rule holds back may come with another copy.
    """
    trail = steps(header, box, rules, settings, linked, folder_reason=folder_reason, bcc_by_group=bcc_by_group)
    return next((decision for _, decision in trail if decision), Decision(outcome=None))


def steps(
    header: Header,
    box: MailboxView,
    rules: Rules,
    settings: SyncSettings,
    linked: frozenset[NormalAddress],
    *,
    folder_reason: str | None,
    bcc_by_group: bool | None,
) -> Iterator[tuple[Outcome | None, Decision | None]]:
    """The rules of `decide` one by one, in order, with what each says (None: does not apply), for `explain`.

    The last one has no outcome: it hands on the addresses that are left. Rules are asked only as far as is read.
    """
    yield Outcome.DRAFT, _draft(header)
    yield Outcome.FOLDER, _folder(folder_reason)
    yield Outcome.OPTED_OUT, _opted_out(header, settings)
    yield Outcome.BCC, _bcc(header, box, settings, bcc_by_group)
    yield Outcome.INTERNAL, _internal(header, rules, linked)
    excluded, decision = _of_externals(header, box, rules, linked)
    yield Outcome.EXCLUDED, excluded
    yield None, decision


def _of_externals(
    header: Header, box: MailboxView, rules: Rules, linked: frozenset[NormalAddress]
) -> tuple[Decision | None, Decision]:
    """What the exclusions say, None where they leave an address; and the addresses that are left."""
    parties = _external_parties(header, rules, linked)
    held_back = [_exclusion(party.address, header, box, rules) for party in parties]
    left = tuple(party for party, rule in zip(parties, held_back, strict=True) if rule is None)
    return _excluded(held_back), Decision(outcome=None, addresses=left)


def may_be_bcc(header: Header, box: MailboxView, settings: SyncSettings, *, folder_reason: str | None) -> bool:
    """Whether the bcc rule would decide, unless the directory knows better: no earlier rule applies, and no address of
    the mailbox is shown."""
    earlier = (_draft(header), _folder(folder_reason), _opted_out(header, settings))
    return not any(earlier) and _bcc(header, box, settings, None) is not None


def group_candidates(
    header: Header,
    box: MailboxView,
    rules: Rules,
    settings: SyncSettings,
    linked: frozenset[NormalAddress],
    *,
    folder_reason: str | None = None,
) -> tuple[NormalAddress, ...]:
    """The addresses to look up in the directory before `decide` can distinguish a Bcc from a group's mail.

    Internal-domain addresses in To or Cc. Empty unless the bcc rule would decide, so most mail costs no look-up; a
    linked mailbox is a user, so it is not asked for. Each is a request, and a sender may name any number: where there
    are more than MOST_CANDIDATES, the first are asked for.
    """
    if not may_be_bcc(header, box, settings, folder_reason=folder_reason):
        return ()
    candidates = dict.fromkeys(
        address
        for address in _addresses((*header.to, *header.cc))
        if address not in linked and rules.internal_domain(address, header.received_at)
    )
    return tuple(islice(candidates, MOST_CANDIDATES))


def _tenant_name(address: NormalAddress) -> str:
    """The tenant whose domain it is by its very name; empty for any other domain."""
    domain = domain_of(address)
    return domain.partition(".")[0] if domain.endswith(_GIVEN) else ""


def _draft(header: Header) -> Decision | None:
    return Decision(outcome=Outcome.DRAFT, rule="not sent yet") if header.is_draft else None


def _folder(reason: str | None) -> Decision | None:
    return None if reason is None else Decision(outcome=Outcome.FOLDER, rule=reason)


def _opted_out(header: Header, settings: SyncSettings) -> Decision | None:
    opting = {category.strip().casefold() for category in settings.opt_out_categories} - {""}
    found = next((category for category in header.categories if category.strip().casefold() in opting), None)
    return None if found is None else Decision(outcome=Outcome.OPTED_OUT, rule=f"category {found.strip()}")


def _bcc(header: Header, box: MailboxView, settings: SyncSettings, by_group: bool | None) -> Decision | None:
    if settings.sync_bcc or by_group or not box.addresses.isdisjoint(_addresses(_visible(header))):
        return None
    return Decision(outcome=Outcome.BCC, rule="mailbox in none of From, Sender, To, Cc")


def _internal(header: Header, rules: Rules, linked: frozenset[NormalAddress]) -> Decision | None:
    addresses = _addresses((*_visible(header), *header.bcc))
    if not addresses or any(_is_external(address, header, rules, linked) for address in addresses):
        return None
    domains = (rules.internal_domain(address, header.received_at) for address in addresses)
    rule = next(filter(None, domains), None)
    if rule is None:
        return Decision(outcome=Outcome.INTERNAL, rule=LINKED_ONLY)
    return Decision(outcome=Outcome.INTERNAL, rule=rule.name, rule_id=rule.id or None)


def _excluded(held_back: Sequence[Exclusion | None]) -> Decision | None:
    if not held_back or None in held_back:
        return None
    first = next(filter(None, held_back))
    return Decision(outcome=Outcome.EXCLUDED, rule=first.name, rule_id=first.id)


def _exclusion(address: NormalAddress, header: Header, box: MailboxView, rules: Rules) -> Exclusion | None:
    """The rule that keeps the address out of this copy; one for everybody is named before a personal one."""
    return rules.external(address, header.received_at) or rules.personal(box.user, address, header.received_at)


def _external_parties(header: Header, rules: Rules, linked: frozenset[NormalAddress]) -> tuple[Party, ...]:
    """Each external address once, with the first role that applies and the first name given for it."""
    roles = ((Role.FROM, _senders(header)), (Role.TO, header.to), (Role.CC, header.cc), (Role.BCC, header.bcc))
    found: dict[NormalAddress, Party] = {}
    for role, recipients in roles:
        for recipient in recipients:
            address = normalise(recipient.address)
            known = found.get(address)
            if known is None:
                if _is_external(address, header, rules, linked):
                    found[address] = Party(address=address, name=recipient.name, role=role)
            elif not known.name:
                found[address] = Party(address=address, name=recipient.name, role=known.role)
    return tuple(found.values())


def _is_external(address: NormalAddress, header: Header, rules: Rules, linked: frozenset[NormalAddress]) -> bool:
    # Exchange gives colleagues it has not resolved a legacy name without @, so such a name is never a client
    return "@" in address and address not in linked and not rules.internal_domain(address, header.received_at)


def _senders(header: Header) -> tuple[Recipient, ...]:
    return tuple(recipient for recipient in (header.from_, header.sender) if recipient)


def _visible(header: Header) -> tuple[Recipient, ...]:
    return (*_senders(header), *header.to, *header.cc)


def _addresses(recipients: Iterable[Recipient]) -> tuple[NormalAddress, ...]:
    return tuple(filter(None, (normalise(recipient.address) for recipient in recipients)))


def _applies(rule: Exclusion, received_at: datetime) -> bool:
    # removing a rule is not retroactive: mail that came while it stood stays excluded, whenever it is read
    return rule.removed_at is None or received_at < rule.removed_at


def _applying(rules: Iterable[Exclusion], received_at: datetime) -> Exclusion | None:
    return next((rule for rule in rules if _applies(rule, received_at)), None)


def _user_of(rule: Exclusion) -> RecordId:
    if rule.user is None:
        raise PatternError("is personal and has no user")
    return rule.user


def _broken(rule: Exclusion, problem: PatternError) -> SetupError:
    remedy = (
        "Clear Active on this rule and create one for a domain such as firm.example."
        if rule.type is ExclusionType.INTERNAL_DOMAIN
        else "Clear Active on this rule and create one such as news@shop.example or *@shop.example."
    )
    # what a person keeps from the client records is nobody else's business, and the status of a mailbox is read by all
    shown = "" if rule.type is ExclusionType.PERSONAL_ADDRESS else f" {rule.pattern!r}"
    return SetupError(
        f"Exclusion {rule.name} cannot be understood: its pattern{shown} {problem}",
        where=f"MS_Graph_Exclusion__c {rule.id}",
        remedy=remedy,
        code="EXCLUSION",
    )
