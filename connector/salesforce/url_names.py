"""The one place that knows the namespace: our own objects and fields carry its prefix on the wire, and only there."""

import re
from collections.abc import Mapping
from typing import Any

#: Custom objects and fields (`__c`), and the relationships along them (`__r`).
_CUSTOM = re.compile(r"\b([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*__[cr])\b")


class Names:
    """Adds the namespace to our names, and takes it off again. Without a namespace nothing changes."""

    def __init__(self, namespace: str = "") -> None:
        self._prefix = f"{namespace}__" if namespace else ""

    def wire(self, text: str) -> str:
        """Our names in a path, a field list or a query template as the org knows them. Never for text of others."""
        return _CUSTOM.sub(rf"{self._prefix}\1", text) if self._prefix else text

    def to_wire(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A row to send, parents named by external id included."""
        if not self._prefix:
            return dict(fields)
        return {
            self.wire(name): self.to_wire(value) if isinstance(value, Mapping) else value
            for name, value in fields.items()
        }

    def plain(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record that was read, with our own names, in its parents and child rows too."""
        return {name.removeprefix(self._prefix): self._plain(value) for name, value in record.items()}

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.plain(value)
        return [self._plain(item) for item in value] if isinstance(value, list) else value
