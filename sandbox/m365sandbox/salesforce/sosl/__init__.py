"""SOSL: reading it, and which texts a search expression matches. What it searches is the caller's business."""

from m365sandbox.salesforce.sosl.expression import Expression, MalformedSearchError, parse_expression, words_of
from m365sandbox.salesforce.sosl.statement import Returning, Search, parse

__all__ = ["Expression", "MalformedSearchError", "Returning", "Search", "parse", "parse_expression", "words_of"]
