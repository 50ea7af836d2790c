"""Text in three languages, text patterns for values, and the base class of all values read from files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from campaigns.core.model.enums import Language


class FrozenModel(BaseModel):
    """Base of every value read from a file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True)


class FormatError(ValueError):
    """Value in a wrong format: a message for its author, and a `hint` with a correction.

    `part` names the wrong key below the value when the whole value was checked.
    """

    def __init__(self, message: str, hint: str, part: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.part = part


@dataclass(frozen=True, slots=True)
class TextPattern:
    """Text pattern as metadata of a type: the whole text must match `pattern`; `rule` states it for people.

    The hint is the text as `correct` writes it, or else the example.
    """

    pattern: str
    rule: str
    example: str
    correct: Callable[[object], str] | None = None

    def check(self, text: str) -> str:
        """Return the text; raise FormatError when it does not match the pattern."""
        if re.fullmatch(self.pattern, text) is None:
            raise self.error(text)
        return text

    def error(self, value: object) -> FormatError:
        """Return the error for a value that does not match."""
        corrected = self.correct(value) if self.correct is not None else ""
        is_valid = re.fullmatch(self.pattern, corrected) is not None
        return FormatError(self.rule, f"`{corrected if is_valid else self.example}`")

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        keywords = {"pattern": f"^(?:{self.pattern})$", "description": self.rule, "examples": [self.example]}
        return {**handler(schema), **keywords}


NonEmptyText = Annotated[str, Field(min_length=1)]


class Localised(FrozenModel):
    """Text in Finnish, Swedish and English."""

    fi: NonEmptyText
    sv: NonEmptyText
    en: NonEmptyText

    def text(self, language: Language) -> str:
        """Return the text in `language`."""
        return str(getattr(self, language.value))

    def by_language(self) -> Mapping[Language, str]:
        """Return the texts by language."""
        return {language: self.text(language) for language in Language}
