"""The pages of the documentation: their YAML, and every command line that they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    path.name: path.read_text("utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
_FENCED: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`(viesti [^`]+)`")
_PLACEHOLDER: Final = re.compile(r"\b[A-Z]{1,}\b|…")


@dataclass(frozen=True)
class CommandLine:
    """A command line on a page; `shown` when it stands in a block of its own."""

    page: str
    text: str
    shown: bool

    @property
    def words(self) -> list[str]:
        """What is typed after `viesti`, without the remark beside it."""
        return re.split(r"\s{2,}|\s#", self.text)[0].split()[1:]

    @property
    def is_whole(self) -> bool:
        """Whether it can be typed as it stands: no word waits to be replaced."""
        return not any(_PLACEHOLDER.search(word) or "|" in word for word in self.words)


def yaml_blocks() -> Iterator[tuple[str, str]]:
    """Each YAML block with the name of its page."""
    for page, text in PAGES.items():
        yield from ((page, block) for language, block in _FENCED.findall(text) if language == "yaml")


def command_lines() -> Iterator[CommandLine]:
    """Every command line of every page."""
    for page, text in PAGES.items():
        for _, block in _FENCED.findall(text):
            yield from (
                CommandLine(page, line, shown=True) for line in block.splitlines() if line.startswith("viesti ")
            )
        prose = _FENCED.sub("", text)
        yield from (CommandLine(page, " ".join(line.split()), shown=False) for line in _INLINE.findall(prose))
