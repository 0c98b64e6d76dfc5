"""Checks of one file by itself: well-formed, in its place, with the elements, values and lengths that its kind has."""

import re
from collections.abc import Iterator
from functools import cache
from xml.etree import ElementTree as ET

from m365sandbox.salesforce.metadata.package import NAMESPACE, File, Package, local, text
from m365sandbox.salesforce.metadata.rules.elements import ELEMENTS, VALUES
from m365sandbox.salesforce.metadata.rules.problem import Problem
from m365sandbox.salesforce.metadata.rules.table import CHILDREN_OF_OBJECTS, KINDS, LIMITS, NAME_LIMITS

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_PARSING = "Error parsing file: "


def check(package: Package) -> Iterator[Problem]:
    """All problems of this kind."""
    for place, reason in package.broken:
        yield Problem("xml", place, None, f"{_PARSING}{reason}")
    for file in package.files:
        yield from _kind(file)
        if file.kind in KINDS and local(file.root) == KINDS[file.kind][0]:
            yield from _elements(file, file.root, local(file.root))
        yield from _name(file)
        yield from _lengths(file)


def is_name(name: str) -> bool:
    """Whether that can be a developer name: letters, digits and single underscores inside."""
    return _NAME.fullmatch(name) is not None


def _kind(file: File) -> Iterator[Problem]:
    if file.kind not in KINDS:
        yield Problem("kind", file.place, None, f"Could not infer a metadata type from the suffix {file.kind}")
        return
    tag, folder = KINDS[file.kind]
    if file.root.tag != NAMESPACE + tag:
        yield Problem("kind", file.place, file.root, f"{_PARSING}Expected {tag}, found {local(file.root)}")
    if file.folder != (folder or file.name):
        yield Problem("kind", file.place, None, f"A {tag} cannot stand in the folder {file.folder}")
    said = text(file.root, "fullName")
    if said != (file.name if file.kind in CHILDREN_OF_OBJECTS else ""):
        words = f"The fullName is {said or 'missing'}, the file's name {file.name}"
        yield Problem("kind", file.place, file.root, words)
    if file.after_comment and file.kind in CHILDREN_OF_OBJECTS:
        words = f'Invalid XML tags or unable to find matching parent xml file for {tag} "{file.name}"'
        yield Problem("comment", file.place, file.root, words)


@cache
def _elements_of(kind: str) -> dict[str, tuple[str, str]]:
    """By name: the name with its marks, and what the element holds."""
    found = {}
    for word in ELEMENTS[kind].split():
        name, _, holds = word.partition(":")
        found[name.rstrip("*!")] = (name, holds)
    return found


def _elements(file: File, node: ET.Element, kind: str) -> Iterator[Problem]:
    known = _elements_of(kind)
    seen: set[str] = set()
    before = ""
    for child in node:
        tag = local(child)
        if tag == "fullName":
            continue
        if tag not in known:
            yield Problem(
                "element", file.place, child, f"{_PARSING}Element {child.tag} invalid at this location in type {kind}"
            )
            continue
        mark, holds = known[tag]
        if tag in seen and ("*" not in mark or tag != before):
            rule = "scattered" if "*" in mark else "repeated"
            words = f"{_PARSING}Element {tag} is duplicated at this location in type {kind}"
            yield Problem(rule, file.place, child, words)
        seen.add(tag)
        before = tag
        yield from _holds(file, child, holds, f"{kind}.{tag}")
    for name, (mark, _) in known.items():
        if "!" in mark and name not in seen:
            yield Problem("missing", file.place, node, f"Required field is missing: {name}")


def _holds(file: File, node: ET.Element, holds: str, where: str) -> Iterator[Problem]:
    said = (node.text or "").strip()
    if holds in ELEMENTS:
        yield from _elements(file, node, holds)
    elif len(node):
        yield Problem("element", file.place, node, f"{where} holds elements; {holds or 'its kind'} is not emulated")
    elif holds in VALUES:
        if said not in VALUES[holds].split():
            yield Problem("value", file.place, node, f"{_PARSING}'{said}' is not a valid value for the enum '{holds}'")
    elif holds == "boolean" and said not in ("true", "false"):
        yield Problem("value", file.place, node, f"{_PARSING}'{said}' is not a valid value for the type xsd:boolean")
    elif holds == "number" and not said.isdecimal():
        yield Problem("value", file.place, node, f"{_PARSING}'{said}' is not a valid value for the type xsd:int")


def _name(file: File) -> Iterator[Problem]:
    most = NAME_LIMITS.get(file.kind)
    names = [(file.name, file.root)] if most else []
    if file.kind == "sharingRules":
        most = 80
        names = [(text(rule, "fullName"), rule) for rule in file.root]
    for name, node in names:
        developer_name = name.removesuffix("__c").rpartition(".")[2]
        if len(developer_name) > (most or 0):
            yield Problem("name", file.place, node, f"Value too long for field: FullName maximum length is:{most}")
        elif not is_name(developer_name):
            words = f"The name {name} can only contain letters, digits and single underscores, must begin with a letter"
            yield Problem("name", file.place, node, f"{words} and cannot end with an underscore")


def _lengths(file: File) -> Iterator[Problem]:
    for limit in LIMITS:
        if limit.kind != file.kind:
            continue
        path = "/".join(NAMESPACE + part for part in limit.path.split("/"))
        for node in file.root.findall(path):
            if len(node.text or "") > limit.most:
                name = limit.path.rpartition("/")[2]
                words = f"Value too long for field: {name[0].upper()}{name[1:]} maximum length is:{limit.most}"
                yield Problem("length", file.place, node, words)
