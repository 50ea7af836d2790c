"""Rows of the warehouse that a merge moves: their record before it, and their return after it."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from audiences.warehouse.views import stored_tables
from audiences.warehouse.warehouse import WHOLE_TABLE, Warehouse, WarehouseConnection

_BY_BASKET: Final = ("purchases", "receipts")
_SENT_KEY: Final = ("campaign", "channel", "sent_at")
_PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"


def moved_rows(warehouse: Warehouse, member_id: str, as_of: datetime) -> dict[str, Any]:
    """Return the profile, the baskets and the earlier messages of a member, which a merge is about to move.

    Baskets by their numbers alone: their lines stay in the warehouse.
    """
    with closing(warehouse.connect_for_members([member_id], as_of)) as connection:
        profiles = _rows(connection, "SELECT * FROM stored_members")
        baskets = {row["basket_id"] for table in _BY_BASKET for row in _rows(connection, f"FROM stored_{table}")}
        sent = _rows(connection, f"SELECT {', '.join(_SENT_KEY)} FROM stored_sent")
    return {
        "profile": profiles[0] if profiles else None,
        "baskets": sorted(basket for basket in baskets if basket),
        "sent": [[row[name] for name in _SENT_KEY] for row in sent],
    }


def return_purchases(
    warehouse: Warehouse, member_id: str, into: str, moved: Mapping[str, Any], as_of: datetime
) -> None:
    """Give purchases, receipts, earlier messages and the profile back to `member_id`, all at once.

    The id is readable again. Rows deleted since, by their retention, stay deleted. After a crash, call it again.
    """
    with warehouse.write_lock(), closing(warehouse.connect(as_of)) as connection:
        returned = _ReturnedFiles(warehouse, connection, member_id, into, moved)
        changes = returned.moved_tables()
        changes["tombstones"] = {WHOLE_TABLE: [returned.tombstones()]}
        changes |= returned.profile()
        warehouse.publish_state(changes, as_of)


class _ReturnedFiles:
    """Files of the warehouse after the return of the rows."""

    def __init__(
        self, warehouse: Warehouse, connection: WarehouseConnection, member_id: str, into: str, moved: Mapping[str, Any]
    ) -> None:
        self.warehouse, self.connection = warehouse, connection
        self.member_id, self.into, self.moved = member_id, into, moved

    def moved_tables(self) -> dict[str, dict[str, list[Path]]]:
        """Return the parts with the member's rows under their own id again."""
        changes: dict[str, dict[str, list[Path]]] = {}
        for table, condition in self._conditions().items():
            types, manifest = stored_tables(self.warehouse.catalogue)[table], self.warehouse.manifest()
            candidates = frozenset(manifest.files_with_members(table, [self.into]))
            is_moved = f"member_id = {quote_literal(self.into)} AND {condition}"
            renamed = f"if({is_moved}, {quote_literal(self.member_id)}, member_id) AS member_id"
            for part, files in manifest.parts(table).items():
                touched = [
                    file
                    for file in files
                    if file in candidates and self._count(self.warehouse.select_files([file], types), is_moved)
                ]
                if touched:
                    query = f"SELECT * REPLACE ({renamed}) FROM ({self.warehouse.select_files(touched, types)})"
                    new_files = self.warehouse.write_files(self.connection, query, table, part)
                    unchanged = [self.warehouse.root / file for file in files if file not in touched]
                    changes.setdefault(table, {})[part] = [*unchanged, *new_files]
        return changes

    def tombstones(self) -> Path:
        """Return the tombstones without the member's."""
        file = self.warehouse.new_file_path("tombstones")
        earlier = self.warehouse.select_stored("tombstones", columns.TOMBSTONES)
        others = f"FROM ({earlier}) WHERE member_id <> {quote_literal(self.member_id)} ORDER BY member_id"
        self.connection.execute(f"COPY ({others}) TO {quote_literal(str(file))} {_PARQUET}")
        return file

    def profile(self) -> dict[str, dict[str, list[Path]]]:
        """Return the members with the profile added, unless it is still stored."""
        types, moved = stored_tables(self.warehouse.catalogue)["members"], self.moved["profile"]
        stored = self.warehouse.select_stored("members", types)
        if moved is None or self._count(stored, f"member_id = {quote_literal(self.member_id)}"):
            return {}
        cells = ", ".join(
            f"{_literal(moved.get(name))}::{type_} AS {quote_identifier(name)}" for name, type_ in types.items()
        )
        new_files = self.warehouse.write_files(self.connection, f"SELECT {cells}", "members", WHOLE_TABLE)
        files = self.warehouse.manifest().parts("members").get(WHOLE_TABLE, ())
        return {"members": {WHOLE_TABLE: [*(self.warehouse.root / file for file in files), *new_files]}}

    def _conditions(self) -> Mapping[str, str]:
        baskets = ", ".join(quote_literal(basket) for basket in self.moved["baskets"])
        sent = " OR ".join(
            " AND ".join(
                f"{name}::VARCHAR IS NOT DISTINCT FROM {_literal(value)}"
                for name, value in zip(_SENT_KEY, key, strict=True)
            )
            for key in self.moved["sent"]
        )
        by_basket = f"basket_id IN ({baskets})" if baskets else "false"
        return {"purchases": by_basket, "receipts": by_basket, "sent": f"({sent})" if sent else "false"}

    def _count(self, rows: str, condition: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM ({rows}) WHERE {condition}").fetchall()[0][0])


def _rows(connection: WarehouseConnection, query: str) -> Sequence[dict[str, Any]]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, map(_text, row), strict=True)) for row in result.fetchall()]


def _text(value: object) -> str | None:
    """Return a stored value as DuckDB casts it to text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _literal(text: str | None) -> str:
    return "NULL" if text is None else quote_literal(text)
