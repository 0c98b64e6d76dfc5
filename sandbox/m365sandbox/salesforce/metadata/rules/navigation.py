"""Checks of tabs, apps and quick actions."""

from collections.abc import Iterator

from m365sandbox.salesforce.metadata.package import NAMESPACE, File, Package, each, flag, text, values
from m365sandbox.salesforce.metadata.rules.names import known
from m365sandbox.salesforce.metadata.rules.objects import first
from m365sandbox.salesforce.metadata.rules.problem import Problem, no_such
from m365sandbox.salesforce.metadata.rules.table import MOTIFS

_MOTIFS = {f"Custom{number}: {name}" for number, name in enumerate(MOTIFS.split("|"), start=1)}
#: What a tab may show; one of them.
_SHOWN = ("auraComponent", "flexiPage", "lwcComponent", "page", "scontrol", "url")


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for file in package.of("tab"):
        yield from _tab(package, file)
    for file in package.of("app"):
        for node in each(file.root, "tabs"):
            if node.text not in package.names("tab") and not (node.text or "").startswith("standard-"):
                yield Problem("app-tab", file.place, node, no_such("CustomTab", node.text or "", "tabs"))
    for file in package.of("quickAction"):
        yield from _quick_action(package, file)


def _tab(package: Package, file: File) -> Iterator[Problem]:
    root = file.root
    of_object = flag(root, "customObject")
    if text(root, "motif") not in _MOTIFS:
        yield Problem("motif", file.place, first(root, "motif"), f"Invalid motif: {text(root, 'motif')}")
    if of_object and file.name not in package.objects:
        words = no_such("CustomObject", file.name, "customObject")
        yield Problem("tab-object", file.place, first(root, "customObject"), words)
    if of_object + sum(bool(text(root, tag)) for tag in _SHOWN) != 1 or (of_object and text(root, "label")):
        words = "A tab shows a custom object, which gives it its label, or one other thing"
        yield Problem("tab-kind", file.place, root, words)


def _quick_action(package: Package, file: File) -> Iterator[Problem]:
    owner = file.name.partition(".")[0]
    for item in file.root.iter(f"{NAMESPACE}quickActionLayoutItems"):
        name = text(item, "field")
        if name and name not in known(package, owner):
            words = no_such("CustomField", f"{owner}.{name}", "field")
            yield Problem("action-field", file.place, first(item, "field"), words)
    for override in each(file.root, "fieldOverrides"):
        name, value = text(override, "field"), text(override, "literalValue")
        field = package.fields.get((owner, name))
        if field is None:
            words = no_such("CustomField", f"{owner}.{name}", "field")
            yield Problem("action-field", file.place, first(override, "field"), words)
        elif text(field, "type") == "Picklist" and value not in values(field):
            words = f"Picklist value: {value} in picklist: {name} not found"
            yield Problem("action-field", file.place, first(override, "literalValue"), words)
