"""Checks of list views and compact layouts: columns, filters, fields."""

import re
from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import File, Package, each, text
from m365sandbox.salesforce.metadata.rules.names import is_column, is_long, known, misfit
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem, no_such
from m365sandbox.salesforce.metadata.rules.table import MOST_COLUMNS, MOST_COMPACT, MOST_FILTERS


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("listView"):
        yield from _list_view(package, file)
    for file in package.of("compactLayout"):
        yield from _compact_layout(package, file)


def _list_view(package: Package, file: File) -> Iterator[Problem]:
    columns = each(file.root, "columns")
    for node in columns:
        if not is_column(package, file.owner, node.text or ""):
            yield Problem("list-column", file.place, node, f"Could not resolve list view column: {node.text}")
    if len(columns) > MOST_COLUMNS:
        yield Problem("list-column", file.place, columns[-1], f"A list view has at most {MOST_COLUMNS} columns")
    filters = each(file.root, "filters")
    for node in filters:
        wrong = misfit(package, file.owner, node)
        if wrong:
            yield Problem("list-filter", file.place, first(node, "field"), wrong)
    named = {int(number) for number in re.findall(r"\d+", text(file.root, "booleanFilter"))}
    if named and named != set(range(1, len(filters) + 1)):
        words = "The filter logic must name each filter, by its number from 1"
        yield Problem("list-logic", file.place, first(file.root, "booleanFilter"), words)
    if len(filters) > MOST_FILTERS:
        yield Problem("list-logic", file.place, filters[-1], f"A list view has at most {MOST_FILTERS} filters")
    if text(file.root, "filterScope") == "Mine" and "OwnerId" not in known(package, file.owner):
        words = f"{file.owner} has no owner, so that no records are mine"
        yield Problem("list-filter", file.place, first(file.root, "filterScope"), words)


def _compact_layout(package: Package, file: File) -> Iterator[Problem]:
    found = each(file.root, "fields")
    for node in found:
        name = node.text or ""
        if name not in known(package, file.owner):
            words = no_such("CustomField", f"{file.owner}.{name}", "fields")
            yield Problem("compact-field", file.place, node, words)
        elif is_long(package, file.owner, name):
            yield Problem("compact-field", file.place, node, f"{name} is long text, which a compact layout cannot show")
    if len(found) > MOST_COMPACT:
        yield Problem("compact-field", file.place, found[-1], f"A compact layout has at most {MOST_COMPACT} fields")
