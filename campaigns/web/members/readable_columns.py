"""Columns that the page of a member's data shows, most telling first; files of the export have all of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from campaigns.core.model.catalogue import KEY_COLUMNS

_SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "contact": (
        *("register", "first_name", "last_name", "language", "email", "phone", "street", "postal_code", "city"),
    ),
    "household": ("members",),
    "choice_history": ("at", "choice", "state", "source", "shown"),
    "messages": (
        *("due_at", "title", "purpose", "channel", "kind", "reason", "partner", "used_basket", "offer_reasons"),
        *("delivery_state", "delivery_reason", "delivery_ended_at"),
    ),
    "event": ("at", "word", "reason"),
    "redemption": ("redeemed_at", "offer_id", "store_id", "cents"),
    "note": ("made_at", "kind", "channel", "address", "state"),
    "holdout": ("since", "held_out"),
    "audiences": ("title", "rule"),
    "one_time_code": ("issued_at", "aim"),
    "member_session": ("ends_at",),
    "own_change": ("at", "field", "replaced"),
    "request": ("filed_at", "kind", "words", "due_on", "closed_at", "outcome", "outcome_because"),
    "processor_task": ("kind", "processor", "due_on", "closed_at", "answer"),
}
_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "receipts": ("purchased_at", "amount", "store_id"),
    "purchases": ("purchased_at", "product_type", "product_category", "quantity", "amount"),
}
_INTERNAL: Final = KEY_COLUMNS | {"seq", "number", "line", "key", "unit", "run_id", "run_number", "position", "as_of"}


def readable_columns(section: str, names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Sequence[str]:
    """Return the columns to show of a section: no keys, and none that is empty in every row."""
    rows = list(rows)
    columns, first = _SHOWN.get(section), _FIRST.get(section, ())
    if columns is None:
        order = [*(name for name in first if name in names), *(name for name in names if name not in first)]
        columns = tuple(name for name in order if name not in _INTERNAL)
    return [name for name in columns if name in names and any(row.get(name) not in (None, "", {}) for row in rows)]
