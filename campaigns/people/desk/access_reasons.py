"""Reasons for desk look-ups: a word from a closed list and a case number. No free text, since reasons are stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from audiences.consent.consent_state import ConsentSource
from campaigns.core.errors import UserError

_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]{0,39}")
_HAS_DIGIT: Final = re.compile(r"\d")
_Word = TypeVar("_Word", bound=StrEnum)


class LookUpReason(StrEnum):
    """Reasons to look a member up."""

    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"
    REQUEST = "request"
    DUPLICATE = "duplicate"
    MISUSE = "misuse"

    @property
    def source(self) -> ConsentSource:
        """Return where a change under this reason comes from: the telephone for a caller, the desk for all others."""
        return ConsentSource.PHONE if self is LookUpReason.CALL else ConsentSource.DESK


class PurchaseLinesPurpose(StrEnum):
    """Purposes for which purchase lines may be read."""

    COMPLAINT = "complaint"
    RECALL = "recall"
    BONUS = "bonus"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class AccessReason:
    """Reason and case number of a look-up; the audit log stores `detail`."""

    word: StrEnum
    case: str = ""

    @property
    def detail(self) -> Mapping[str, str]:
        """Return the audit log detail; it holds nothing personal."""
        return {"why": self.word.value, **({"case": self.case} if self.case else {})}


def parse_reason(word: str, case: str, among: type[_Word], *, needs_case: bool = False) -> AccessReason:
    """Return a typed reason; raise UserError when it is not in the list, or the case is not a number."""
    if word not in {reason.value for reason in among}:
        raise UserError.about("reason", "a reason is needed", "no_reason", "choose one")
    case = case.strip()
    if (case or needs_case) and not (_REFERENCE.fullmatch(case) and _HAS_DIGIT.search(case)):
        raise UserError.about("case", "a case is a number, with letters, - and / at most", "no_case", "such as A-1024")
    return AccessReason(among(word), case)
