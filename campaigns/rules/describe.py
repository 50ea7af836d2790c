"""Description of a rule as a sentence in Finnish, Swedish or English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import (
    All,
    Any,
    Birthday,
    Condition,
    FieldCondition,
    InAudience,
    MessageCondition,
    Not,
    PurchaseCondition,
    RedemptionCondition,
    Sample,
    ValueComparison,
)
from campaigns.core.model.enums import Language, Register
from campaigns.core.model.localised_text import Localised
from campaigns.rules.age import AGE
from campaigns.rules.age import MEANING as AGE_MEANING
from campaigns.rules.describing.describer import Describer
from campaigns.rules.describing.phrases import as_noun
from campaigns.rules.describing.purchases import describe_purchases, goods_names
from campaigns.rules.describing.received import describe_messages
from campaigns.rules.describing.redeemed import describe_redemptions
from campaigns.rules.traverse import leaves
from campaigns.rules.vocabulary import REGISTER

_REGISTERS: Final = ("is", "one_of", "is_not")


def describe(
    condition: Condition,
    language: Language,
    catalogue: Catalogue,
    titles: Mapping[str, str | Localised] | None = None,
    currency: str = "EUR",
) -> str:
    """Return the rule as one sentence. `titles` are the titles of audiences; an audience without one shows its name."""
    return _sentence(_Description(Describer(language, currency), catalogue, titles or {}), condition)


def describe_for_receivers(
    condition: Condition,
    language: Language,
    catalogue: Catalogue,
    titles: Mapping[str, str | Localised] | None = None,
    currency: str = "EUR",
) -> str:
    """Return the rule as the receiver of a message reads it: categories by their labels, no codes (C-09)."""
    describer = Describer(language, currency, for_receivers=True)
    return _sentence(_Description(describer, catalogue, titles or {}), condition)


def goods_for_receivers(condition: Condition, language: Language, catalogue: Catalogue) -> Sequence[str]:
    """Return the names of the goods that a rule asks for, each once; goods without a name for members are left out."""
    describer = Describer(language, for_receivers=True)
    filters = (
        line_filter for leaf in leaves(condition) if isinstance(leaf, PurchaseCondition) for line_filter in leaf.where
    )
    names = (name for line_filter in filters for name in goods_names([line_filter], catalogue, describer))
    return list(dict.fromkeys(names))


def _sentence(description: "_Description", condition: Condition) -> str:
    text = description.clause(condition, denied=False)
    start = 1 if text.startswith("(") else 0
    return f"{text[:start]}{text[start : start + 1].upper()}{text[start + 1 :]}."


@dataclass(frozen=True, slots=True)
class _Description:
    """Description of a rule tree. A `not` moves down into its leaves, where it turns `and` into `or`."""

    describer: Describer
    catalogue: Catalogue
    titles: Mapping[str, str | Localised] = field(default_factory=dict)

    def clause(self, condition: Condition, *, denied: bool) -> str:
        match condition:
            case Not(part=part):
                return self.clause(part, denied=not denied)
            case All(parts=parts) | Any(parts=parts):
                every = isinstance(condition, All) is not denied
                return self._join([self._part(part, denied=denied) for part in parts], every=every)
            case _:
                return self._leaf(condition, denied=denied)

    def _part(self, part: Condition, *, denied: bool) -> str:
        text = self.clause(part, denied=denied)
        return f"({text})" if _needs_brackets(part) else text

    def _join(self, parts: Sequence[str], *, every: bool) -> str:
        word = self.describer.phrases.conjunction if every else self.describer.phrases.disjunction
        *before, last = parts
        if not before:
            return last
        if len(parts) == 2 and not any("," in part for part in parts):
            return f"{before[0]} {word} {last}"
        return f"{'; '.join(before)}; {word} {last}"

    def _leaf(self, condition: Condition, *, denied: bool) -> str:
        match condition:
            case FieldCondition():
                return self._field(condition, denied=denied)
            case PurchaseCondition():
                return describe_purchases(condition, self.catalogue, self.describer, denied=denied)
            case MessageCondition():
                return describe_messages(condition, self.describer, denied=denied)
            case RedemptionCondition():
                return describe_redemptions(condition, self.describer, denied=denied)
            case Birthday(days_ahead=days):
                phrases = self.describer.phrases
                return phrases.birthday[denied].format(phrases.birthday_days(days))
            case Sample(share=share):
                return self.describer.phrases.sample[denied].format(self.describer.share(share))
            case InAudience(name=name):
                return self.describer.phrases.audience[denied].format(self._title(name))
            case _:
                raise AssertionError(f"{type(condition).__name__} has no description")

    def _field(self, condition: FieldCondition, *, denied: bool) -> str:
        if (
            condition.column == REGISTER
            and len(condition.comparisons) == 1
            and condition.comparisons[0].keyword in _REGISTERS
        ):
            return self._register(condition.comparisons[0], denied=denied)
        column = None if condition.column == AGE else self.catalogue.profile_columns[condition.column]
        meaning = AGE_MEANING if column is None else column.meaning
        subject = self.describer.phrases.field.format(as_noun(meaning, self.describer.language))
        return f"{subject} {self.describer.clauses(condition.comparisons, denied=denied, column=column)}"

    def _register(self, comparison: ValueComparison, *, denied: bool) -> str:
        phrases = self.describer.phrases
        registers = comparison.argument if isinstance(comparison.argument, tuple) else (comparison.argument,)
        names = [phrases.registers[Register(str(register))] for register in registers]
        outside = denied is not (comparison.keyword == "is_not")
        return phrases.register[outside].format(self.describer.join(names, phrases.disjunction))

    def _title(self, name: str) -> str:
        title = self.titles.get(name, name)
        return title.text(self.describer.language) if isinstance(title, Localised) else title


def _needs_brackets(condition: Condition) -> bool:
    """Return whether a part has several parts of its own, so that it needs brackets inside another."""
    match condition:
        case Not(part=part):
            return _needs_brackets(part)
        case All(parts=parts) | Any(parts=parts):
            return len(parts) > 1 or _needs_brackets(parts[0])
        case _:
            return False
