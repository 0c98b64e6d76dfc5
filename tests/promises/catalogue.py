"""All promises of both distributions."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from testkit.promise import Promise

ROOT = Path(__file__).parents[2]
_FOLDERS = (ROOT / "tests/promises", ROOT / "sandbox/tests/promises")


def promises(words: Sequence[str] = ()) -> Iterator[tuple[str, Promise]]:
    """Each with its topic, in a fixed order; with words, only those of which one occurs in topic, sentence or names."""
    for folder in _FOLDERS:
        for path in sorted(folder.glob("*.py")):
            topic = f"{folder.parents[1].name}:{path.stem}" if folder != _FOLDERS[0] else path.stem
            for promise in _listed(path):
                text = " ".join((topic, promise.says, promise.where, promise.caught_by))
                if not words or any(word in text for word in words):
                    yield topic, promise


def _listed(path: Path) -> list[Promise]:
    """The PROMISES of one file. Loaded by its path, since both suites have a package of the name `tests`."""
    spec = importlib.util.spec_from_file_location(f"promises_of_{path.parents[2].name}_{path.stem}", path)
    if spec is None or spec.loader is None or path.stem in ("__init__", "__main__", "catalogue"):
        return []
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[Promise] = module.PROMISES
    return found
