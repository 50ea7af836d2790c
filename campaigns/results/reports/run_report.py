"""The report of a run: what was planned, what became of it, what members did afterwards, and what it was worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.results.reports import run_counts
from campaigns.results.reports.conversions import HOLDOUTS, Converted, converted, goal_of
from campaigns.results.reports.lift import ADDRESSED, Arms, Comparison, compare, winner
from campaigns.results.reports.run_counts import Outcome
from campaigns.results.reports.statistics import Share
from campaigns.rules.describe import sentence
from campaigns.rules.traverse import audiences_in
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import Tally
from campaigns.store.runs import link_clicks
from campaigns.store.runs.link_clicks import Followed
from campaigns.store.runs.run_tables import Run

Titles = Mapping[str, str | Localised]

_NOBODY: Final = Share(0, 0)


@dataclass(frozen=True, slots=True)
class Effect:
    """What was counted, over which days, and what it says; `withheld` tells why it says nothing."""

    goal: str
    since: datetime | None
    until: datetime | None
    comparisons: Sequence[Comparison]
    arms: Arms | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `told` is what came back, and of how many deliveries; `links` how often each was followed; `ended`, by
    channel, how many closed afterwards what it was sent by.
    """

    run: Run
    tally: Tally
    outcomes: Sequence[Outcome]
    told: Sequence[Outcome]
    links: Sequence[Followed]
    ended: Mapping[str, int]
    effect: Effect


def report(engine: Engine, run_id: str, language: Language) -> Report:
    """The report of a run that was planned; AuthorError when there is none of that name."""
    run = engine.run(run_id)
    campaign, _ = engine.library.planned(engine.run_files(run).definition, run.campaign)
    number, window = run.number or 0, engine.library.settings.effect.window
    with engine.ledger.read() as connection:
        outcomes, told = run_counts.outcomes(connection, number), run_counts.told(connection, number)
        links = link_clicks.counts(connection, number)
        since = run_counts.began(connection, number)
        ended = {} if since is None else run_counts.ended(connection, run, since, since + window)
    tally = Tally.from_json(run.counts)
    return Report(run, tally, outcomes, told, links, ended, _effect(engine, run, campaign, tally, since, language))


def _effect(
    engine: Engine, run: Run, campaign: Campaign, tally: Tally, since: datetime | None, language: Language
) -> Effect:
    settings = engine.library.settings
    until = None if since is None else since + settings.effect.window
    goal = goal_of(campaign, settings.effect.window)
    known, titles = _audiences(engine, run, goal)
    said = sentence(goal, language, engine.library.catalogue, titles, settings.currency)
    withheld = _too_early(engine, tally, since, until, campaign)
    if withheld is not None or until is None:
        return Effect(said, since, until, (), None, withheld)
    found = converted(engine, run, campaign, known, until, goal)
    arms = Arms(found.arms, winner(found.arms, settings.effect.minimum)) if found.arms else None
    return Effect(
        said, since, until, _comparisons(found, tally, settings.effect.minimum), arms, _forgotten(found, tally)
    )


def _comparisons(found: Converted, tally: Tally, minimum: int) -> tuple[Comparison, ...]:
    addressed = found.groups.get(ADDRESSED, _NOBODY)
    return tuple(
        compare(reason, addressed, found.groups[reason], minimum)
        for reason in HOLDOUTS
        if tally.skips.get(reason) and reason in found.groups
    )


def _too_early(
    engine: Engine, tally: Tally, since: datetime | None, until: datetime | None, campaign: Campaign
) -> str | None:
    """Why nothing can be measured yet, or ever."""
    if campaign.experiment is None and not any(tally.skips.get(reason) for reason in HOLDOUTS):
        return "nobody was held out: without a holdout nobody knows what would have happened without it"
    if since is None or until is None:
        return "nothing was sent"
    if engine.clock.now() < until:
        return f"too early: it is measured once, after {until.astimezone(campaign.schedule.zone):%Y-%m-%d %H:%M}"
    return None


def _forgotten(found: Converted, tally: Tally) -> str | None:
    lost = [reason for reason in HOLDOUTS if tally.skips.get(reason) and reason not in found.groups]
    return "who was held out has been forgotten: skips are kept for 90 days" if lost else None


def _audiences(engine: Engine, run: Run, goal: Condition) -> tuple[Mapping[str, Condition], Titles]:
    """The audiences that the goal may name, and their titles; only a goal that names one needs the campaign's file."""
    if not audiences_in(goal, {}):
        return {}, {}
    draft, _ = engine.library.draft(run.file)
    return {name: each.match for name, each in draft.audiences.items()}, draft.titles
