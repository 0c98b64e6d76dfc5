"""Checks of one file by itself: well-formed, in its place, with the elements, values and lengths that its kind has."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from tests.unit.metadata.elements import ELEMENTS, VALUES
from tests.unit.metadata.platform_rules import CHILDREN_OF_OBJECTS, KINDS, LIMITS, NAME_LIMITS
from tests.unit.metadata.project import NAMESPACE, File, Project, local, text

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")


class Finding(NamedTuple):
    """A rule that a file breaks."""

    rule: str
    place: str
    what: str


def check(project: Project) -> Iterator[Finding]:
    """All findings of this module."""
    for place in project.broken:
        yield Finding("xml", place, "not well-formed")
    for file in project.files:
        yield from _kind(file)
        if file.kind in KINDS and local(file.root) == KINDS[file.kind][0]:
            yield from _elements(file, file.root, local(file.root))
        yield from _name(file)
        yield from _lengths(file)


def _kind(file: File) -> Iterator[Finding]:
    if file.kind not in KINDS:
        yield Finding("kind", file.place, f"unknown: {file.kind}")
        return
    tag, folder = KINDS[file.kind]
    if file.root.tag != NAMESPACE + tag:
        yield Finding("kind", file.place, f"root is {file.root.tag}")
    if file.folder != (folder or file.name):
        yield Finding("kind", file.place, f"stands in {file.folder}")
    said = text(file.root, "fullName")
    if said != (file.name if file.kind in CHILDREN_OF_OBJECTS else ""):
        yield Finding("kind", file.place, f"fullName is {said or 'missing'}")


def _elements(file: File, node: ET.Element, kind: str) -> Iterator[Finding]:
    known = {}
    for word in ELEMENTS[kind].split():
        name, _, holds = word.partition(":")
        known[name.rstrip("*!")] = (name[-1], holds)
    seen: set[str] = set()
    for child in node:
        tag = local(child)
        if tag == "fullName":
            continue
        if tag not in known:
            yield Finding("element", file.place, f"{kind} has no {tag}")
            continue
        mark, holds = known[tag]
        if tag in seen and mark != "*":
            yield Finding("repeated", file.place, f"{kind}.{tag}")
        seen.add(tag)
        yield from _holds(file, child, holds, f"{kind}.{tag}")
    for name, (mark, _) in known.items():
        if mark == "!" and name not in seen:
            yield Finding("missing", file.place, f"{kind}.{name}")


def _holds(file: File, node: ET.Element, holds: str, where: str) -> Iterator[Finding]:
    said = node.text or ""
    if holds in ELEMENTS:
        yield from _elements(file, node, holds)
    elif len(node):
        yield Finding("element", file.place, f"{where} holds elements; add {holds or 'its kind'} to elements.py")
    elif holds in VALUES:
        if said not in VALUES[holds].split():
            yield Finding("value", file.place, f"{where} is {said}")
    elif (holds == "boolean" and said not in ("true", "false")) or (holds == "number" and not said.isdecimal()):
        yield Finding("value", file.place, f"{where} is {said}")


def _name(file: File) -> Iterator[Finding]:
    most = NAME_LIMITS.get(file.kind)
    names = [file.name] if most else []
    if file.kind == "sharingRules":
        most = 80
        names = [text(rule, "fullName") for rule in file.root]
    for name in names:
        developer_name = name.removesuffix("__c").rpartition(".")[2]
        if not _NAME.fullmatch(developer_name) or len(developer_name) > (most or 0):
            yield Finding("name", file.place, name)


def _lengths(file: File) -> Iterator[Finding]:
    for limit in LIMITS:
        if limit.kind != file.kind:
            continue
        path = "/".join(NAMESPACE + part for part in limit.path.split("/"))
        for node in file.root.findall(path):
            if len(node.text or "") > limit.most:
                yield Finding("length", file.place, f"{limit.path}: {len(node.text or '')} of {limit.most}")
