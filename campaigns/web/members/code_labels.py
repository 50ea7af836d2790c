"""What is kept in codes, said in words: every coded column of a dossier, and which words its codes have (GD-10)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from audiences.access.one_time_codes import Aim
from audiences.consent.consent_state import UNVERIFIED, Source
from audiences.consent.suppressions import REASONS, AddressKind, SuppressionScope
from audiences.people.find_members import By
from campaigns.channels.events import EventWord, Proof
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose, Register
from campaigns.core.model.notice_kinds import NoteKind
from campaigns.core.model.privacy_rights import Answer, Ending, RequestKind
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.core.model.settings import Settings
from campaigns.people.desk.access_reasons import Ground, LinesFor
from campaigns.rendering.choice_labels import choice_name, comes
from campaigns.rendering.templates.translations import Text
from campaigns.store.runs.decisions import SEND, SKIP
from campaigns.store.runs.states import DeliveryState
from campaigns.web.page_renderer import read_words, texts


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Codes, and how the keys of their words begin: the first that there is counts, "" for a choice's own name."""

    codes: Collection[str]
    begins: tuple[str, ...]

    def word(self, code: object, language: Language) -> str:
        """The words for a code; what is none of ours, such as the name of a provider of theirs, as it is."""
        key = str(code).replace(" ", "_")
        found = (_words().get(f"{begin}{key}") for begin in self.begins)
        return next((each.words.text(language) for each in found if each is not None), str(code))


_CHANNEL: Final = Vocabulary(tuple(Channel), ("way_",))
_LANGUAGE: Final = Vocabulary(tuple(Language), ("language_",))
_REGISTER: Final = Vocabulary(tuple(Register), ("register_",))
_SOURCE: Final = Vocabulary(tuple(Source), ("from_",))
_KIND: Final = Vocabulary(tuple(RequestKind), ("kind_",))
_ENDING: Final = Vocabulary(tuple(Ending), ("ending_",))
_STATE: Final = Vocabulary(tuple(DeliveryState), ("delivery_",))
_ENDED: Final = Vocabulary(tuple(EndReason), ("reason_", ""))
_PROVIDER: Final = Vocabulary(("folder", "smtp", "sendgrid", "twilio"), ("provider_",))
PROCESSOR: Final = Vocabulary(("print_house", "call_centre", "smtp", "sendgrid", "twilio"), ("provider_", "value_"))
_ANSWER: Final = Vocabulary(tuple(Answer), ("answer_",))
_SAID: Final = Vocabulary(("on", "off"), ("said_",))
_OURS: Final = Vocabulary(("no_limit",), ("value_",))
YES_OR_NO: Final = Vocabulary(("yes", "no"), ("value_",))

CODED: Final[Mapping[tuple[str, str], Vocabulary]] = {
    ("contact", "register"): _REGISTER,
    ("contact", "language"): _LANGUAGE,
    ("profile", "register"): _REGISTER,
    ("profile", "language"): _LANGUAGE,
    ("choice_history", "source"): _SOURCE,
    ("choice_history", "language"): _LANGUAGE,
    ("choice_history", "wording"): Vocabulary((UNVERIFIED,), ("wording_",)),
    ("messages", "purpose"): Vocabulary(tuple(Purpose), ("purpose_",)),
    ("messages", "kind"): Vocabulary((SEND, SKIP), ("decided_",)),
    ("messages", "reason"): Vocabulary(tuple(SkipReason), ("reason_", "")),
    ("messages", "channel"): _CHANNEL,
    ("messages", "delivery_state"): _STATE,
    ("messages", "delivery_reason"): _ENDED,
    ("messages", "delivery_provider"): _PROVIDER,
    ("event", "word"): Vocabulary(tuple(EventWord), ("heard_",)),
    ("event", "provider"): _PROVIDER,
    ("event", "proves"): Vocabulary(tuple(Proof), ("delivery_",)),
    ("note", "kind"): Vocabulary(tuple(NoteKind), ("note_",)),
    ("note", "channel"): _CHANNEL,
    ("note", "language"): _LANGUAGE,
    ("note", "state"): _STATE,
    ("note", "reason"): _ENDED,
    ("suppressions", "kind"): Vocabulary(tuple(AddressKind), ("blocked_",)),
    ("suppressions", "reason"): Vocabulary(REASONS, ("reason_",)),
    ("suppressions", "scope"): Vocabulary(tuple(SuppressionScope), ("scope_",)),
    ("suppressions", "source"): _SOURCE,
    ("request", "kind"): _KIND,
    ("request", "source"): _SOURCE,
    ("request", "outcome"): _ENDING,
    ("processor_task", "kind"): _KIND,
    ("processor_task", "channel"): _CHANNEL,
    ("processor_task", "provider"): _PROVIDER,
    ("processor_task", "answer"): _ANSWER,
    ("one_time_code", "aim"): Vocabulary(tuple(Aim), ("aim_",)),
    ("sign_up", "language"): _LANGUAGE,
    ("audit", "action"): Vocabulary((), ("action_",)),
    ("retention", "what"): Vocabulary(("unsent_messages", "one_time_codes"), ("value_",)),
    ("processors", "channel"): _CHANNEL,
    ("processors", "processor"): PROCESSOR,
    ("processors", "receives"): Vocabulary((), ("value_",)),
    ("processors", "where"): Vocabulary(("here", "print_house", "call_centre"), ("value_",)),
}
"""The columns of a dossier whose values are codes, by section and column; the closed lists with all their codes."""

