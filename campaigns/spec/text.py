"""Text in the three languages."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from campaigns.spec.words import Language


class Frozen(BaseModel):
    """The base of every value that is read from a file: frozen, and no key goes unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True)


class Localised(Frozen):
    """One text in Finnish, Swedish and English."""

    fi: str
    sv: str
    en: str

    def text(self, language: Language) -> str:
        """The text in `language`."""
        return str(getattr(self, language.value))

    def by_language(self) -> Mapping[Language, str]:
        """All three texts."""
        return {language: self.text(language) for language in Language}
