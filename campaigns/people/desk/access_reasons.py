"""Why somebody at the desk looks: a word of a closed list, and the number of a case; no free text, for it is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from campaigns.core.errors import AuthorError

_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]{0,39}")
_NUMBERED: Final = re.compile(r"\d")
_Word = TypeVar("_Word", bound=StrEnum)


class Ground(StrEnum):
    """Why one member is looked up."""

    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"
    REQUEST = "request"
    DUPLICATE = "duplicate"
    MISUSE = "misuse"


class LinesFor(StrEnum):
    """What lines of purchases may be read for."""

    COMPLAINT = "complaint"
    RECALL = "recall"
    BONUS = "bonus"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Why:
    """A word and a case; what the audit log keeps of it is `detail`."""

    word: StrEnum
    case: str = ""

    @property
    def detail(self) -> Mapping[str, str]:
        """Nothing personal."""
        return {"why": self.word.value, **({"case": self.case} if self.case else {})}


def why(word: str, case: str, among: type[_Word], *, needs_case: bool = False) -> Why:
    """What was given as a reason; AuthorError when it is none, or the case is not written as a number."""
    if word not in {each.value for each in among}:
        raise AuthorError.about("reason", "a reason is needed", "no_reason", "choose one")
    case = case.strip()
    if (case or needs_case) and not (_REFERENCE.fullmatch(case) and _NUMBERED.search(case)):
        raise AuthorError.about(
            "case", "a case is a number, with letters, - and / at most", "no_case", "such as A-1024"
        )
    return Why(among(word), case)
