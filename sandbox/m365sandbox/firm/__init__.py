"""Firms to play with: users, clients, mailboxes, settings and mail."""

from m365sandbox.firm.large import FirmSize
from m365sandbox.firm.populate import populate
from m365sandbox.firm.stores import MailReport

__all__ = ["FirmSize", "MailReport", "populate"]
