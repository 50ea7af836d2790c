"""A rule as a sentence in Finnish, Swedish or English."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from campaigns.rules.age import AGE
from campaigns.rules.age import MEANING as AGE_MEANING
from campaigns.rules.saying.messages import say_heard
from campaigns.rules.saying.nouns import noun
from campaigns.rules.saying.shopping import say_shopping
from campaigns.rules.saying.speech import Speech
from campaigns.rules.vocabulary import REGISTER
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import (
    All,
    Any,
    Birthday,
    Condition,
    FieldIs,
    Heard,
    InAudience,
    Not,
    Sample,
    Shopping,
    Test,
)
from campaigns.spec.text import Localised
from campaigns.spec.words import Language, Register

_REGISTERS: Final = ("is", "one_of", "is_not")


def sentence(
    condition: Condition,
    language: Language,
    catalogue: Catalogue,
    titles: Mapping[str, str | Localised] | None = None,
    currency: str = "EUR",
) -> str:
    """The whole rule in one sentence; `titles` are those of the audiences, whose names are used without."""
    text = _Sentence(Speech(language, currency), catalogue, titles or {}).clause(condition, denied=False)
    start = 1 if text.startswith("(") else 0
    return f"{text[:start]}{text[start : start + 1].upper()}{text[start + 1 :]}."


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Says a tree. A `not` is said by the conditions below it: not all of several is one or the other not."""

    speech: Speech
    catalogue: Catalogue
    titles: Mapping[str, str | Localised] = field(default_factory=dict)

    def clause(self, condition: Condition, *, denied: bool) -> str:
        match condition:
            case Not(part=part):
                return self.clause(part, denied=not denied)
            case All(parts=parts) | Any(parts=parts):
                every = isinstance(condition, All) is not denied
                return self._combined([self._part(part, denied=denied) for part in parts], every=every)
            case _:
                return self._leaf(condition, denied=denied)

    def _part(self, part: Condition, *, denied: bool) -> str:
        text = self.clause(part, denied=denied)
        return f"({text})" if _several(part) else text

    def _combined(self, parts: Sequence[str], *, every: bool) -> str:
        word = self.speech.phrases.conjunction if every else self.speech.phrases.disjunction
        *before, last = parts
        if not before:
            return last
        if len(parts) == 2 and not any("," in part for part in parts):
            return f"{before[0]} {word} {last}"
        return f"{'; '.join(before)}; {word} {last}"

    def _leaf(self, condition: Condition, *, denied: bool) -> str:
        match condition:
            case FieldIs():
                return self._field(condition, denied=denied)
            case Shopping():
                return say_shopping(condition, self.catalogue, self.speech, denied=denied)
            case Heard():
                return say_heard(condition, self.speech, denied=denied)
            case Birthday(days_ahead=days):
                phrases = self.speech.phrases
                return phrases.birthday[denied].format(phrases.birthday_days(days))
            case Sample(share=share):
                return self.speech.phrases.sample[denied].format(self.speech.share(share))
            case InAudience(name=name):
                return self.speech.phrases.audience[denied].format(self._title(name))
            case _:
                raise AssertionError(f"{type(condition).__name__} has no words")

    def _field(self, condition: FieldIs, *, denied: bool) -> str:
        if condition.column == REGISTER and len(condition.tests) == 1 and condition.tests[0].word in _REGISTERS:
            return self._register(condition.tests[0], denied=denied)
        meaning = AGE_MEANING if condition.column == AGE else self.catalogue.profile[condition.column].meaning
        subject = self.speech.phrases.field.format(noun(meaning, self.speech.language))
        return f"{subject} {self.speech.clauses(condition.tests, denied=denied)}"

    def _register(self, test: Test, *, denied: bool) -> str:
        phrases = self.speech.phrases
        registers = test.argument if isinstance(test.argument, tuple) else (test.argument,)
        names = [phrases.registers[Register(str(register))] for register in registers]
        outside = denied is not (test.word == "is_not")
        return phrases.register[outside].format(self.speech.listed(names, phrases.disjunction))

    def _title(self, name: str) -> str:
        title = self.titles.get(name, name)
        return title.text(self.speech.language) if isinstance(title, Localised) else title


def _several(condition: Condition) -> bool:
    """Whether a part says several things, so that it needs brackets inside another."""
    match condition:
        case Not(part=part):
            return _several(part)
        case All(parts=parts) | Any(parts=parts):
            return len(parts) > 1 or _several(parts[0])
        case _:
            return False
