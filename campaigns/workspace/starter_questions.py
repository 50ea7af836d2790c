"""Questions about a new workspace: whose it is, its languages, country and addresses, each with a default."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from campaigns.core.model.enums import Language
from campaigns.core.model.placeholder import PLACEHOLDER

Answers = Mapping[str, str]

_LOCAL_URL: Final = "http://localhost:8000"
_COUNTRY_DEFAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "FI": ("EUR", "Europe/Helsinki"),
    "SE": ("SEK", "Europe/Stockholm"),
    "NO": ("NOK", "Europe/Oslo"),
    "DK": ("DKK", "Europe/Copenhagen"),
    "EE": ("EUR", "Europe/Tallinn"),
    "LV": ("EUR", "Europe/Riga"),
    "LT": ("EUR", "Europe/Vilnius"),
}
"""Currency and time zone by country; elsewhere somebody has to say them."""


@dataclass(frozen=True, slots=True)
class StarterQuestion:
    """Question about a new workspace, and its default, from the answers before it.

    An empty default is none: somebody has to answer. `note` ends the explanation of the option.
    """

    key: str
    metavar: str
    text: str
    default: Callable[[Answers], str]
    note: str = ""

    @property
    def help(self) -> str:
        """Return the explanation of the option."""
        return f"{self.text}{self.note}"


def _constant(value: str) -> Callable[[Answers], str]:
    return lambda _answers: value


def _of_country(position: int) -> Callable[[Answers], str]:
    return lambda answers: _COUNTRY_DEFAULTS.get(answers["country"], ("", ""))[position]


def _default_address(answers: Answers) -> str:
    host = (urlsplit(answers["public_url"]).hostname or "").removeprefix("www.")
    return f"news@{host if '.' in host and not re.fullmatch(r'[0-9.]+', host) else 'example.org'}"


def _default_name(answers: Answers) -> str:
    """Return the name in the first language where it alone was said, else that of the folder."""
    first = answers["languages"].split(",")[0]
    return answers.get(f"name_{first}") or answers["folder"].capitalize()


def _name_of(answers: Answers) -> str:
    return answers["name"]


_TODO: Final = _constant(PLACEHOLDER)
_NAMES: Final[Mapping[Language, str]] = {Language.FI: "Finnish", Language.SV: "Swedish", Language.EN: "English"}

QUESTIONS: Final = (
    StarterQuestion(
        "languages",
        "LIST",
        "Languages, the most spoken first",
        _constant("fi,sv,en"),
        ", as in fi,sv; the first is for members whose language is not known",
    ),
    StarterQuestion(
        "name",
        "NAME",
        "Name of the organisation",
        _default_name,
        "; default: that in the first language, or the folder's",
    ),
    *(StarterQuestion(f"name_{each}", "NAME", f"Its name in {name}", _name_of) for each, name in _NAMES.items()),
    StarterQuestion("country", "CODE", "Country", _constant("FI"), "; default: FI"),
    StarterQuestion("currency", "CODE", "Currency", _of_country(0), "; default: that of the country"),
    StarterQuestion("time_zone", "ZONE", "Time zone", _of_country(1), "; default: the country's"),
    StarterQuestion(
        "public_url",
        "URL",
        "Address of the members' pages",
        _constant(_LOCAL_URL),
        "; default: on this machine",
    ),
    StarterQuestion(
        "email",
        "ADDRESS",
        "E-mail address that messages come from",
        _default_address,
        "; proofs go to its domain alone",
    ),
    StarterQuestion("legal_name", "NAME", "Legal name", _name_of, "; default: the name"),
    StarterQuestion("business_id", "ID", "Business ID", _TODO),
    StarterQuestion("street", "STREET", "Street address", _TODO),
    StarterQuestion("postal_code", "CODE", "Postal code", _TODO),
    StarterQuestion("city", "CITY", "City", _TODO),
    StarterQuestion("telephone", "NUMBER", "Telephone of customer service", _TODO),
)
"""Questions in their order; the law wants everything from the legal name on in each message (FI-04)."""


def is_asked(question: StarterQuestion, answers: Answers) -> bool:
    """Return whether a question is worth asking: names only in the chosen languages but the first."""
    if not question.key.startswith("name_"):
        return True
    return question.key.removeprefix("name_") in answers["languages"].split(",")[1:]
