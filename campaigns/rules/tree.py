"""Walks over the tree of a rule."""

from collections.abc import Iterator, Mapping

from campaigns.spec.condition import All, Any, Condition, InAudience, Not, Shopping, Where


def leaves(condition: Condition) -> Iterator[Condition]:
    """The conditions that hold no other, in the order of the file."""
    match condition:
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from leaves(part)
        case Not(part=part):
            yield from leaves(part)
        case _:
            yield condition


def references(condition: Condition) -> Iterator[InAudience]:
    """The audiences that the rule itself names, each once."""
    seen: set[str] = set()
    for leaf in leaves(condition):
        if isinstance(leaf, InAudience) and leaf.name not in seen:
            seen.add(leaf.name)
            yield leaf


def audiences_in(condition: Condition, audiences: Mapping[str, Condition]) -> frozenset[str]:
    """The audiences that the rule names, and those that these name, however far."""
    found: set[str] = set()
    waiting = [condition]
    while waiting:
        fresh = {reference.name for reference in references(waiting.pop())} - found
        found |= fresh
        waiting.extend(audiences[name] for name in fresh if name in audiences)
    return frozenset(found)


def share_base(shopping: Shopping) -> tuple[Where, ...]:
    """The lines that a share of spend is measured against: those of `of`, else `where` without `brand`.

    A `where` that names no brand, or nothing but one, leaves all lines.
    """
    if shopping.of is not None:
        return shopping.of
    if not any(where.column == "brand" for where in shopping.where):
        return ()
    return tuple(where for where in shopping.where if where.column != "brand")
