"""Names that a rule may use: fields, category values, audiences, campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.core.model.catalogue import Catalogue, CatalogueColumn
from campaigns.core.model.enums import ColumnType, DataClass, Register
from campaigns.core.model.goods_classes import comparable
from campaigns.rules.age import AGE, BIRTH_DATE

REGISTER = "register"


@dataclass(frozen=True, slots=True)
class RuleField:
    """Field of a rule with its type. `values` are all it may have; None: any. A `share` is a number from 0 to 1.

    `is_measure`: its value is counted or summed, so it cannot be tested for `known`.
    """

    name: str
    type: ColumnType
    values: frozenset[str] | None = None
    is_share: bool = False
    is_measure: bool = False


@dataclass(frozen=True)
class RuleVocabulary:
    """Names available to a rule while it is parsed.

    `values` holds, by column, the category values found in the data; values of other columns are not checked.
    `is_goal`: the rule is the goal of an experiment, which may ask for redeemed coupons.
    """

    catalogue: Catalogue
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    audiences: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    is_goal: bool = False

    @cached_property
    def member_fields(self) -> Mapping[str, RuleField]:
        """Fields that a condition on the member may name."""
        fields = {name: self._field(name, column) for name, column in self.catalogue.profile_columns.items()}
        fields[REGISTER] = RuleField(REGISTER, ColumnType.TEXT, frozenset(Register))
        if BIRTH_DATE in fields:
            fields[AGE] = RuleField(AGE, ColumnType.INTEGER)
        return fields

    @cached_property
    def line_fields(self) -> Mapping[str, RuleField]:
        """Fields that `where` may name."""
        return {name: self._field(name, column) for name, column in self.catalogue.line_columns.items()}

    @cached_property
    def special_fields(self) -> frozenset[str]:
        """Columns of special category data, of any table: no rule may name them."""
        return frozenset(
            name
            for table in self.catalogue.tables.values()
            for name, column in table.columns.items()
            if column.data_class is DataClass.SPECIAL
        )

    def is_special(self, column: str, value: str) -> bool:
        """Return whether a value stands for special goods, in whatever spelling: no rule reads their lines."""
        return comparable(value) in self.catalogue.special_values.get(column, ())

    def _field(self, name: str, column: CatalogueColumn) -> RuleField:
        if column.values:
            return RuleField(name, column.type, frozenset(column.values))
        values = self.values.get(name) if column.categories else None
        if values is not None and name in self.catalogue.special_values:
            values = frozenset(value for value in values if not self.is_special(name, value))
        return RuleField(name, column.type, values)
