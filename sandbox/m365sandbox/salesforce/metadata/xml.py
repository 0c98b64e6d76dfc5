"""Metadata XML, with the file's name in every complaint."""

from pathlib import Path
from xml.etree import ElementTree

from m365sandbox.salesforce.metadata.model import MetadataError

_NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"


class Document:
    """One element of a metadata file; `of_file` gives the root."""

    def __init__(self, path: Path, element: ElementTree.Element) -> None:
        self.path = path
        self._element = element

    @classmethod
    def of_file(cls, path: Path, root: str) -> "Document":
        """Parse a file whose root must be `root`. MetadataError where it is broken or something else."""
        try:
            element = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - our own package's files
        except (ElementTree.ParseError, ValueError) as exc:
            raise MetadataError(f"{path}: not well-formed XML ({exc}).") from exc
        except OSError as exc:
            raise MetadataError(f"{path}: cannot be read ({exc.strerror}).") from exc
        if element.tag != _NAMESPACE + root:
            found = element.tag.removeprefix(_NAMESPACE)
            raise MetadataError(f"{path}: the root element is {found}, expected {root}.")
        return cls(path, element)

    def error(self, problem: str) -> MetadataError:
        """A complaint about this file."""
        return MetadataError(f"{self.path}: {problem}")

    def get(self, name: str, default: str = "") -> str:
        """The text of a child element, or the default where it is absent."""
        found = self._element.findtext(_NAMESPACE + name)
        return default if found is None else found

    def need(self, name: str) -> str:
        """The text of a child element that must be there."""
        found = self.get(name).strip()
        if not found:
            raise self.error(f"{name} is missing.")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """A true or false child element."""
        text = self.get(name).strip()
        if text not in ("", "true", "false"):
            raise self.error(f"{name} must be true or false, not {text}.")
        return text == "true" if text else default

    def number(self, name: str, default: int | None = None) -> int:
        """A whole-number child element."""
        text = self.get(name).strip()
        if not text and default is not None:
            return default
        if not text.isdecimal():
            raise self.error(f"{name} must be a whole number, not {text or 'empty'}.")
        return int(text)

    def all(self, name: str) -> list["Document"]:
        """The child elements of a name."""
        return [Document(self.path, element) for element in self._element.findall(_NAMESPACE + name)]

    def one(self, name: str) -> "Document | None":
        """The child element of a name, if there is one."""
        return next(iter(self.all(name)), None)

    def first_tag(self) -> tuple[str, str]:
        """Name and text of the first child (`sharedTo` holds one)."""
        for child in self._element:
            return child.tag.removeprefix(_NAMESPACE), child.text or ""
        raise self.error("an element is empty.")
