"""`docs/requirements.md` lists every requirement once, each with a test that cites its id, or with a reason."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

_TESTS: Final = Path(__file__).parents[1]
_PAGE: Final = (_TESTS.parent / "docs" / "requirements.md").read_text("utf-8")
_ROW: Final = re.compile(r"^\| ([A-Z]{1,2}-\d\d) \| (.+) \| (.+) \|$", re.MULTILINE)
_ROWS: Final = _ROW.findall(_PAGE)
_REASON: Final = "does not apply: "
_FAMILIES: Final = {
    "A": 27, "C": 17, "FI": 17, "GD": 24, "E": 20, "DL": 9, "SG": 14, "SM": 4, "TW": 17, "PR": 12, "OP": 7,
}  # fmt: skip
"""Number of requirements of each family: a lost row would otherwise go unseen."""


def cites(source: str, requirement: str) -> bool:
    """Return whether a test module cites an id, in a text (`E-22`) or in a test's name (`test_e22_…`)."""
    in_name = requirement.lower().replace("-", "")
    return re.search(rf"\b{requirement}\b|_{in_name}_", source) is not None or _in_a_range(source, requirement)


def _in_a_range(source: str, requirement: str) -> bool:
    family, number = requirement.split("-")
    ranges = re.findall(rf"\b{family}-(\d\d) to {family}-(\d\d)\b", source)
    return any(int(first) <= int(number) <= int(last) for first, last in ranges)


def test_every_requirement_is_listed_once() -> None:
    ids = Counter(requirement for requirement, _text, _witness in _ROWS)
    assert [requirement for requirement, count in ids.items() if count > 1] == []
    assert Counter(requirement.partition("-")[0] for requirement in ids) == _FAMILIES
    assert ids.total() == 168


@pytest.mark.parametrize(("requirement", "witness"), [(row[0], row[2]) for row in _ROWS], ids=[row[0] for row in _ROWS])
def test_a_requirement_has_a_test_that_cites_it_or_a_reason(requirement: str, witness: str) -> None:
    if witness.startswith(_REASON):
        assert len(witness) > len(_REASON) + 40, "the reason is a sentence"
        return
    named = re.fullmatch(r"`(test_\w+\.py)::(\w+)`", witness)
    assert named, f"{requirement}: `module::test`, or a reason"
    sources = [path.read_text("utf-8") for path in _TESTS.rglob(named[1])]
    defining = [text for text in sources if re.search(rf"^(async )?def {named[2]}\(", text, re.MULTILINE)]
    assert defining, f"{witness} does not exist"
    assert any(cites(text, requirement) for text in defining), f"{witness} does not cite {requirement}"
