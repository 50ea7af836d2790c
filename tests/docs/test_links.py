"""Links of the pages: each leads to a file, a picture, or an existing heading."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
}
DECISIONS: Final = ROOT / "docs" / "decisions"

_LINK: Final = re.compile(r"\]\(([^)\s:]*?)(?:#([^)\s]+))?\)")
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)


LINKS: Final = sorted({(page, file, heading) for page, text in PAGES.items() for file, heading in _LINK.findall(text)})
"""Page, file and heading of each link inside the repository."""


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}


@pytest.mark.parametrize(("page", "file", "heading"), LINKS)
def test_link_leads_to_a_file_and_a_heading(page: str, file: str, heading: str) -> None:
    source = ROOT / page
    target = (source.parent / file) if file else source
    assert target.is_file()
    assert not heading or heading in anchors(target.read_text("utf-8"))


def test_every_picture_is_shown_on_a_page() -> None:
    pictures = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert pictures == {Path(file).name for _, file, _ in LINKS if "pictures/" in file}


def test_every_page_is_linked() -> None:
    linked = {(ROOT / page).parent.joinpath(file).resolve() for page, file, _ in LINKS if file}
    pages = {ROOT / page for page in PAGES} - {ROOT / "README.md"}
    assert sorted(path.name for path in pages - linked) == []


def test_decisions_are_numbered_and_dated_with_three_headings() -> None:
    records = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]} "), path.name
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE), path.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"], path.name
