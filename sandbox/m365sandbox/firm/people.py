"""The invented people of the small firm: its staff, its clients and the rules of its settings."""

from dataclasses import dataclass

DOMAIN = "alderfinch.example"


@dataclass(frozen=True, slots=True)
class Staff:
    """A mailbox of the firm. `user` is the key of the person whose Salesforce user it is linked to."""

    key: str
    name: str
    role: str
    user: str
    shared: bool = False
    alias: str | None = None
    knows_graph_id: bool = True

    @property
    def address(self) -> str:
        """The primary address, which is the user principal name too."""
        local = self.key if self.shared else ".".join(self.name.lower().split())
        return f"{local}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Client:
    """A Contact. `account` is the household or company it belongs to."""

    key: str
    first: str
    last: str
    email: str
    account: str


# Two rows come as Data Loader brings them, without the Graph id: the connector has to resolve those by their names.
STAFF = (
    Staff("priya", "Priya Raman", "Partner, Chartered Financial Planner", "priya", alias=f"priya@{DOMAIN}"),
    Staff("tom", "Tom Okafor", "Financial Planner", "tom"),
    Staff("elena", "Elena Moretti", "International Clients", "elena", knows_graph_id=False),
    Staff("clientcare", "Client Care", "Alder & Finch Wealth", "tom", shared=True, knows_graph_id=False),
)

HOUSEHOLDS = (
    "Whitcombe Household",
    "Delacroix Household",
    "Nakamura Family",
    "Okonkwo-Reyes Household",
    "Lindqvist Household",
    "Petrova Household",
)
COMPANIES = ("Harbour & Vale Dental Ltd", "Brightwater Foundation", "Schäfer Maschinenbau GmbH")

CLIENTS = (
    Client("george", "George", "Whitcombe", "george@whitcombe.example", "Whitcombe Household"),
    Client("margaret", "Margaret", "Whitcombe", "margaret@whitcombe.example", "Whitcombe Household"),
    Client("delacroix", "Camille", "Delacroix", "famille@delacroix.example", "Delacroix Household"),
    Client("julien", "Julien", "Delacroix", "famille@delacroix.example", "Delacroix Household"),
    Client("kenji", "Kenji", "Nakamura", "kenji@nakamura.example", "Nakamura Family"),
    Client("yui", "Yui", "Nakamura", "yui@nakamura.example", "Nakamura Family"),
    Client("adaeze", "Adaeze", "Okonkwo-Reyes", "adaeze@okonkwo-reyes.example", "Okonkwo-Reyes Household"),
    Client("mateo", "Mateo", "Reyes", "mateo@okonkwo-reyes.example", "Okonkwo-Reyes Household"),
    Client("astrid", "Astrid", "Lindqvist", "astrid.lindqvist@fjordmail.example", "Lindqvist Household"),
    Client("irina", "Irina", "Petrova", "irina.petrova@seamail.example", "Petrova Household"),
    Client("rhys", "Rhys", "Morgan", "rhys@harbourvale.example", "Harbour & Vale Dental Ltd"),
    Client("sofia", "Sofia", "Brandt", "sofia.brandt@harbourvale.example", "Harbour & Vale Dental Ltd"),
    Client("hannah", "Hannah", "Osei", "hannah.osei@brightwater.example", "Brightwater Foundation"),
    Client("uwe", "Uwe", "Schäfer", "uwe@schaefer-maschinen.example", "Schäfer Maschinenbau GmbH"),
)

# Type, pattern, and for a personal one the key of the person it belongs to.
EXCLUSIONS = (
    ("Internal Domain", DOMAIN, None),
    ("External Address", "*@news.marketpulse.example", None),
    ("External Address", "no-reply@*", None),
    ("Personal Address", "dev.raman@familymail.example", "priya"),
)


def display_and_address(who: str) -> tuple[str, str]:
    """Name and address of a person of this firm by key, or of `Name <address>` as it is written."""
    for staff in STAFF:
        if staff.key == who:
            return staff.name, staff.address
    for client in CLIENTS:
        if client.key == who:
            return f"{client.first} {client.last}", client.email
    name, _, rest = who.partition("<")
    return name.strip(), rest.rstrip("> ")
