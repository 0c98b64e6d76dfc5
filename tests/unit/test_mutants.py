"""The mutants fit the code as it is now: `scripts/mutants`, which runs them, takes long."""

from collections import Counter
from pathlib import Path

from tests.mutants.__main__ import mutants

ROOT = Path(__file__).parents[2]


def test_every_mutant_changes_one_place_and_names_a_test_that_is_there() -> None:
    known = {name: (ROOT / name).read_text(encoding="utf-8") for name in {mutant.file for mutant in mutants([])}}
    misfits = [
        mutant
        for mutant in mutants([])
        if known[mutant.file].count(mutant.text) != 1
        or mutant.text == mutant.replacement
        or not _is_there(*mutant.test.partition("[")[0].rsplit("::", 1))
    ]
    assert misfits == []


def test_no_mutant_is_there_twice() -> None:
    counted = Counter((mutant.file, mutant.text, mutant.replacement, mutant.test) for mutant in mutants([]))
    assert [mutant for mutant, times in counted.items() if times > 1] == []


def _is_there(place: str, test: str) -> bool:
    return f"def {test}(" in (ROOT / place.partition("::")[0]).read_text(encoding="utf-8")
