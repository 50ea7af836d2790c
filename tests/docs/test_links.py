"""Every link of a page leads somewhere: to a file, a picture, or the heading that it names."""

import re
from typing import Final

import pytest

from tests.support.docs_pages import PAGES, ROOT

_LINK: Final = re.compile(r"\]\(([^)\s:]*?)(?:#([^)\s]+))?\)")
_HEADING: Final = re.compile(r"^#+ (.*)$", re.MULTILINE)
LINKS: Final = sorted({(page, file, heading) for page, text in PAGES.items() for file, heading in _LINK.findall(text)})


def anchors(text: str) -> set[str]:
    """The headings of a page as links name them."""
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in _HEADING.findall(text)}


@pytest.mark.parametrize(("page", "file", "heading"), LINKS)
def test_a_link_leads_somewhere(page: str, file: str, heading: str) -> None:
    source = ROOT / page if page == "README.md" else ROOT / "docs" / page
    target = (source.parent / file) if file else source
    assert target.is_file()
    assert not heading or heading in anchors(target.read_text("utf-8"))


def test_every_picture_of_the_docs_is_shown() -> None:
    pictures = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert pictures == {file.rpartition("/")[2] for _, file, _ in LINKS if file.endswith(".png")}
