"""Proposed values: our words for those of another system, in Finnish, Swedish and English."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from campaigns.core.yaml.source import read_yaml

_WORDS: Final = TypeAdapter(dict[str, dict[str, list[str]]])
_FILE: Final = Path(__file__).with_name("value_words.yaml")
_SWITCH: Final = "switch"
_BOOLEANS: Final = {"on": "true", "off": "false"}
_MOST: Final = 30  # different words that a list has


@dataclass(frozen=True, slots=True)
class ValueProposal:
    """Proposed words for those of a column, and the unknown ones with their numbers of rows."""

    known: Mapping[str, str]
    unknown: Mapping[str, int]


def propose_values(ours: str, texts: Sequence[str], words: Collection[str] | None) -> ValueProposal | None:
    """Return our word for each of a column; of `words`, or true and false when that is None.

    Return None for more words than a list has: they may be names, and are not to be written into a file.
    """
    known, unknown = dict[str, str](), dict[str, int]()
    targets = ("true", "false") if words is None else words
    counts = Counter(text for text in texts if text not in targets)
    if len(counts) > _MOST:
        return None
    for text, rows in counts.most_common():
        word = _our_word(ours, text, boolean=words is None)
        if word in targets:
            known[text] = word
        else:
            unknown[text] = rows
    return ValueProposal(known, unknown)


def are_yes_or_no(texts: Sequence[str]) -> bool:
    """Return whether there are texts, and all are words for yes or no."""
    known = {word for listed in _words()[_SWITCH].values() for word in listed}
    return bool(texts) and {text.casefold() for text in texts} <= known


def _our_word(ours: str, text: str, *, boolean: bool) -> str:
    """Return our word, or the text in small letters when none is listed."""
    folded = text.casefold()
    listed = _words().get(_SWITCH if boolean or ours == "state" else ours, {})
    word = next((word for word, theirs in listed.items() if folded in theirs), folded)
    return _BOOLEANS.get(word, word) if boolean else word


@cache
def _words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return _WORDS.validate_python(read_yaml(_FILE).value)
