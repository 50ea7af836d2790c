"""How an operator is said: a verb, affirmed and denied, and a phrase with `{}` for the argument, in three languages."""

from dataclasses import dataclass
from typing import Final

from campaigns.core.model.enums import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb by language, each time affirmed and denied."""

    fi: tuple[str, str]
    sv: tuple[str, str]
    en: tuple[str, str]

    def form(self, language: Language, *, denied: bool) -> str:
        """The verb's form."""
        return {Language.FI: self.fi, Language.SV: self.sv, Language.EN: self.en}[language][denied]


IS: Final = Verb(fi=("on", "ei ole"), sv=("är", "är inte"), en=("is", "is not"))
IS_NOT: Final = Verb(fi=("ei ole", "on"), sv=("är inte", "är"), en=("is not", "is"))
WAS: Final = Verb(fi=("oli", "ei ollut"), sv=("var", "var inte"), en=("was", "was not"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """The words of one operator."""

    fi: str = "{}"
    sv: str = "{}"
    en: str = "{}"
    verb: Verb = IS

    def phrase(self, language: Language, argument: str) -> str:
        """The phrase without its verb, as in `at least 3`."""
        pattern = {Language.FI: self.fi, Language.SV: self.sv, Language.EN: self.en}[language]
        return pattern.format(argument)

    def clause(self, language: Language, argument: str, *, denied: bool = False, subordinate: bool = False) -> str:
        """The phrase with its verb, as in `is at least 3`; `subordinate` after a relative pronoun."""
        verb = self.verb.form(language, denied=denied)
        if subordinate and language is Language.SV:
            verb = _subordinate(verb)
        return f"{verb} {self.phrase(language, argument)}".rstrip()


def _subordinate(verb: str) -> str:
    """A Swedish verb as subordinate clauses have it: `inte är`, not `är inte`."""
    rest = verb.replace(" inte", "")
    return verb if rest == verb else f"inte {rest}"
