"""SOQL: text → tokens (`lexer`) → syntax tree (`parser`, `ast`) → SQL (`scope`, `filters`, `plan`) → JSON (`run`)."""

from connector.sandbox.salesforce.soql.context import Access
from connector.sandbox.salesforce.soql.errors import SoqlError
from connector.sandbox.salesforce.soql.output import Column
from connector.sandbox.salesforce.soql.parser import parse
from connector.sandbox.salesforce.soql.run import QueryResult, run_query

__all__ = ["Access", "Column", "QueryResult", "SoqlError", "parse", "run_query"]
