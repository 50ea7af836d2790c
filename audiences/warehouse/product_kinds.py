"""Product kinds: the combinations of category values in the product register, with their numbers of products."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from audiences.warehouse.sql_quoting import quote_identifier
from campaigns.core.errors import UserError
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.goods_classes import comparable

CATEGORY_TREE: Final = ("department", "product_category", "product_type")

KindRow = tuple[tuple[str | None, ...], int]


@dataclass(frozen=True)
class ProductKinds:
    """Kinds of the register's products: each row has the values of `columns` and a number of products."""

    columns: tuple[str, ...]
    rows: tuple[KindRow, ...] = ()

    @property
    def product_count(self) -> int:
        """Number of products in the register."""
        return sum(count for _, count in self.rows)

    @cached_property
    def values(self) -> Mapping[str, Mapping[str, int]]:
        """Values of each column as the register writes them, with their numbers of products."""
        counts: dict[str, dict[str, int]] = {column: {} for column in self.columns}
        for kind, number in self.rows:
            for column, value in zip(self.columns, kind, strict=True):
                if value is not None:
                    counts[column][value] = counts[column].get(value, 0) + number
        return counts

    @cached_property
    def spellings(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Values of each column as the register writes them, by their comparable form."""
        spellings: dict[str, dict[str, tuple[str, ...]]] = {}
        for column, values in self.values.items():
            by_form = spellings.setdefault(column, {})
            for value in values:
                form = comparable(value)
                by_form[form] = (*by_form.get(form, ()), value)
        return spellings

    def stored_values(self, forms: Mapping[str, frozenset[str]]) -> Mapping[str, tuple[str, ...]]:
        """Return the register's own spellings of comparable values, by column."""
        return {
            column: tuple(spelling for form in sorted(wanted) for spelling in self.spellings[column].get(form, ()))
            for column, wanted in forms.items()
        }

    @cached_property
    def comparable_kinds(self) -> frozenset[tuple[str, ...]]:
        """Kinds in comparable form; a missing value is an empty text."""
        forms = {
            value: form for by_form in self.spellings.values() for form, stored in by_form.items() for value in stored
        }
        return frozenset(tuple("" if value is None else forms[value] for value in kind) for kind, _ in self.rows)


def kind_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the products columns that make a kind: the tree of categories, and those that name classes of goods."""
    declared = catalogue.tables["products"].columns
    named = {column for goods in catalogue.classified_goods.values() for column in goods.values if column in declared}
    return (*CATEGORY_TREE, *sorted(named - set(CATEGORY_TREE)))


def kinds_query(source: str, columns: Sequence[str]) -> str:
    """Return the SELECT of the kinds among the products of `source`."""
    quoted = ", ".join(map(quote_identifier, columns))
    return f"SELECT {quoted}, count(*) FROM ({source}) GROUP BY ALL ORDER BY ALL"


def read_product_kinds(
    folder: Path, files: Sequence[Path], catalogue: Catalogue, fetch: Callable[[], Sequence[tuple[object, ...]]]
) -> ProductKinds:
    """Return the kinds of the products in these files: cached in `folder`, or computed by `fetch`.

    The cache is valid for the same files, by name, size and time of change, and the same columns.
    """
    columns = kind_columns(catalogue)
    if not files:
        return ProductKinds(columns)
    cached = folder / f"{_digest(files, columns)}.json"
    with suppress(OSError, ValueError, TypeError):
        return _kinds(columns, json.loads(cached.read_text("utf-8")))
    rows = fetch()
    with suppress(OSError):  # a folder that cannot be written makes the next reading slower, not wrong
        folder.mkdir(parents=True, exist_ok=True)
        draft = cached.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
        draft.replace(cached)
    return _kinds(columns, rows)


def _kinds(columns: tuple[str, ...], rows: Sequence[Sequence[object]]) -> ProductKinds:
    kinds: list[KindRow] = []
    for *values, count in rows:
        if len(values) != len(columns) or not isinstance(count, int):
            raise ValueError("a damaged cache")
        kinds.append((tuple(None if value is None else str(value) for value in values), count))
    return ProductKinds(columns, tuple(kinds))


def _digest(files: Sequence[Path], columns: Sequence[str]) -> str:
    try:
        states = [(file.name, (state := file.stat()).st_size, state.st_mtime_ns) for file in files]
    except FileNotFoundError as error:
        message, hint = "this file of the warehouse is gone", "restore `data/warehouse`, or import products again"
        raise UserError.about(str(error.filename), message, "no_warehouse_file", hint) from error
    return sha256(repr((states, tuple(columns))).encode()).hexdigest()