DETAILS: Final[Mapping[str, Vocabulary]] = {
    "kind": _KIND,
    "outcome": _ENDING,
    "answer": _ANSWER,
    "processor": PROCESSOR,
    "source": _SOURCE,
    "by": Vocabulary(tuple(By), ("by_",)),
    "why": Vocabulary(
        (*Ground, *LinesFor, "member show", "member why", "member choices"), ("ground_", "lines_for_", "command_")
    ),
    "form": Vocabulary(("page", "html", "json", "csv"), ("form_",)),
}
"""The same for what the audit log adds to an act, by name."""

_NAMES: Final = Vocabulary((), ("detail_",))


@dataclass(frozen=True, slots=True)
class Speech:
    """Says coded values in one language; `titles` names a field of contact, `written` writes what is no code."""

    settings: Settings
    language: Language
    titles: Callable[[str], str]
    written: Callable[[Any], str]

    def cell(self, section: str, column: str, row: Mapping[str, Any]) -> str:
        """The value of a column in a row, in words."""
        value = row.get(column)
        if value is None:
            return _OURS.word("no_limit", self.language) if column == "kept_days" else ""
        if (section, column) == ("choice_history", "state"):  # as the desk says it: of what the choice is called by
            return _SAID.word("on" if comes(row["choice"], on=value == "on") else "off", self.language)
        coded = CODED.get((section, column))
        return self._made(section, column, value) if coded is None else coded.word(value, self.language)

    def _made(self, section: str, column: str, value: Any) -> str:
        match section, column:
            case "choices", "newsletters":
                return self._choices(f"{NEWSLETTER_PREFIX}{name}" for name in _between_bars(value))
            case "choices", "withdrawn":
                return self._choices(_between_bars(value))
            case "messages", "newsletter":
                return self._choice(f"{NEWSLETTER_PREFIX}{value}")
            case "sign_up", "wordings":
                return "; ".join(f"{self._choice(choice)}: {version}" for choice, version in value.items())
            case "audit", "detail":
                return "; ".join(self._detail(name, each) for name, each in value.items() if each != "")
            case ("choice_history", _) | ("own_change", _):
                return self._named(column, value)
        return self.written(value)

    def _detail(self, name: str, value: Any) -> str:
        coded = DETAILS.get(name)
        said = self._named(name, value) if coded is None else coded.word(value, self.language)
        return f"{_NAMES.word(name, self.language)}: {said}"

    def _named(self, name: str, value: Any) -> str:
        """What stands under a name that says what it is, here and in what the audit log adds."""
        match name:
            case "choice":
                return self._choice(value)
            case "choices":
                return self._choices(value)
            case "field":
                return self.titles(value)
            case "fields":
                return ", ".join(map(self.titles, value))
        return self.written(value)

    def _choice(self, choice: str) -> str:
        is_ours = choice.startswith(NEWSLETTER_PREFIX) or choice in set(Choice)
        return choice_name(choice, self.language, self.settings) if is_ours else choice

    def _choices(self, choices: Iterable[str]) -> str:
        return ", ".join(map(self._choice, choices))


def _between_bars(value: str) -> Iterator[str]:
    return (each for each in value.split("|") if each)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Text]:
    return {**texts(), **read_words("coded.yaml")}
