"""Traversal of a rule tree: its leaves and the audiences it references."""

from collections.abc import Iterator, Mapping

from campaigns.core.model.condition import All, Any, Condition, InAudience, Not, PurchaseCondition, RowFilter


def leaves(condition: Condition) -> Iterator[Condition]:
    """Yield the conditions that contain no other, in the order of the file."""
    match condition:
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Not(part=part):
            yield from leaves(part)
        case _:
            yield condition


def audience_references(condition: Condition) -> Iterator[InAudience]:
    """Yield the audiences that the rule itself names, each once."""
    seen: set[str] = set()
    for leaf in leaves(condition):
        if isinstance(leaf, InAudience) and leaf.name not in seen:
            seen.add(leaf.name)
            yield leaf


def referenced_audiences(condition: Condition, audiences: Mapping[str, Condition]) -> frozenset[str]:
    """Return the audiences that the rule names, directly or through other audiences."""
    names: set[str] = set()
    pending = [condition]
    while pending:
        new_names = {reference.name for reference in audience_references(pending.pop())} - names
        names |= new_names
        pending.extend(audiences[name] for name in new_names if name in audiences)
    return frozenset(names)


def share_base_filters(purchases: PurchaseCondition) -> tuple[RowFilter, ...]:
    """Return the line filters of the base of `share_of_spend`: `of`, or else `where` without `brand`.

    When `where` names no brand, or only a brand, the base is all lines.
    """
    if purchases.of is not None:
        return purchases.of
    if not any(where.column == "brand" for where in purchases.where):
        return ()
    return tuple(where for where in purchases.where if where.column != "brand")
