"""Sensitive classes of goods, and the register's values that the catalogue names for each."""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from campaigns.core.model.localised_text import FormatError, FrozenModel, NonEmptyText

# joiners, fillers and variation selectors: letters and marks by their category, and nothing to the eye
_INVISIBLE = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
NONE_EXAMPLE = "none: {date: 2018-01-05, name: Maija Meikäläinen}"


class SpecialClass(StrEnum):
    """Class of goods whose purchase lines are never read (FI-12)."""

    MEDICINES = "medicines"
    HEALTH = "health"
    SEXUAL_LIFE = "sexual_life"
    BELIEFS = "beliefs"  # and origin, and the causes that a member supports


class RestrictedClass(StrEnum):
    """Class of goods that are counted but never offered (FI-20 to FI-22)."""

    TOBACCO = "tobacco"
    STRONG_ALCOHOL = "strong_alcohol"
    MILD_ALCOHOL = "mild_alcohol"
    GAMBLING = "gambling"
    INFANT_FORMULA = "infant_formula"
    AGE_LIMITED = "age_limited"


class NoSuchGoods(FrozenModel):
    """Statement that a product register has no goods of a class: by whom, and when."""

    date: dt.date
    name: NonEmptyText


class ClassifiedGoods(FrozenModel):
    """Goods of one class: the register's values by products column, or `none`."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[tuple[NonEmptyText, ...], Field(min_length=1)]]

    none: NoSuchGoods | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_is_no_bare_word(cls, values: object) -> object:
        if isinstance(values, str):
            raise FormatError("`none` needs a date and a name, and values need their column", f"`{NONE_EXAMPLE}`")
        return values

    @model_validator(mode="after")
    def _check_values_or_none(self) -> Self:
        if self.values and self.none is not None:
            raise FormatError("`none` and values contradict each other", "remove `none`, or the values", "none")
        if not self.values and self.none is None:
            raise FormatError("no values are named here", f"`product_category: [...]`, or `{NONE_EXAMPLE}`")
        return self

    @property
    def values(self) -> Mapping[str, tuple[str, ...]]:
        """Values by products column; empty with `none`."""
        return self.__pydantic_extra__ or {}


def comparable(value: str) -> str:
    """Return a value for comparison: letter case, spaces, invisible characters and Unicode form make no difference."""
    if value.isascii():  # most are, and there are many
        return " ".join(value.lower().split())
    visible = "".join(letter for letter in unicodedata.normalize("NFKC", value) if _is_visible(letter))
    return " ".join(unicodedata.normalize("NFKC", visible.casefold()).split())


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter) != "Cf" and not _INVISIBLE.match(letter)


def comparable_values(classes: Collection[ClassifiedGoods]) -> Mapping[str, frozenset[str]]:
    """Return all values that these classes name, by products column, for comparison."""
    columns = {column for goods in classes for column in goods.values}
    return {
        column: frozenset(comparable(value) for goods in classes for value in goods.values.get(column, ()))
        for column in columns
    }
