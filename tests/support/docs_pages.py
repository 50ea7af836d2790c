"""Pages of the documentation: their YAML blocks and command lines."""

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
_WORD: Final = re.compile(r'"[^"]*"|\S+')
_PLACEHOLDER: Final = re.compile(r"\b[A-Z]{1,}\b|…")


@dataclass(frozen=True)
class CommandLine:
    """Command line on a page; `shown` if it is in a code block."""

    page: str
    text: str
    shown: bool

    @property
    def words(self) -> list[str]:
        """Return the arguments after `viesti`, without a trailing comment."""
        return [word.strip('"') for word in _WORD.findall(re.split(r"\s{2,}|\s#", self.text)[0])][1:]

    @property
    def is_whole(self) -> bool:
        """Return whether it is complete: no placeholder in it."""
        return not any(_PLACEHOLDER.search(word) or "|" in word for word in self.words)


def yaml_blocks() -> Iterator[tuple[str, str]]:
    """Generate every YAML block with the name of its page."""
    for page, text in PAGES.items():
        yield from ((page, block) for language, block in _FENCED.findall(text) if language == "yaml")


def command_lines() -> Iterator[CommandLine]:
    """Generate every command line of every page."""
    for page, text in PAGES.items():
        for _, block in _FENCED.findall(text):
            yield from (
                CommandLine(page, line, shown=True) for line in block.splitlines() if line.startswith("viesti ")
            )
        prose = _FENCED.sub("", text)
        yield from (CommandLine(page, " ".join(line.split()), shown=False) for line in _INLINE.findall(prose))
