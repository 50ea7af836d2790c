"""Tables of people who clicked: by variant and arm, by link, and by run of a campaign."""

from typing import TYPE_CHECKING

from campaigns.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from campaigns.cli.output_phrases import Phrases
    from campaigns.results.reports.campaign_runs import RunSummary
    from campaigns.results.reports.click_counts import ClickCount
    from campaigns.results.reports.clicks import ClickReport


def print_clicks(clicks: "ClickReport", phrases: "Phrases") -> None:
    """Print the people who clicked, each once, by variant and arm, and by link."""
    rows = list(_click_rows(clicks, phrases))
    has_arms = any(row.arm for row in clicks.rows)
    head = phrases.texts("variant", "arm", "delivered", "trackable", "clicked", "click rate")
    cells = rows if has_arms else [(variant, *counts) for variant, _, *counts in rows]
    titles = head if has_arms else (head[0], *head[2:])
    output.print_table(f"\n{phrases.text('Clicks in e-mails')}", titles, cells, none=phrases.text("none"))
    if rows:
        output.print_line(
            phrases.text("click rate: people who clicked, each once, of those who allow their clicks to be noted")
            if clicks.total.trackable
            else phrases.text("no click rate: none of these members allows their clicks to be noted")
        )
    _print_links(clicks, phrases)


def print_summaries(
    campaign: str, summaries: "Sequence[RunSummary]", zone: "tzinfo", phrases: "Phrases", *, json: bool
) -> None:
    """Print one line for each run of a campaign, newest first."""
    if json:
        output.print_json({"campaign": campaign, "runs": [_summary_as_json(each, zone) for each in summaries]})
        return
    rows = [
        (
            f"{each.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
            phrases.code(each.state),
            each.planned,
            each.delivered,
            each.clicked,
            phrases.share(each.clicked, each.trackable),
            each.opted_out,
        )
        for each in summaries
    ]
    head = phrases.texts("due", "state", "planned", "delivered", "clicked", "click rate", "opted out")
    output.print_table(campaign, head, rows, none=phrases.text("none"))


def clicks_as_json(clicks: "ClickReport") -> dict[str, object]:
    """Return people who clicked for scripts: in all, and by variant and arm."""
    by_variant = [{"variant": row.variant, "arm": row.arm or None, **_counts_as_json(row)} for row in clicks.rows]
    return {**_counts_as_json(clicks.total), "by_variant": by_variant}


def links_as_json(clicks: "ClickReport") -> list[dict[str, object]]:
    """Return the links for scripts."""
    return [
        {
            "name": link.name,
            "target": link.target,
            "members": link.members,
            "rate": _rate(link.members, clicks.total.trackable),
            "people": link.people,
            "machines": link.machines,
        }
        for link in clicks.links
    ]


def _click_rows(clicks: "ClickReport", phrases: "Phrases") -> "Iterator[tuple[str, str, int, int, int, str]]":
    """Yield each variant and arm; below several arms, and below all, their sum."""
    from campaigns.results.reports.clicks import add_counts

    variants = list(dict.fromkeys(row.variant for row in clicks.rows))
    for variant in variants:
        of_variant = [row for row in clicks.rows if row.variant == variant]
        for number, row in enumerate(of_variant):
            yield (variant if number == 0 else "", row.arm, *_counts(row, phrases))
        if len(of_variant) > 1 and len(variants) > 1:
            yield ("", phrases.text("together"), *_counts(add_counts(of_variant), phrases))
    if len(clicks.rows) > 1:
        yield (phrases.text("all"), "", *_counts(clicks.total, phrases))


def _counts(row: "ClickCount", phrases: "Phrases") -> tuple[int, int, int, str]:
    return row.delivered, row.trackable, row.clicked, phrases.share(row.clicked, row.trackable)


def _print_links(clicks: "ClickReport", phrases: "Phrases") -> None:
    rows = [
        (link.name, link.members, phrases.share(link.members, clicks.total.trackable), link.people, link.machines)
        for link in clicks.links
    ]
    head = phrases.texts("link", "people", "click rate", "clicks", "machines")
    output.print_table(f"\n{phrases.text('Links')}", head, rows, none=phrases.text("none"))
    machines = sum(link.machines for link in clicks.links)
    if rows:
        output.print_line(phrases.text("clicks: of everybody, also several of one person; known for the link alone"))
    if machines:
        share = phrases.share(machines, machines + sum(link.people for link in clicks.links), 0)
        output.print_line(phrases.text("machines: message filters and previews, {share} of all clicks", share=share))


def _counts_as_json(row: "ClickCount") -> dict[str, object]:
    counts = {"delivered": row.delivered, "trackable": row.trackable, "clicked": row.clicked}
    return {**counts, "rate": _rate(row.clicked, row.trackable)}


def _rate(number: int, whole: int) -> float | None:
    return number / whole if whole else None


def _summary_as_json(summary: "RunSummary", zone: "tzinfo") -> dict[str, object]:
    return {
        "run": summary.run_id,
        "due": summary.due_at.astimezone(zone).isoformat(),
        "state": summary.state,
        "planned": summary.planned,
        "delivered": summary.delivered,
        "trackable": summary.trackable,
        "clicked": summary.clicked,
        "rate": _rate(summary.clicked, summary.trackable),
        "opted_out": summary.opted_out,
    }
