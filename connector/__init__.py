"""Keeps a firm's Microsoft 365 mail on its client records in Salesforce."""

__version__ = "0.1.0"
