"""Labels of stored codes: every coded column of a subject access export, and the labels of its codes (GD-10)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from audiences.access.one_time_codes import CodeAim
from audiences.consent.consent_state import UNVERIFIED, ConsentSource
from audiences.consent.suppressions import REASONS, AddressKind, SuppressionScope
from audiences.people.caller_checks import CheckWay
from audiences.people.contact_changes import ChangeOrigin
from audiences.people.find_members import SearchField
from campaigns.channels.events import DeliveryEvidence, EventKind
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose, Register
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, RequestOutcome
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.core.model.settings import Settings
from campaigns.people.desk.access_reasons import LookUpReason, PurchaseLinesPurpose
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.rendering.templates.translations import TranslatedText
from campaigns.store.runs.decisions import SEND, SKIP
from campaigns.store.runs.states import DeliveryState
from campaigns.web.page_renderer import page_texts, read_text_file


@dataclass(frozen=True, slots=True)
class CodeLabels:
    """Codes with the key prefixes of their labels.

    The first prefix with a text counts; "" stands for a choice's own name.
    """

    codes: Collection[str]
    key_prefixes: tuple[str, ...]

    def label(self, code: object, language: Language) -> str:
        """Return the label of a code; an unknown code, such as a custom provider name, as it is."""
        key = str(code).replace(" ", "_")
        texts_found = (_label_texts().get(f"{prefix}{key}") for prefix in self.key_prefixes)
        return next((text.localised.text(language) for text in texts_found if text is not None), str(code))


_CHANNEL: Final = CodeLabels(tuple(Channel), ("way_",))
_LANGUAGE: Final = CodeLabels(tuple(Language), ("language_",))
_REGISTER: Final = CodeLabels(tuple(Register), ("register_",))
_SOURCE: Final = CodeLabels(tuple(ConsentSource), ("from_",))
_KIND: Final = CodeLabels(tuple(RequestKind), ("kind_",))
_ENDING: Final = CodeLabels(tuple(RequestOutcome), ("ending_",))
_STATE: Final = CodeLabels(tuple(DeliveryState), ("delivery_",))
_END_REASON: Final = CodeLabels(tuple(EndReason), ("reason_", ""))
_PROVIDER: Final = CodeLabels(("folder", "smtp", "sendgrid", "twilio"), ("provider_",))
PROCESSOR_LABELS: Final = CodeLabels(
    ("print_house", "call_centre", "smtp", "sendgrid", "twilio"), ("provider_", "value_")
)
_ANSWER: Final = CodeLabels(tuple(ProcessorAnswer), ("answer_",))
_ORIGIN: Final = CodeLabels(tuple(ChangeOrigin), ("origin_",))
_WAY: Final = CodeLabels((*CheckWay, "link"), ("way_",))
_ON_OFF: Final = CodeLabels(("on", "off"), ("said_",))
_NO_LIMIT: Final = CodeLabels(("no_limit",), ("value_",))
YES_NO_LABELS: Final = CodeLabels(("yes", "no"), ("value_",))

COLUMN_LABELS: Final[Mapping[tuple[str, str], CodeLabels]] = {
    ("contact", "register"): _REGISTER,
    ("contact", "language"): _LANGUAGE,
    ("profile", "register"): _REGISTER,
    ("profile", "language"): _LANGUAGE,
    ("choice_history", "source"): _SOURCE,
    ("choice_history", "language"): _LANGUAGE,
    ("choice_history", "wording"): CodeLabels((UNVERIFIED,), ("wording_",)),
    ("messages", "purpose"): CodeLabels(tuple(Purpose), ("purpose_",)),
    ("messages", "kind"): CodeLabels((SEND, SKIP), ("decided_",)),
    ("messages", "reason"): CodeLabels(tuple(SkipReason), ("reason_", "")),
    ("messages", "channel"): _CHANNEL,
    ("messages", "delivery_state"): _STATE,
    ("messages", "delivery_reason"): _END_REASON,
    ("messages", "delivery_provider"): _PROVIDER,
    ("event", "word"): CodeLabels(tuple(EventKind), ("heard_",)),
    ("event", "provider"): _PROVIDER,
    ("event", "proves"): CodeLabels(tuple(DeliveryEvidence), ("delivery_",)),
    ("note", "kind"): CodeLabels(tuple(NoticeKind), ("note_",)),
    ("note", "channel"): _CHANNEL,
    ("note", "language"): _LANGUAGE,
    ("note", "state"): _STATE,
    ("note", "reason"): _END_REASON,
    ("suppressions", "kind"): CodeLabels(tuple(AddressKind), ("blocked_",)),
    ("suppressions", "reason"): CodeLabels(REASONS, ("reason_",)),
    ("suppressions", "scope"): CodeLabels(tuple(SuppressionScope), ("scope_",)),
    ("suppressions", "source"): _SOURCE,
    ("request", "kind"): _KIND,
    ("request", "source"): _SOURCE,
    ("request", "outcome"): _ENDING,
    ("processor_task", "kind"): _KIND,
    ("processor_task", "channel"): _CHANNEL,
    ("processor_task", "provider"): _PROVIDER,
    ("processor_task", "answer"): _ANSWER,
    ("one_time_code", "aim"): CodeLabels(tuple(CodeAim), ("aim_",)),
    ("sign_up", "language"): _LANGUAGE,
    ("contact_change", "origin"): _ORIGIN,
    ("held_request", "kind"): _KIND,
    ("caller_check", "way"): _WAY,
    ("audit", "action"): CodeLabels((), ("action_", "act_")),
    ("retention", "what"): CodeLabels(("unsent_messages", "one_time_codes", "redemptions"), ("value_",)),
    ("processors", "channel"): _CHANNEL,
    ("processors", "processor"): PROCESSOR_LABELS,
    ("processors", "receives"): CodeLabels((), ("value_",)),
    ("processors", "where"): CodeLabels(("here", "print_house", "call_centre"), ("value_",)),
}
"""Labels of coded columns, by section and column; closed lists have all their codes."""

AUDIT_DETAIL_LABELS: Final[Mapping[str, CodeLabels]] = {
    "kind": _KIND,
    "outcome": _ENDING,
    "answer": _ANSWER,
    "processor": PROCESSOR_LABELS,
    "source": _SOURCE,
    "by": CodeLabels((*SearchField, "nothing"), ("by_",)),
    "why": CodeLabels(
        (*LookUpReason, *PurchaseLinesPurpose, "member show", "member why", "member choices"),
        ("ground_", "lines_for_", "command_"),
    ),
    "origin": _ORIGIN,
    "how": _WAY,
    "proof": _WAY,
    "result": CodeLabels(("passed", "wrong", "locked", "sent"), ("result_",)),
    "document": CodeLabels(tuple(IdentityDocument), ("document_",)),
    "channel": _CHANNEL,
    "form": CodeLabels(("page", "html", "json", "csv", "jsonl"), ("form_",)),
}
"""Labels of audit log details, by name."""

LISTED_LABELS: Final[Mapping[str, CodeLabels]] = {
    "questions": CodeLabels(
        ("birth_date", "street", "postal_code", "email", "phone", "purchase_month", "purchase_store"), ("asked_",)
    ),
    "facts": CodeLabels(("birth_date", "name", "email", "phone", "address"), ("agreed_",)),
}
"""Labels of audit log details that are lists of codes, by name."""

_DETAIL_NAMES: Final = CodeLabels((), ("detail_",))


@dataclass(frozen=True, slots=True)
class CellFormatter:
    """Formatter of stored values in one language.

    `field_title` names a contact field; `format_value` formats uncoded values.
    """

    settings: Settings
    language: Language
    field_title: Callable[[str], str]
    format_value: Callable[[Any], str]

    def cell(self, section: str, column: str, row: Mapping[str, Any]) -> str:
        """Return the text of a column in a row."""
        value = row.get(column)
        if value is None:
            return _NO_LIMIT.label("no_limit", self.language) if column == "kept_days" else ""
        if (section, column) == ("choice_history", "state"):  # as the desk puts it: permitted or not
            return _ON_OFF.label("on" if is_label_enabled(row["choice"], on=value == "on") else "off", self.language)
        labels = COLUMN_LABELS.get((section, column))
        return self._compound(section, column, value) if labels is None else labels.label(value, self.language)

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
            case ("choice_history", _) | ("own_change", _) | ("contact_change", "field"):
                return self._value_by_name(column, value)
        return self.format_value(value)

    def _detail(self, name: str, value: Any) -> str:
        if name in LISTED_LABELS:
            listed = LISTED_LABELS[name]
            value = ", ".join(listed.label(code, self.language) for code in value)
        labels = AUDIT_DETAIL_LABELS.get(name)
        text = self._value_by_name(name, value) if labels is None else labels.label(value, self.language)
        return f"{_DETAIL_NAMES.label(name, self.language)}: {text}"

    def _value_by_name(self, name: str, value: Any) -> str:
        """Return the text of a value whose name tells its type, in a column or an audit log detail."""
        match name:
            case "choice":
                return self._choice(value)
            case "choices":
                return self._choices(value)
            case "field":
                return self.field_title(value)
            case "fields":
                return ", ".join(map(self.field_title, value))
        return self.format_value(value)

    def _choice(self, choice: str) -> str:
        is_ours = choice.startswith(NEWSLETTER_PREFIX) or choice in set(Choice)
        return choice_label(choice, self.language, self.settings) if is_ours else choice

    def _choices(self, choices: Iterable[str]) -> str:
        return ", ".join(map(self._choice, choices))


def _split_bars(value: str) -> Iterator[str]:
    return (part for part in value.split("|") if part)


@lru_cache(maxsize=1)
def _label_texts() -> Mapping[str, TranslatedText]:
    return {**page_texts(), **read_text_file("code_labels.yaml")}
