"""What is wrong in Salesforce and Microsoft 365, with the exact words that say so.

`…` stands for ids, hosts and words that are the services' own.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.data.bad_configuration import AP, GONE, MG, SF

DEPLOY = "Deploy sfdc_objects and assign the permission set Microsoft_365_Sync_Integration to the integration user."
ASSIGN = "Assign the permission set Microsoft_365_Sync_Integration to the integration user."
AUDIT = (
    "Deploy the prerequisites of sfdc_objects, and assign the permission set Microsoft_365_Sync_Audit_Fields "
    "to the integration user."
)


@dataclass(frozen=True, slots=True)
class Words:
    """An error as it is told: `error: WHAT (WHERE). REMEDY`."""

    what: str
    remedy: str
    where: str = "localhost:…"

    @property
    def line(self) -> str:
        """The whole line."""
        return f"error: {self.what} ({self.where}). {self.remedy}"


def fits(words: str, text: str) -> bool:
    """Whether a text is these words."""
    return re.fullmatch(".+?".join(map(re.escape, words.split("…"))), text) is not None


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration that a service refuses. `files`: written beside it."""

    name: str
    values: dict[str, Any]
    words: Words
    files: dict[str, str] = field(default_factory=dict)
    salesforce: dict[str, Any] | None = None


_SALESFORCE = "Salesforce refused the sign-in: "
_ENTRA = "Microsoft Entra refused the sign-in: "
_CONSUMER = Words(
    f"{_SALESFORCE}invalid_client_id: client identifier invalid",
    "Check named_credentials.Salesforce.consumer_key; a new app takes 10 minutes to be known.",
)
_TENANT = Words(
    "Microsoft Entra knows no such tenant, or does not say how to sign in to it",
    "Check tenant and token_endpoint_url under auth_providers.",
    where="https://localhost:…",
)
_NO_RESOURCE = Words(
    f"{_ENTRA}AADSTS500011: …",
    "Check named_credentials.MicrosoftGraphAPI.url: the tenant knows no such service.",
)

