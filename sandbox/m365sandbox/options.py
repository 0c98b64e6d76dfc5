"""What `sandbox up` can be asked, checked before anything is made."""

from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import idna

from m365sandbox.weather import WEATHERS

FIRMS = ("none", "small", "large")
#: What `--latency` takes.
LATENCY = "GRAPH_MS,SALESFORCE_MS,SALESFORCE_ROW_MS[,GRAPH_ITEM_MS[,MBIT_PER_S]]"


class RefusedPackageError(ValueError):
    """`sfdc_objects/` cannot be deployed: a line for each problem, as an org would say it."""


class OptionError(ValueError):
    """Something `sandbox up` was asked that it cannot do; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """What `sandbox up` was asked. `latency` has three to five numbers, as LATENCY names them; the rest is 0."""

    dir: Path | None = None
    port: int = 0
    http: bool = False
    firm: str = "none"
    mail: Path | None = None
    domains: tuple[str, ...] = ()
    latency: tuple[float, ...] = (0, 0, 0)
    weather: str = "calm"
    mailboxes: int | None = None
    messages: int | None = None
    contacts: int | None = None
    seed: int | None = None

    def firm_size(self) -> dict[str, int]:
        """What was said of the size of a generated firm; the rest is left to its defaults."""
        said = {"mailboxes": self.mailboxes, "messages": self.messages, "contacts": self.contacts, "seed": self.seed}
        return {name: value for name, value in said.items() if value is not None}


def check(options: UpOptions) -> None:
    """Raise OptionError for what this version cannot do."""
    if options.firm not in FIRMS:
        raise OptionError(f"--firm {options.firm} does not exist; there is {', '.join(FIRMS)}")
    if options.weather not in WEATHERS:
        raise OptionError(f"--weather {options.weather} does not exist; there is {', '.join(WEATHERS)}")
    for name, value in options.firm_size().items():
        if options.firm != "large":
            raise OptionError(f"--{name} needs --firm large")
        if value < (0 if name in ("messages", "seed") else 1):
            raise OptionError(f"--{name} must not be {value}")
    if any(value < 0 for value in options.latency):
        raise OptionError("--latency must not be negative")
    if not 0 <= options.port <= 65535:
        raise OptionError("--port must be from 0 to 65535")
    if options.domains and (options.mail is None or options.firm != "small"):
        raise OptionError("--domain needs --firm small and --mail")
    if options.mail is not None and not options.mail.exists():
        raise OptionError(f"--mail {options.mail} does not exist")


def parse_latency(text: str) -> tuple[float, ...]:
    """The three to five numbers of `--latency`. Raises OptionError for anything else."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise _no_latency(text) from error
    if not 3 <= len(numbers) <= 5 or not all(map(isfinite, numbers)):
        raise _no_latency(text)
    return numbers


def _no_latency(text: str) -> OptionError:
    return OptionError(f"--latency {text} is not three to five numbers, such as 80,120,0.4 or 80,120,0.4,1,100")


def parse_domain(text: str) -> str:
    """The domain that `--domain` names, as addresses have it: lower case, in ASCII. Raises OptionError."""
    domain = text.strip().lower().removeprefix("*").removeprefix("@").rstrip(".")
    with suppress(idna.IDNAError, UnicodeError):
        normal = idna.encode(domain, uts46=True).decode("ascii")
        if "." in normal:
            return normal
    raise OptionError(f"--domain {text} is no domain; name one such as firm.com")
