"""Clicks of a run: people by variant and arm, and people, clicks and machines by link."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from campaigns.results.reports import click_counts
from campaigns.results.reports.click_counts import ClickCount
from campaigns.results.reports.link_names import link_names
from campaigns.store.runs import link_clicks


@dataclass(frozen=True, slots=True)
class LinkResult:
    """Clicks on one link: `members` who clicked it, of those whose clicks may be noted; all clicks `people` made.

    `machines` are clicks of message filters and link previews.
    """

    name: str
    target: str
    members: int
    people: int
    machines: int


@dataclass(frozen=True, slots=True)
class ClickReport:
    """Clicks in the e-mails of a run; the arms of a variant add up to it."""

    rows: Sequence[ClickCount]
    links: Sequence[LinkResult]

    @property
    def total(self) -> ClickCount:
        """Sum of all variants and arms."""
        return add_counts(self.rows)


def add_counts(rows: Sequence[ClickCount]) -> ClickCount:
    """Return the sum of some rows."""
    return ClickCount(
        "",
        "",
        sum(row.delivered for row in rows),
        sum(row.trackable for row in rows),
        sum(row.clicked for row in rows),
    )


def click_report(connection: Connection, run_number: int, offer_ids: Collection[str]) -> ClickReport:
    """Return the clicks of a run; `offer_ids` are its offers, by which links are named."""
    counted = link_clicks.click_counts(connection, run_number)
    names = link_names(dict.fromkeys(link.target for link in counted), offer_ids)
    members = click_counts.people_by_link(connection, run_number)
    links: dict[str, LinkResult] = {}
    for link in counted:  # an offer's link counts by place; a member has one place for it
        before = links.get(link.target, LinkResult(names[link.target], link.target, 0, 0, 0))
        links[link.target] = replace(
            before,
            members=before.members + members.get(link.name, 0),
            people=before.people + link.people,
            machines=before.machines + link.machines,
        )
    ordered = sorted(links.values(), key=lambda link: (-link.people, link.target))
    return ClickReport(click_counts.people_by_variant(connection, run_number), ordered)
