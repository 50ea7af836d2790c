"""Steps of `docs/first-hour.md`: the files that it shows, and the commands that it gives, word for word."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "docs" / "first-hour.md"
_BLOCK: Final = re.compile(
    r"(?:(?P<verb>Save|Add) [^\n`]*`(?P<file>[^`]+)`[^\n]*:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class FileStep:
    """File that the reader saves, or adds to."""

    name: str
    text: str
    adds: bool

    def write(self, folder: Path) -> None:
        """Do what the page says."""
        path = folder / self.name
        path.write_text((path.read_text("utf-8") if self.adds else "") + self.text, "utf-8")


@dataclass(frozen=True, slots=True)
class CommandStep:
    """Command that the reader gives."""

    text: str

    @property
    def words(self) -> list[str]:
        """Return the words as a shell reads them."""
        return shlex.split(self.text, comments=True)


@dataclass(frozen=True, slots=True)
class ProposalStep:
    """Mapping that the page shows, as the command before it wrote it."""

    text: str


Step = FileStep | CommandStep | ProposalStep


def steps() -> Iterator[Step]:
    """Yield the steps in the order of the page."""
    for block in _BLOCK.finditer(PAGE.read_text("utf-8")):
        if block["file"]:
            yield FileStep(block["file"], block["text"], adds=block["verb"] == "Add")
        elif block["language"]:
            yield ProposalStep(block["text"])
        else:
            yield from (CommandStep(line) for line in block["text"].splitlines() if line)
