"""Labels of an operator in three languages: a verb, affirmed and denied, and a phrase with `{}` for the argument."""

from dataclasses import dataclass
from typing import Final

from campaigns.core.model.enums import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbForms:
    """Verb by language, affirmed and denied."""

    fi: tuple[str, str]
    sv: tuple[str, str]
    en: tuple[str, str]

    def select(self, language: Language, *, denied: bool) -> str:
        """Return the verb in a language, affirmed or denied."""
        return {Language.FI: self.fi, Language.SV: self.sv, Language.EN: self.en}[language][denied]


IS: Final = VerbForms(fi=("on", "ei ole"), sv=("är", "är inte"), en=("is", "is not"))
IS_NOT: Final = VerbForms(fi=("ei ole", "on"), sv=("är inte", "är"), en=("is not", "is"))
WAS: Final = VerbForms(fi=("oli", "ei ollut"), sv=("var", "var inte"), en=("was", "was not"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorLabels:
    """Labels that describe an operator in a sentence."""

    fi: str = "{}"
    sv: str = "{}"
    en: str = "{}"
    verb: VerbForms = IS

    def phrase(self, language: Language, argument: str) -> str:
        """Return the phrase without its verb, as in `at least 3`."""
        pattern = {Language.FI: self.fi, Language.SV: self.sv, Language.EN: self.en}[language]
        return pattern.format(argument)

    def clause(self, language: Language, argument: str, *, denied: bool = False, subordinate: bool = False) -> str:
        """Return the phrase with its verb, as in `is at least 3`; `subordinate` after a relative pronoun."""
        verb = self.verb.select(language, denied=denied)
        if subordinate and language is Language.SV:
            verb = _subordinate(verb)
        return f"{verb} {self.phrase(language, argument)}".rstrip()


def _subordinate(verb: str) -> str:
    """Return a Swedish verb in the word order of a subordinate clause: `inte är`, not `är inte`."""
    affirmed = verb.replace(" inte", "")
    return verb if affirmed == verb else f"inte {affirmed}"
