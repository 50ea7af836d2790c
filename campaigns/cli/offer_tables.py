"""Tables of a run's offers: shown and clicked by place, and bought beside those held out."""

from typing import TYPE_CHECKING, Final

from campaigns.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from campaigns.cli.output_phrases import Phrases
    from campaigns.results.reports.lift import Comparison
    from campaigns.results.reports.offer_results import OfferResult, OfferResults

_COUNTS: Final = ("messages", "trackable", "people", "clicks", "machines", "measurable", "bought")
_NOT_TOLD: Final = "–"


def print_offers(offers: "OfferResults | None", until: str, phrases: "Phrases") -> None:
    """Print what came of each offer, in all places and in each; nothing for a run without offers."""
    if offers is None:
        return
    head = phrases.texts("offer", "place", "shown", "people", "click rate", "clicks", "machines", "bought", "share")
    rows = [_cells(row, phrases) for row in offers.rows]
    output.print_table(f"\n{phrases.text('Offers')}", head, rows, none=phrases.text("none"))
    if any(row.clicks is None for row in offers.rows):
        output.print_line(phrases.text("–: so few messages would tell who clicked"))
    if offers.unread is not None:
        output.print_line(f"{phrases.text('bought')}: {phrases.text(str(offers.unread), until=until)}")
        return
    output.print_line(phrases.text("bought: of those who allow the use of their purchases, within the window"))
    compared = [_compared_cells(name, each, phrases) for name, each in _compared(offers)]
    if compared:
        head = phrases.texts("offer", "against", "addressed", "held out", "points", "lowest", "highest")
        title = phrases.text("Offers’ goods bought, by all addressed and those held out")
        output.print_table(f"\n{title}", head, compared)
        output.print_line(phrases.text("of twenty offers, one differs so by chance: points with 95 % confidence"))


def offers_as_json(offers: "OfferResults | None") -> "dict[str, object] | None":
    """Return the results of the offers for scripts: by offer and place, and beside those held out."""
    if offers is None:
        return None
    by_offer = []
    for row in offers.rows:
        if row.place is None:
            comparisons = offers.comparisons.get(row.offer_id, ())
            listed = [_comparison_as_json(each) for each in comparisons]
            by_offer.append({"offer": row.offer_id, **_counts(row), "places": [], "comparisons": listed})
        else:
            places: list[object] = by_offer[-1]["places"]  # type: ignore[assignment]
            places.append({"place": row.place, **_counts(row)})
    return {"by_offer": by_offer, "unread": None if offers.unread is None else offers.unread.name.lower()}


def print_offers_as_csv(offers: "OfferResults | None") -> None:
    """Print the results of the offers as CSV; the row without a place is that of all places."""
    reasons = sorted({each.against for _, each in _compared(offers)}) if offers is not None else []
    groups = [f"{group}_{count}" for group in ("addressed", *reasons) for count in ("units", "bought")]
    rows = () if offers is None else (_csv_row(offers, row, reasons) for row in offers.rows)
    output.print_csv(["offer", "place", *_COUNTS, *(groups if reasons else ())], rows)


def _compared(offers: "OfferResults") -> "Iterator[tuple[str, Comparison]]":
    """Yield the comparisons in the order of the offers."""
    for row in offers.rows:
        if row.place is None:
            yield from ((row.offer_id, each) for each in offers.comparisons.get(row.offer_id, ()))


def _cells(row: "OfferResult", phrases: "Phrases") -> "Sequence[object]":
    name, place = (row.offer_id, phrases.text("all")) if row.place is None else ("", row.place)
    rate = phrases.share(row.people, row.trackable)
    bought = () if row.bought is None else (row.bought, phrases.share(row.bought, row.measurable))
    clicks = (_NOT_TOLD if number is None else number for number in (row.clicks, row.machines))
    return (name, place, row.messages, row.people, rate, *clicks, *(bought or ("", "")))


def _compared_cells(name: str, each: "Comparison", phrases: "Phrases") -> "Sequence[object]":
    shares = (phrases.share(group.number, group.total, 2) for group in (each.addressed, each.held_out))
    points = (
        "" if value is None else phrases.decimal(f"{value * 100:+.2f}")
        for value in (each.difference, each.low, each.high)
    )
    return (name, phrases.code(each.against), *shares, *points)


def _counts(row: "OfferResult") -> dict[str, int | None]:
    return {name: getattr(row, name) for name in _COUNTS}


def _comparison_as_json(each: "Comparison") -> dict[str, object]:
    groups = {
        name: {"units": group.total, "bought": group.number, "share": group.rate}
        for name, group in (("addressed", each.addressed), ("held_out", each.held_out))
    }
    return {"against": each.against, **groups, "difference": each.difference, "low": each.low, "high": each.high}


def _csv_row(offers: "OfferResults", row: "OfferResult", reasons: "Sequence[str]") -> "Sequence[object]":
    compared = (
        {} if row.place is not None else {each.against: each for each in offers.comparisons.get(row.offer_id, ())}
    )
    addressed = next((each.addressed for each in compared.values()), None)
    groups = [addressed, *(compared[name].held_out if name in compared else None for name in reasons)]
    cells = [cell for group in groups for cell in (("", "") if group is None else (group.total, group.number))]
    counts = ["" if count is None else count for count in _counts(row).values()]
    return (row.offer_id, "" if row.place is None else row.place, *counts, *(cells if reasons else ()))
