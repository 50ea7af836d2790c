"""Two members of the sample workspace that tests merge, and all rows about them."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import SQLModel

from campaigns.people.privacy import merging
from tests.support.sample_workspace import SampleWorkspace

MERGED, KEPT = "m01", "m08"
"""Members of different names, households and addresses: m01 has bought cheese and coffee, m08 coffee."""
_UNSETTLED: Final = frozenset({"audit", "audit_seal", "note", "contact_change", "caller_check"})


def ledger_rows(workspace: SampleWorkspace) -> Mapping[str, list[dict[str, Any]]]:
    """Return all rows about members, without running numbers and what every act writes."""
    with workspace.engine.context.ledger.read() as connection:
        tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in _UNSETTLED]
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row.items() if name != "seq"}
                    for row in connection.execute(select(table)).mappings()
                ),
                key=str,
            )
            for table in tables
        }


def purchases(workspace: SampleWorkspace) -> list[tuple[Any, ...]]:
    """Return purchases, receipts and profiles of all members, in a fixed order."""
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time) as connection:
        lines = "SELECT member_id, basket_id, product_id, amount FROM purchase_lines"
        receipts = "SELECT member_id, basket_id, store_id, amount FROM receipts"
        profile = "SELECT member_id, birth_date, region, register FROM members"
        return [
            tuple(row)
            for query in (lines, receipts, profile)
            for row in sorted(connection.sql(query).fetchall(), key=str)
        ]


def make_same(workspace: SampleWorkspace, *facts: str) -> None:
    """Give the duplicate these facts of the kept member."""
    kept = workspace.contact(KEPT)
    if facts:
        workspace.change_contact(MERGED, **{fact: kept[fact] for fact in facts})


def merge(workspace: SampleWorkspace, **options: bool) -> int:
    """Merge the duplicate into the kept member; return the number of purchases and receipts moved."""
    return merging.merge(workspace.engine.context, MERGED, KEPT, **options)
