"""The error tree, grouped by what to do. Every message is written for the admin who will read it.

ConnectorError
├── UsageError            exit 2: the command or the local configuration is wrong; no service was asked
├── ServiceError          exit 3: the run as a whole cannot be done; no timestamp moves
│   ├── SignInError           a service refuses who we are, or cannot be asked
│   ├── UnreachableError      no answer after all attempts
│   │   ├── NoAnswerError             none in time
│   │   ├── TooLargeError             one that is larger than its kind may be
│   │   └── UnreadableAnswerError     one that nobody can read
│   ├── ForeignHostError      an answer names an address on another host
│   ├── SetupError            a missing object, field or right, unreadable settings or exclusions
│   └── OrgFaultError         the org refuses every row for one reason
├── MailboxError          this mailbox cannot be read; the others go on
│   ├── MailboxUnavailableError   Graph serves no such mailbox
│   └── MailboxOutageError        Graph is busy or broken; a service failure when all mailboxes meet it
│       └── BrokenListError           a list of its messages cannot be read; a part of it may
└── MessageError          this message fails alone, with an error row
    └── MessageGoneError      the message is no longer where it was listed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: the remedy of what passes, as long as there are attempts left
TRIED_AGAIN = "It is tried again by itself."
#: the remedy of what an administrator can change
TRIED_DAILY = "Correct what the message names; it is tried again once a day."


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    """An error as data, for reports, logs and other processes. As text it is one line: WHAT (WHERE). REMEDY."""

    code: str
    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.what.rstrip('.')}{where}.{remedy}"

    def to_json(self) -> dict[str, str]:
        """The object that `--json` prints."""
        return {"code": self.code, "message": self.what, "where": self.where, "remedy": self.remedy}


class ConnectorError(Exception):
    """Something went wrong. `what` happened, `where`, and the `remedy` to try; one line when printed."""

    code = "ERROR"
    exit_code = 3

    def __init__(self, what: str, *, where: str = "", remedy: str = "", code: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        if code is not None:
            self.code = code

    @property
    def detail(self) -> ErrorDetail:
        """The error as an ErrorDetail, without its cause and trace."""
        return ErrorDetail(code=self.code, what=self.what, where=self.where, remedy=self.remedy)

    def __str__(self) -> str:
        return str(self.detail)


class UsageError(ConnectorError):
    """The command or the local configuration cannot be used as it stands."""

    code = "USAGE"
    exit_code = 2


class ServiceError(ConnectorError):
    """The run as a whole could not be done. The next run resumes where this one stopped."""

    code = "SERVICE"


class StoppedError(ServiceError):
    """Somebody asked the scheduler to stop. The next run resumes where this one stopped."""

    code = "STOPPED"


class SignInError(ServiceError):
    """A service refused the sign-in, or did not answer it: the code says which."""

    code = "SIGN_IN"


class UnreachableError(ServiceError):
    """A service could not be reached, or did not answer in time, after all attempts."""

    code = "UNREACHABLE"


class NoAnswerError(UnreachableError):
    """The service took longer than http.timeout_seconds: it was asked too much at once, or is still at it."""

    code = "TIMEOUT"


class TooLargeError(UnreachableError):
    """The service answered with more than an answer of this kind may hold, so that it was not read to its end."""

    code = "ANSWER_TOO_LARGE"


class UnreadableAnswerError(UnreachableError):
    """The service answered, each time with something that is not JSON."""

    code = "UNREADABLE_ANSWER"


class ForeignHostError(ServiceError):
    """An answer named an address that is not of its service; it was not asked."""

    code = "FOREIGN_HOST"


class SetupError(ServiceError):
    """The org or the tenant is not set up for the connector: something is missing or cannot be read."""

    code = "SETUP"


class OrgFaultError(ServiceError):
    """The org refuses every row for one reason, so it is not the mail's fault.

    `written`: what became of all rows (RowResult) of the write that showed it; rows of other objects may be stored.
    """

    code = "ORG_FAULT"
    written: Sequence[Any] = ()


class MailboxError(ConnectorError):
    """This mailbox could not be read. The other mailboxes go on."""

    code = "MAILBOX"
    exit_code = 1


class MailboxUnavailableError(MailboxError):
    """Microsoft Graph serves no such mailbox: unlicensed, deleted, on premises, or not in this tenant."""

    code = "MAILBOX_UNAVAILABLE"


class MailboxOutageError(MailboxError):
    """Microsoft Graph is busy or has a fault with this mailbox, after all attempts."""

    code = "MAILBOX_OUTAGE"


class BrokenListError(MailboxOutageError):
    """A list of messages came as an error of the service, or as something that cannot be read."""

    code = "BROKEN_LIST"


class MessageError(ConnectorError):
    """This message could not be synced. `transient` says whether trying later can help; `by_rule`, whether something
    refused it that an administrator can change, so that it is tried once a day."""

    code = "MESSAGE"
    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        remedy: str = "",
        code: str | None = None,
        transient: bool = False,
        by_rule: bool = False,
    ) -> None:
        super().__init__(what, where=where, remedy=remedy, code=code)
        self.transient = transient
        self.by_rule = by_rule


class MessageGoneError(MessageError):
    """The message is no longer in the mailbox."""

    code = "GONE"