SIGN_INS = [
    Configured("Salesforce consumer key", {f"{SF}.consumer_key": "nobody"}, _CONSUMER),
    Configured(
        "Salesforce username",
        {f"{SF}.username": "nobody@firm.example"},
        Words(
            f"{_SALESFORCE}invalid_grant: user hasn't approved this consumer",
            "Check named_credentials.Salesforce.username, and let its permission set or profile use the app "
            "(App policies: Admin approved users are pre-authorized).",
        ),
    ),
    Configured(
        "Salesforce private key",
        {f"{SF}.private_key": "env:SALESFORCE_PRIVATE_KEY"},
        Words(
            f"{_SALESFORCE}invalid_grant: invalid assertion",
            "Upload the certificate of named_credentials.Salesforce.private_key to the app.",
        ),
    ),
    Configured(
        "Salesforce client secret",
        {
            f"{SF}.flow": "client_credentials",
            f"{SF}.username": GONE,
            f"{SF}.private_key": GONE,
            f"{SF}.consumer_secret": "env:M365_CLIENT_SECRET",
        },
        Words(
            f"{_SALESFORCE}invalid_client: invalid client credentials",
            "Check named_credentials.Salesforce.consumer_secret.",
        ),
    ),
    Configured(
        "Salesforce client key",
        {
            f"{SF}.flow": "client_credentials",
            f"{SF}.consumer_key": "nobody",
            f"{SF}.username": GONE,
            f"{SF}.private_key": GONE,
            f"{SF}.consumer_secret": "env:M365_CLIENT_SECRET",
        },
        _CONSUMER,
    ),
    Configured(
        "Entra application",
        {f"{AP}.consumer_key": "11111111-1111-1111-1111-111111111111"},
        Words(
            f"{_ENTRA}AADSTS700016: …",
            "Check consumer_key and tenant: the app registration was not found in this tenant.",
        ),
    ),
    Configured(
        "Entra secret",
        {f"{AP}.consumer_secret": "env:M365_CLIENT_SECRET"},
        Words(
            f"{_ENTRA}AADSTS7000215: …",
            "Enter the secret's Value, not its id, as consumer_secret; make a new one if it was lost.",
        ),
    ),
    Configured(
        "Entra certificate",
        {
            f"{AP}.consumer_secret": GONE,
            f"{AP}.certificate": {"private_key": "env:SALESFORCE_PRIVATE_KEY", "thumbprint": "ab" * 20},
        },
        Words(
            f"{_ENTRA}AADSTS700027: …",
            "Upload the certificate to the app registration, or check thumbprint and private_key.",
        ),
    ),
    Configured("tenant by name", {f"{AP}.tenant": "nosuch.onmicrosoft.com"}, _TENANT),
    Configured("tenant by id", {f"{AP}.tenant": "11111111-1111-1111-1111-111111111111"}, _TENANT),
    Configured("another cloud", {f"{MG}.url": "https://graph.microsoft.us"}, _NO_RESOURCE),
    Configured("no Graph", {f"{MG}.url": "https://graph.invalid"}, _NO_RESOURCE),
    Configured(
        "no Entra",
        {f"{AP}.token_endpoint_url": "https://localhost:1/{tenant}/oauth2/v2.0/token"},
        Words(
            "Microsoft Entra cannot be reached: the connection was refused",
            "Check auth_providers, and that a firewall lets this machine through.",
        ),
    ),
    Configured(
        "no Salesforce",
        {f"{SF}.url": "https://localhost:1"},
        Words(
            "Salesforce cannot be reached: the connection was refused",
            "Check named_credentials.Salesforce, and that a firewall lets this machine through.",
        ),
    ),
    Configured(
        "no such name",
        {f"{SF}.url": "https://firm.invalid"},
        Words(
            "Salesforce cannot be reached: its host name is not known",
            "Check named_credentials.Salesforce, and the name resolution of this machine.",
            where="firm.invalid",
        ),
    ),
    Configured(
        "untrusted",
        {"tls.ca_file": GONE},
        Words(
            "Salesforce cannot be reached: its certificate is not trusted",
            "Name the authority that signed it in tls.ca_file. Check named_credentials.Salesforce.",
        ),
    ),
    Configured(
        "version",
        {"salesforce.api_version": "99.0"},
        Words(
            "Salesforce does not serve the Composite resource in this version of its API",
            "Set salesforce.api_version to a version that the org has.",
        ),
    ),
    Configured(
        "namespace",
        {"salesforce.namespace": "acme"},
        Words(
            "The objects acme__Email_Participant__c, acme__Email__c, acme__MS_Graph_Exclusion__c, "
            "acme__MS_Graph_Sync_Error__c, acme__MS_Graph_Sync_Event__c and acme__MS_Graph_User__c are not deployed, "
            "or the integration user may not see them",
            f"Check salesforce.namespace. {DEPLOY}",
        ),
    ),
]

NAMED_PRINCIPAL = Words("Nobody has signed in to Microsoft 365 yet", "Type m365sync login.")
UNKNOWN_MAILBOX = Words(
    "No mailbox is named nobody@firm.example",
    "Use the User Principal Name of an MS Graph User record, or add one.",
    where="--mailbox",
)


def _setting(name: str, text: str) -> Words:
    return Words(
        f"The field {name} of Microsoft 365 Sync Setting Default cannot be understood: {text}",
        "Correct the record in Salesforce.",
        where="MS_Graph_Setting__c …",
    )


def _key(value: str) -> Words:
    return Words(
        f"The Microsoft 365 Sync Setting Default has the key {value}",
        "Set its Key__c to default.",
        where="MS_Graph_Setting__c …",
    )


#: Fields of the settings record, and what is told.
SETTINGS: list[tuple[dict[str, Any], Words]] = [
    *(
        ({name: value}, _setting(name, f"a whole number {span} is expected"))
        for name, span, values in (
            ("Backfill_Months__c", "from 0 to 600", (-1, 601, 10**12)),
            ("Unmatched_Retention_Days__c", "from 1 to 36500", (-1, 0, 10**12)),
            ("Licensed_Users__c", "from 0 on", (-1,)),
            ("Attachment_Max_MB__c", "from 0 on", (-1,)),
        )
        for value in values
    ),
    ({"Key__c": "other"}, _key("other")),
    ({"Key__c": None}, _key("(none)")),
    (
        {"Keep_Unmatched__c": True},
        Words(
            "Keep Unmatched Emails is on and there is no active Internal Domain, so all internal mail would be stored",
            "Add the firm's mail domains as MS Graph Exclusions of type Internal Domain, or switch it off.",
            where="Microsoft 365 Sync Setting",
        ),
    ),
]


