"""Delivery reports (bounces): who writes them is nobody's client, so the mail that they enclose decides. Pure."""

import re
from dataclasses import replace

from connector.core.deciding.identity import sender_of
from connector.model.mail import Header

#: Exchange reports as `MicrosoftExchange` and 32 hexadecimal digits; others by the names that RFC 2142 and custom keep
#: for it.
_REPORTER = re.compile(r"(?:microsoftexchange[0-9a-f]{32}|postmaster|mailer-daemon|mail-daemon)@.*")


def is_bounce(header: Header) -> bool:
    """Whether a mail system wrote it, about a mail that it could not deliver."""
    return _REPORTER.fullmatch(sender_of(header)) is not None


def as_enclosed(report: Header, enclosed: Header) -> Header:
    """The report, with the people of the mail that it is about: they decide in its place."""
    return replace(
        report,
        from_=enclosed.from_,
        sender=enclosed.sender,
        to=enclosed.to,
        cc=enclosed.cc,
        bcc=enclosed.bcc,
    )
