"""Rows of a price feed: from a file of any format, through a mapping if there is one, to the keys of offers."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

from audiences.imports.chunk import LINE, RECOGNISED, TableReader, check_column_count
from audiences.imports.column_sources import column_sources
from audiences.imports.mapping import ImportMapping
from audiences.imports.staging import RAW_TABLE, CellCleaning, open_staging
from audiences.imports.table_reader import open_reader
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.coupon import Coupon
from campaigns.core.model.enums import Language
from campaigns.core.yaml.located import Located, NodePath
from campaigns.core.yaml.scalar import parse_scalar

OFFERS: Final = "offers"
"""Kind of an import that goes into the workspace's files, not into the warehouse."""
_LOCALISED: Final = ("title", "text", "unit")
LABELLED: Final = ("department", "product_category")
LABEL_COLUMNS: Final = tuple(f"{name}_{language}" for name in LABELLED for language in Language)
_NUMBERS: Final = ("price", "lowest_price_30d", "weight")
_PRODUCTS: Final = "products"
_COUPON: Final = tuple(f"coupon_{name}" for name in Coupon.model_fields)
_OPTIONAL: Final = (
    "lowest_price_30d",
    "product_type",
    _PRODUCTS,
    "brand",
    "url",
    *_COUPON,
    "weight",
    *(f"unit_{language}" for language in Language),
    *LABEL_COLUMNS,
)
_MAX_SIZE: Final = 64 * 1024 * 1024
PRICE_FEED_COLUMNS: Final = (
    "id",
    *(f"{name}_{language}" for name in _LOCALISED for language in Language),
    *("price", "lowest_price_30d", "valid_from", "valid_to", "department", "product_category", "product_type"),
    *(_PRODUCTS, "brand", "image", "url", *_COUPON, "weight"),
    *LABEL_COLUMNS,
)
_KEYS: Final = tuple(dict.fromkeys(name.removesuffix("_fi") for name in PRICE_FEED_COLUMNS))
"""Keys of an offer: the place of a problem counts them from 1 as columns, with 0 for the row as a whole."""
REQUIRED_COLUMNS: Final = tuple(name for name in PRICE_FEED_COLUMNS if name not in _OPTIONAL)


def open_feed(path: Path, mapping: ImportMapping | None) -> TableReader:
    """Return the reader of a feed; raise UserError when it is no table, or too large for a feed."""
    if path.is_file() and path.stat().st_size > _MAX_SIZE:
        raise UserError.about(str(path), "the file is larger than any price feed", "too_large", "is it the right one?")
    reader = open_reader(path, RECOGNISED if mapping is None else mapping.options)
    check_column_count(path, reader.header)
    return reader


def column_of(problem: Problem) -> str:
    """Return the key of an offer that a problem is about; empty for the row as a whole."""
    return _KEYS[problem.place.column - 1] if problem.place.column else ""


def feed_rows(
    path: Path, reader: TableReader, mapping: ImportMapping | None, problems: list[Problem]
) -> Iterator[Located]:
    """Yield each row as the keys of an offer, with its line; add the problems of lines that are no rows."""
    sources = column_sources(OFFERS, reader, PRICE_FEED_COLUMNS, REQUIRED_COLUMNS, mapping)
    cells = {name: CellCleaning.NUMBER if name in _NUMBERS else CellCleaning.PLAIN for name in sources}
    with TemporaryDirectory() as folder, open_staging(Path(folder), ZoneInfo("UTC")) as staging:
        staging.load(reader, cells, sources, lambda _progress: None)
        problems += [
            Problem(FilePosition(str(path), line, 1), reason, "not_a_row")
            for rows in staging.rows("SELECT line, reason FROM rejects ORDER BY line")
            for line, reason in rows
        ]
        for rows in staging.rows(f"FROM {RAW_TABLE} ORDER BY {LINE}"):
            for line, *texts in rows:
                values = _values({name: text for name, text in zip(cells, texts, strict=True) if text is not None})
                places = {path: (line, number) for path, number in _paths(values)}
                places[()] = (line, 0)
                yield Located(str(path), values, places, places)


def _paths(values: Mapping[str, object]) -> Iterator[tuple[NodePath, int]]:
    """Yield the path of each value with the number of its column; a coupon stands in several."""
    for name, value in values.items():
        if name in _KEYS:
            yield (name,), _KEYS.index(name) + 1
        elif name == "coupon" and isinstance(value, dict):
            parts = {part: _KEYS.index(f"coupon_{part}") + 1 for part in value}
            yield ("coupon",), min(parts.values())
            yield from ((("coupon", part), number) for part, number in parts.items())


def _values(cells: Mapping[str, str]) -> dict[str, object]:
    texts = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    values: dict[str, object] = {
        name: _number(cell) if name in _NUMBERS else cell
        for name, cell in texts.items()
        if name.rpartition("_")[0] not in _LOCALISED and name not in (*_COUPON, _PRODUCTS)
    }
    if _PRODUCTS in texts:
        values[_PRODUCTS] = texts[_PRODUCTS].split()
    coupon = {name.removeprefix("coupon_"): texts[name] for name in _COUPON if name in texts}
    if coupon:
        values["coupon"] = coupon
    for name in _LOCALISED:
        translations = {
            language.value: texts[f"{name}_{language}"] for language in Language if f"{name}_{language}" in texts
        }
        if translations:
            values[name] = translations
    return values


def _number(cell: str) -> object:
    """Return a decimal or whole number; other text is returned unchanged and fails validation later.

    Numbers are those of YAML, which have a bound: `1e999999999` would take all the memory there is.
    """
    number = parse_scalar(cell.replace(",", "."))
    return number if isinstance(number, int | Decimal) and not isinstance(number, bool) else cell