def _rule(pattern: str, text: str, like: str) -> Words:
    return Words(
        f"Exclusion EXC-… cannot be understood: its pattern {pattern!r} {text}",
        f"Clear Active on this rule and create one {like}.",
        where="MS_Graph_Exclusion__c …",
    )


_DOMAIN, _ADDRESS = "for a domain such as firm.example", "such as news@shop.example or *@shop.example"
#: Type, pattern, and what is told.
EXCLUSIONS: list[tuple[str, str, Words]] = [
    *(
        ("Internal Domain", pattern, _rule(pattern, text, _DOMAIN))
        for pattern, text in (
            ("*.firm.example", "has a *; a domain covers its subdomains without one"),
            ("ann@firm.example", "is an address, not a domain"),
            ("firm", "is not a domain name with a dot"),
            ("firm.example, bank.example", "is not a domain name with a dot"),
            ("https://firm.example", "is not a domain name with a dot"),
            ("*", "has no letter or digit"),
            ("@", "has no letter or digit"),
        )
    ),
    *(
        ("External Address", pattern, _rule(pattern, text, _ADDRESS))
        for pattern, text in (
            ("*", "has no letter or digit"),
            ("*@*", "has no letter or digit"),
            ("a@x.example; b@x.example", "is not one address"),
            ("Ann <ann@x.example>", "is not one address"),
            ("a@b@x.example", "has more than one @"),
            ("ann@", "has nothing after its @"),
            ("x.example", "has neither @ nor *, so no address can match it"),
        )
    ),
]

_MAILBOX_FIELDS = (
    "Correct User Principal Name or Email Address on the MS Graph User record; "
    "groups and mail contacts have no mailbox."
)
_SERVED = "Check that the user exists, is licensed and has its mailbox in Exchange Online."
_NOBODY = "nobody@firm.example"
#: A row of MS_Graph_User__c that names no mailbox, and its Status Detail. The others go on.
MAILBOXES: list[tuple[dict[str, Any], Words]] = [
    (
        {},
        Words(
            "The record names no mailbox",
            "Fill in User Principal Name or Email Address on the MS Graph User record.",
            where="Bob",
        ),
    ),
    *(
        (
            {"User_Principal_Name__c": name},
            Words(f"No user of the tenant is named {name}", _MAILBOX_FIELDS, where="Bob"),
        )
        for name in (_NOBODY, "Bob Builder", "a/b'c?x#y@firm.example", "bob_home.example#EXT#@firm.onmicrosoft.com")
    ),
    (
        {"Email_Address__c": _NOBODY},
        Words(f"No user of the tenant is named {_NOBODY}", _MAILBOX_FIELDS, where="Bob"),
    ),
]
#: What a mailbox in the tenant is, and the Status Detail of its row.
UNSERVED: list[tuple[dict[str, Any], Words]] = [
    ({"state": state}, Words("Microsoft Graph serves no such mailbox (404 …)", _SERVED, where="user …"))
    for state in ("unlicensed", "on_premises", "soft_deleted")
]

#: A change of the linked row or of its user, and the Status Detail. Nothing failed: it is just not read.
NOT_LINKED: list[tuple[dict[str, Any], str]] = [
    ({"Active__c": False}, "Active is off on this mailbox."),
    ({"User__c": None}, "No Salesforce user is linked. Set User on this record."),
]
INACTIVE = "The linked user is not active in Salesforce. Link the user who has the mailbox now, or clear Active."
SECOND_ROW = Words(
    "This is the mailbox of another MS Graph User, Ada",
    "Delete this record, or correct its User Principal Name and Email Address.",
    where="Bob",
)
WITHOUT_PERMISSION_SET = "The linked user does not hold the permission set Microsoft 365 Sync User. Assign it."
PERSONAL_RULE = (
    "Exclusion EXC-… cannot be understood: its pattern has neither @ nor *, so no address can match it "
    "(MS_Graph_Exclusion__c …). Clear Active on this rule and create one such as news@shop.example or *@shop.example."
)
