"""Catalogue file: its tables, columns and data classes, checked for consistency."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from campaigns.core.errors import Problem, UserError, closest_match
from campaigns.core.model.catalogue import Catalogue, CatalogueTable
from campaigns.core.model.enums import ColumnType
from campaigns.core.model.goods_classes import ClassifiedGoods
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate
from campaigns.workspace.value_labels import label_problems, with_labels

# Tables and columns that the engine itself reads; a workspace may declare more (design, section 4).
REQUIRED_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "members": ("member_id", "register", "household_id", "language", "birth_date"),
    "receipts": ("member_id", "purchased_at", "basket_id", "amount"),
    "purchases": ("member_id", "purchased_at", "basket_id", "product_id", "quantity", "amount"),
    "products": ("product_id", "department", "brand", "product_category", "product_type"),
}


def load_catalogue(path: Path) -> Catalogue:
    """Return the catalogue in the file, with the labels beside it; raise UserError with all its own problems."""
    problems: list[Problem] = []
    at = read_yaml(path)
    catalogue = validate(Catalogue, at, problems)
    if catalogue is not None:
        problems += _problems(catalogue, at.part("tables"))
    if catalogue is None or problems:
        raise UserError(problems)
    return with_labels(catalogue, path.with_name("labels"))


def _problems(catalogue: Catalogue, at: Located) -> Iterator[Problem]:
    for name in REQUIRED_COLUMNS:
        if name not in catalogue.tables:
            yield Problem(at.key_place, f"the table `{name}` is required here", "missing", f"add `{name}: ...`")
    for name, table in catalogue.tables.items():
        yield from _table_problems(name, table, at.part(name))


def _table_problems(name: str, table: CatalogueTable, at: Located) -> Iterator[Problem]:
    for column in REQUIRED_COLUMNS.get(name, ()):
        if column not in table.columns:
            message = f"the column `{column}` of `{name}` is required here"
            yield Problem(at.part("columns").key_place, message, "missing", f"add `{column}: ...`")
    for key, classes in (("special_when", table.special_when), ("restricted_when", table.restricted_when)):
        if classes and name != "products":
            message = f"`{key}` is about products, and stands under `products` alone"
            yield Problem(at.part(key).key_place, message, "not_products", "move it there")
            continue
        for class_name, goods in classes.items():
            yield from _goods_problems(goods, table, at.part(key).part(class_name.value))
    yield from _closed_problems(table, at.part("columns"))


def _goods_problems(goods: ClassifiedGoods, table: CatalogueTable, at: Located) -> Iterator[Problem]:
    for column in goods.values:
        place = at.part(column).key_place
        if column not in table.columns:
            hint = closest_match(column, table.columns) or "declare it under `columns`"
            yield Problem(place, f"`products` has no column `{column}`", "unknown_column", hint)
        elif table.columns[column].type is not ColumnType.TEXT:
            message = f"`{column}` is of type `{table.columns[column].type}`, and goods are named by texts"
            yield Problem(place, message, "not_a_text_column", "name a column of `type: text`")


def _closed_problems(table: CatalogueTable, at: Located) -> Iterator[Problem]:
    for name, column in table.columns.items():
        if column.labels:
            yield from label_problems(column, column.labels, at.part(name).part("labels"))
        closed = "values" if column.values else "categories" if column.categories else None
        if closed is not None and column.type is not ColumnType.TEXT:
            message = f"only a text has `{closed}`, and `{name}` is of type `{column.type}`"
            hint = f"`type: text`, or remove `{closed}`"
            yield Problem(at.part(name).part(closed).key_place, message, "closed_type", hint)
        if column.values and column.categories:
            message = "a column is closed by `values` or by `categories`, not by both"
            yield Problem(at.part(name).part("categories").key_place, message, "closed_twice", "keep `values`")
