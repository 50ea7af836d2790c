"""Text: in the three languages, and in the forms that a value has to be written in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from campaigns.core.model.enums import Language


class Frozen(BaseModel):
    """The base of every value that is read from a file: frozen, and no key goes unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, validate_default=True)


class FormError(ValueError):
    """A value that its author can put right: a sentence of what is wrong, and in `hint` what to try.

    `part` names the key below the value that is at fault, when the whole value was looked at.
    """

    def __init__(self, message: str, hint: str, part: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.part = part


@dataclass(frozen=True, slots=True)
class Written:
    """The form of a text, as metadata of its type: `pattern` fits it wholly, `rule` says so for people."""

    pattern: str
    rule: str
    example: str

    def check(self, text: str) -> str:
        """The text itself; FormError when the pattern does not fit."""
        if re.fullmatch(self.pattern, text) is None:
            raise FormError(self.rule, f"`{self.example}`")
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        form = {"pattern": f"^(?:{self.pattern})$", "description": self.rule, "examples": [self.example]}
        return {**handler(schema), **form}


Text = Annotated[str, Field(min_length=1)]


class Localised(Frozen):
    """One text in Finnish, Swedish and English."""

    fi: Text
    sv: Text
    en: Text

    def text(self, language: Language) -> str:
        """The text in `language`."""
        return str(getattr(self, language.value))

    def by_language(self) -> Mapping[Language, str]:
        """All three texts."""
        return {language: self.text(language) for language in Language}
