"""Review of the product register's categories: what nobody has looked at, and the record that somebody has."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from audiences.warehouse.product_kinds import ProductKinds
from audiences.warehouse.sql_quoting import quote_identifier
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.store.people import audit
from campaigns.workspace.context import Context
from campaigns.workspace.goods_draft import draft_goods
from campaigns.workspace.repository import WorkspaceRepository
from campaigns.workspace.reviewed_categories import (
    CategoryKey,
    ReviewedCategory,
    UnreviewedCategory,
    unreviewed_categories,
    write_reviewed,
)

_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class CategoryToReview:
    """Category that nobody has looked at, with its number of purchase lines; None when there are no purchases."""

    category: UnreviewedCategory
    lines: int | None


def categories_to_review(context: Context) -> Sequence[CategoryToReview]:
    """Return the categories that nobody has looked at: those first that resemble a class, then the largest."""
    repository = context.repository
    kinds = repository.warehouse.product_kinds()
    unreviewed = list(unreviewed_categories(kinds, repository.reviewed_categories))
    lines = _line_counts(context, kinds) if unreviewed else {}
    rows = [CategoryToReview(each, lines.get((each.column, each.value), 0) if lines else None) for each in unreviewed]
    return sorted(rows, key=lambda row: not row.category.suggested)


def record_review(
    context: Context, name: str, categories: Collection[UnreviewedCategory] | None = None
) -> Sequence[UnreviewedCategory]:
    """Record that somebody has looked at categories, by default at all of the register; return the new ones.

    The file beside the catalogue has the words, the audit log who recorded how many.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise UserError.about(
            "--name", "a review needs the name of a person", "no_name", "`--name 'Maija Meikäläinen'`"
        )
    repository, now = context.repository, context.clock.now()
    day = local_day(now, repository.settings.zone)
    earlier = repository.reviewed_categories
    unreviewed = list(unreviewed_categories(repository.warehouse.product_kinds(), earlier))
    chosen = None if categories is None else {(each.column, each.value) for each in categories}
    seen = [each for each in unreviewed if chosen is None or (each.column, each.value) in chosen]
    if seen:
        with context.ledger.write() as connection:
            detail = {"categories": len(seen), "name": name}
            audit.record(connection, now, context.actor, "review_categories", "catalogue", detail)
            added = (ReviewedCategory(each.column, each.value, day, name) for each in seen)
            write_reviewed(context.workspace.reviewed_categories, (*earlier, *added))
        context.use_repository(WorkspaceRepository(context.workspace))
    return seen


def goods_draft(context: Context) -> Sequence[str]:
    """Return a draft of the classes of sensitive goods; none for a catalogue that names a class."""
    repository = context.repository
    today = local_day(context.clock.now(), repository.settings.zone)
    return draft_goods(repository.catalogue, repository.warehouse.product_kinds(), today)


def _line_counts(context: Context, kinds: ProductKinds) -> Mapping[CategoryKey, int]:
    """Return the numbers of stored purchase lines by column and value; empty when there are no purchases."""
    warehouse = context.repository.warehouse
    if not warehouse.manifest().files("purchases"):
        return {}
    columns = ", ".join(map(quote_identifier, kinds.columns))
    query = f"SELECT {columns}, count(*) FROM stored_purchases JOIN stored_products USING (product_id) GROUP BY ALL"
    counts: dict[CategoryKey, int] = {}
    with closing(warehouse.connect(context.clock.now())) as connection:
        for *values, number in connection.execute(query).fetchall():
            for key in zip(kinds.columns, values, strict=True):
                counts[key] = counts.get(key, 0) + number
    return counts
