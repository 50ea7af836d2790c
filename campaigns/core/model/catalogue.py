"""Catalogue: every table and column that rules and templates may read, with its data class."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final

from pydantic import Field

from campaigns.core.model.campaign import Identifier
from campaigns.core.model.duration import Duration
from campaigns.core.model.enums import ColumnType, DataClass, Purpose
from campaigns.core.model.goods_classes import ClassifiedGoods, RestrictedClass, SpecialClass, comparable_values
from campaigns.core.model.localised_text import FrozenModel, Localised

KEY_COLUMNS: Final = frozenset({"member_id", "household_id", "basket_id", "product_id"})
"""Columns that only join rows; a member is told nothing by their values."""


class CatalogueColumn(FrozenModel):
    """Column: its type, class, meaning and source.

    `values` lists all values of a text column; with `categories: true`, rules may use only values found in the data.
    `purposes` are those for which campaigns may use it (GD-01); without any, all. `labels` are the names of values for
    members.
    """

    type: ColumnType
    data_class: Annotated[DataClass, Field(alias="class")]
    meaning: Localised
    source: str
    values: tuple[str, ...] = ()
    categories: bool = False
    purposes: tuple[Purpose, ...] = ()
    labels: Mapping[str, Localised] = Field(default_factory=dict)

    def allows(self, purpose: Purpose) -> bool:
        """Return whether campaigns of a purpose may use the column."""
        return not self.purposes or purpose in self.purposes

    def label(self, value: str) -> Localised | None:
        """Return the name of a value for members, in any letter case; None when it has none."""
        return self._labels.get(value.casefold())

    @cached_property
    def _labels(self) -> Mapping[str, Localised]:
        return {value.casefold(): label for value, label in self.labels.items()}


class CatalogueTable(FrozenModel):
    """Table. `retention` is how long its rows are kept; None: as long as the membership.

    `special_when` lists, by class, the products that are never used (FI-12); `restricted_when` those that are never
    offered (FI-20 to FI-22). Only the table `products` has them.
    """

    meaning: Localised
    columns: Mapping[Identifier, CatalogueColumn]
    retention: Duration | None = None
    special_when: Mapping[SpecialClass, ClassifiedGoods] = Field(default_factory=dict)
    restricted_when: Mapping[RestrictedClass, ClassifiedGoods] = Field(default_factory=dict)


class ReviewRequirement(StrEnum):
    """Severity of product categories that nobody has looked at."""

    WARNING = "warning"
    ERROR = "error"


class Catalogue(FrozenModel):
    """Tables by name: `members`, `receipts`, `purchases`, `products`, and perhaps `stores`."""

    tables: Mapping[Identifier, CatalogueTable]
    unreviewed_categories: ReviewRequirement = ReviewRequirement.WARNING

    @cached_property
    def profile_columns(self) -> Mapping[str, CatalogueColumn]:
        """Columns that a condition on the member may name: all but those of class `special`."""
        return {
            name: column
            for name, column in self.tables["members"].columns.items()
            if column.data_class is not DataClass.SPECIAL
        }

    @cached_property
    def line_columns(self) -> Mapping[str, CatalogueColumn]:
        """Columns of a purchase line and its product that `where` may name."""
        columns = {**self.tables["products"].columns, **self.tables["purchases"].columns}
        return {name: column for name, column in columns.items() if column.data_class is DataClass.BASKET}

    @cached_property
    def classified_goods(self) -> Mapping[SpecialClass | RestrictedClass, ClassifiedGoods]:
        """Goods of each class that the catalogue declares."""
        products = self.tables["products"]
        return dict([*products.special_when.items(), *products.restricted_when.items()])

    @cached_property
    def special_values(self) -> Mapping[str, frozenset[str]]:
        """Comparable values of special goods, by products column."""
        return comparable_values(self.tables["products"].special_when.values())

    @cached_property
    def restricted_values(self) -> Mapping[str, frozenset[str]]:
        """Comparable values of restricted goods, by products column."""
        return comparable_values(self.tables["products"].restricted_when.values())

    def table_columns(self, table: str) -> Mapping[str, CatalogueColumn]:
        """Return the declared columns of a table; none when it is not declared."""
        return self.tables[table].columns if table in self.tables else {}

    def retention(self, table: str) -> timedelta | None:
        """Return how far back a rule may read `table`."""
        return self.tables[table].retention
