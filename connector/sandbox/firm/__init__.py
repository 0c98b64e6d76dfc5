"""Firms to play with: users, clients, mailboxes, settings and mail."""

from connector.sandbox.firm.large import FirmSize
from connector.sandbox.firm.populate import populate
from connector.sandbox.firm.stores import MailReport

__all__ = ["FirmSize", "MailReport", "populate"]
