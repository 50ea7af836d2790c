"""Labels of stored codes: every coded column of a subject access export, and the labels of its codes (GD-10)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from audiences.access.one_time_codes import CodeAim
from audiences.consent.consent_state import UNVERIFIED, ConsentSource
from audiences.consent.suppressions import REASONS, AddressKind, SuppressionScope
from audiences.people.find_members import SearchField
from campaigns.channels.events import EventWord, Proof
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose, Register
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, RequestOutcome
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
    """Codes with the key prefixes of their labels.

    The first prefix with a text counts; "" stands for a choice's own name.
    """

    codes: Collection[str]
    begins: tuple[str, ...]

    def word(self, code: object, language: Language) -> str:
        """Return the label of a code; an unknown code, such as a custom provider name, as it is."""
        key = str(code).replace(" ", "_")
        texts_found = (_label_texts().get(f"{prefix}{key}") for prefix in self.begins)
        return next((text.words.text(language) for text in texts_found if text is not None), str(code))


_CHANNEL: Final = Vocabulary(tuple(Channel), ("way_",))
_LANGUAGE: Final = Vocabulary(tuple(Language), ("language_",))
_REGISTER: Final = Vocabulary(tuple(Register), ("register_",))
_SOURCE: Final = Vocabulary(tuple(ConsentSource), ("from_",))
_KIND: Final = Vocabulary(tuple(RequestKind), ("kind_",))
_ENDING: Final = Vocabulary(tuple(RequestOutcome), ("ending_",))
_STATE: Final = Vocabulary(tuple(DeliveryState), ("delivery_",))
_END_REASON: Final = Vocabulary(tuple(EndReason), ("reason_", ""))
_PROVIDER: Final = Vocabulary(("folder", "smtp", "sendgrid", "twilio"), ("provider_",))
PROCESSOR: Final = Vocabulary(("print_house", "call_centre", "smtp", "sendgrid", "twilio"), ("provider_", "value_"))
_ANSWER: Final = Vocabulary(tuple(ProcessorAnswer), ("answer_",))
_ON_OFF: Final = Vocabulary(("on", "off"), ("said_",))
_NO_LIMIT: Final = Vocabulary(("no_limit",), ("value_",))
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
    ("messages", "delivery_reason"): _END_REASON,
    ("messages", "delivery_provider"): _PROVIDER,
    ("event", "word"): Vocabulary(tuple(EventWord), ("heard_",)),
    ("event", "provider"): _PROVIDER,
    ("event", "proves"): Vocabulary(tuple(Proof), ("delivery_",)),
    ("note", "kind"): Vocabulary(tuple(NoticeKind), ("note_",)),
    ("note", "channel"): _CHANNEL,
    ("note", "language"): _LANGUAGE,
    ("note", "state"): _STATE,
    ("note", "reason"): _END_REASON,
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
    ("one_time_code", "aim"): Vocabulary(tuple(CodeAim), ("aim_",)),
    ("sign_up", "language"): _LANGUAGE,
    ("audit", "action"): Vocabulary((), ("action_",)),
    ("retention", "what"): Vocabulary(("unsent_messages", "one_time_codes"), ("value_",)),
    ("processors", "channel"): _CHANNEL,
    ("processors", "processor"): PROCESSOR,
    ("processors", "receives"): Vocabulary((), ("value_",)),
    ("processors", "where"): Vocabulary(("here", "print_house", "call_centre"), ("value_",)),
}
"""Labels of coded columns, by section and column; closed lists have all their codes."""

DETAILS: Final[Mapping[str, Vocabulary]] = {
    "kind": _KIND,
    "outcome": _ENDING,
    "answer": _ANSWER,
    "processor": PROCESSOR,
    "source": _SOURCE,
    "by": Vocabulary(tuple(SearchField), ("by_",)),
    "why": Vocabulary(
        (*Ground, *LinesFor, "member show", "member why", "member choices"), ("ground_", "lines_for_", "command_")
    ),
    "form": Vocabulary(("page", "html", "json", "csv"), ("form_",)),
}
"""Labels of audit log details, by name."""

_DETAIL_NAMES: Final = Vocabulary((), ("detail_",))


@dataclass(frozen=True, slots=True)
class Speech:
    """Formatter of stored values in one language.

    `field_title` names a contact field; `format_value` formats uncoded values.
    """

    settings: Settings
    language: Language
    titles: Callable[[str], str]
    written: Callable[[Any], str]

    def cell(self, section: str, column: str, row: Mapping[str, Any]) -> str:
        """Return the text of a column in a row."""
        value = row.get(column)
        if value is None:
            return _NO_LIMIT.word("no_limit", self.language) if column == "kept_days" else ""
        if (section, column) == ("choice_history", "state"):  # as the desk puts it: permitted or not
            return _ON_OFF.word("on" if comes(row["choice"], on=value == "on") else "off", self.language)
        labels = CODED.get((section, column))
        return self._compound(section, column, value) if labels is None else labels.word(value, self.language)

    def _compound(self, section: str, column: str, value: Any) -> str:
        match section, column:
            case "choices", "newsletters":
                return self._choices(f"{NEWSLETTER_PREFIX}{name}" for name in _split_bars(value))
            case "choices", "withdrawn":
                return self._choices(_split_bars(value))
            case "messages", "newsletter":
                return self._choice(f"{NEWSLETTER_PREFIX}{value}")
            case "sign_up", "wordings":
                return "; ".join(f"{self._choice(choice)}: {version}" for choice, version in value.items())
            case "audit", "detail":
                return "; ".join(self._detail(name, item) for name, item in value.items() if item != "")
            case ("choice_history", _) | ("own_change", _):
                return self._value_by_name(column, value)
        return self.written(value)

    def _detail(self, name: str, value: Any) -> str:
        labels = DETAILS.get(name)
        text = self._value_by_name(name, value) if labels is None else labels.word(value, self.language)
        return f"{_DETAIL_NAMES.word(name, self.language)}: {text}"

    def _value_by_name(self, name: str, value: Any) -> str:
        """Return the text of a value whose name tells its type, in a column or an audit log detail."""
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


def _split_bars(value: str) -> Iterator[str]:
    return (part for part in value.split("|") if part)


@lru_cache(maxsize=1)
def _label_texts() -> Mapping[str, Text]:
    return {**texts(), **read_words("coded.yaml")}
