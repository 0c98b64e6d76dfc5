"""SOQL: text → tokens (`lexer`) → syntax tree (`parser`, `ast`) → SQL (`scope`, `filters`, `plan`) → JSON (`run`)."""

from m365sandbox.salesforce.soql.context import Access
from m365sandbox.salesforce.soql.errors import SoqlError
from m365sandbox.salesforce.soql.output import Column
from m365sandbox.salesforce.soql.parser import parse
from m365sandbox.salesforce.soql.run import QueryResult, run_query

__all__ = ["Access", "Column", "QueryResult", "SoqlError", "parse", "run_query"]
