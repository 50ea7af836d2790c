"""The names that a rule may use: fields, category values, audiences, campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.rules.age import AGE, BIRTH_DATE
from campaigns.spec.catalogue import Catalogue, Column
from campaigns.spec.words import ColumnType, DataClass, Register

REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Field:
    """A name with a type; `values` closes it, None leaves it open. A `share` is a number from 0 to 1.

    What is `measured` is counted or summed, and not known or missing.
    """

    name: str
    type: ColumnType
    values: frozenset[str] | None = None
    share: bool = False
    measured: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """What is known while a rule is read.

    `values` holds, by column, the category values found in the data; a column that is not in it cannot be checked.
    """

    catalogue: Catalogue
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    audiences: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()

    @cached_property
    def member_fields(self) -> Mapping[str, Field]:
        """The fields that a condition on the member may name."""
        fields = {name: self._field(name, column) for name, column in self.catalogue.profile.items()}
        fields[REGISTER] = Field(REGISTER, ColumnType.TEXT, frozenset(Register))
        if BIRTH_DATE in fields:
            fields[AGE] = Field(AGE, ColumnType.INTEGER)
        return fields

    @cached_property
    def line_fields(self) -> Mapping[str, Field]:
        """The fields that `where` may name."""
        return {name: self._field(name, column) for name, column in self.catalogue.line.items()}

    @cached_property
    def special_fields(self) -> frozenset[str]:
        """Columns that nothing may name, of any table."""
        return frozenset(
            name
            for table in self.catalogue.tables.values()
            for name, column in table.columns.items()
            if column.data_class is DataClass.SPECIAL
        )

    @cached_property
    def special_values(self) -> Mapping[str, frozenset[str]]:
        """By column, the values whose purchase lines no rule ever sees."""
        special: dict[str, frozenset[str]] = {}
        for table in self.catalogue.tables.values():
            for column, values in table.special_when.items():
                special[column] = special.get(column, frozenset()) | frozenset(values)
        return special

    def _field(self, name: str, column: Column) -> Field:
        if column.values:
            return Field(name, column.type, frozenset(column.values))
        known = self.values.get(name) if column.categories else None
        return Field(name, column.type, None if known is None else known - self.special_values.get(name, frozenset()))
