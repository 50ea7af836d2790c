"""Refused forms of the desk: the message at each field, and what was typed, kept for the page that follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from campaigns.core.errors import UserError
from campaigns.web.forms import FormFields
from campaigns.web.page_renderer import page_texts

_NEVER_KEPT: Final = frozenset({"proof", "ticket", "code"})
_ANSWER: Final = "answer_"  # of a caller
_FIELDS: Final[Mapping[str, str]] = {
    "reason": "purpose",
    "days": "last",
    "criteria": "store",
    "unknown_member": "other",
    "same_member": "other",
}
"""Fields of a member's forms by the place or the code of a problem, where they are not the place itself."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refused form of a page: text keys of its problems by field, and the typed values.

    A problem of no field stands under "".
    """

    form: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: FormFields = field(default_factory=lambda: FormFields({}), repr=False)

    @classmethod
    def of(cls, form: str, fields: FormFields, error: UserError, names: Mapping[str, str] = _FIELDS) -> "Refusal":
        """Return the refusal of a posted form; `names` maps places and codes of problems to fields."""
        errors: dict[str, str] = {}
        for problem in error.problems:
            place = problem.place.file
            name = names.get(problem.code) or names.get(place, place)
            errors.setdefault(name if name in fields.fields else "", text_key(problem.code))
        return cls(form, errors, fields)

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> "Refusal":
        """Return the refusal that a ticket holds."""
        if not content:
            return NO_REFUSAL
        return cls(content["form"], content["errors"], FormFields(content["typed"]))

    def to_json(self) -> Mapping[str, Any]:
        """Return the refusal as a ticket holds it, without secrets of the form, codes and answers of a caller."""
        typed = {
            name: list(values)
            for name, values in self.typed.fields.items()
            if name not in _NEVER_KEPT and not name.startswith(_ANSWER)
        }
        return {"form": self.form, "errors": dict(self.errors), "typed": typed}


NO_REFUSAL: Final = Refusal()


def text_key(code: str) -> str:
    """Return the text key for the code of a problem."""
    return f"refused_{code}" if f"refused_{code}" in page_texts() else "refused"
