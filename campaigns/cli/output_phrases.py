"""Phrases of printed tables and sentences in one language: English in the code, the others in `output_phrases.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from campaigns.core.model.enums import Language

_FILE: Final = Path(__file__).with_suffix(".yaml")
_COLUMNS: Final = {Language.FI: 0, Language.SV: 1}


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases of one output, so that headings, cells and sentences are in one language."""

    language: Language = Language.EN

    def text(self, english: str, **values: object) -> str:
        """Return a phrase in the language, with its values inserted; a phrase without translation stays English."""
        translated = english if self.language is Language.EN else self._translate(english)
        return translated.format(**values) if values else translated

    def code(self, code: str | None) -> str:
        """Return a stored code, such as a reason or a state, in the language; English has the code itself."""
        return self.text(code) if code else ""

    def covers(self, english: str) -> bool:
        """Return whether a text can be said in the language; stored sentences are English."""
        return self.language is Language.EN or english in translated_phrases()

    def texts(self, *english: str) -> tuple[str, ...]:
        """Return several phrases, such as the headings of a table."""
        return tuple(map(self.text, english))

    def share(self, number: int, whole: int, decimals: int = 1) -> str:
        """Return a share in percent; a dash of nothing."""
        if not whole:
            return "–"
        percent = self.decimal(f"{number / whole * 100:.{decimals}f}")
        return f"{percent}%" if self.language is Language.EN else f"{percent} %"

    def decimal(self, number: str) -> str:
        """Return a decimal number with the language's sign between units and decimals."""
        return number if self.language is Language.EN else number.replace(".", ",")

    def _translate(self, english: str) -> str:
        translations = translated_phrases().get(english)
        return english if translations is None else translations[_COLUMNS[self.language]]


@lru_cache(maxsize=1)
def translated_phrases() -> Mapping[str, tuple[str, str]]:
    """Return the Finnish and the Swedish text of each English phrase."""
    from campaigns.core.yaml.source import parse_yaml

    pairs = [(english, entry.items()) for english, entry in parse_yaml(_FILE.read_bytes(), _FILE.name).entries()]
    return {english: (str(finnish.value), str(swedish.value)) for english, (finnish, swedish) in pairs}
