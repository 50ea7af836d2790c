"""Runs of a campaign: the one that a report is about, and a summary of all of them."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Final, NoReturn

from sqlalchemy import Connection

from campaigns.core.errors import UserError, closest_match
from campaigns.results.reports import click_counts, run_counts
from campaigns.results.reports.clicks import add_counts
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState

_SENT: Final = (RunState.SENDING, RunState.PAUSED, RunState.CLOSED)


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a line. `trackable` members allow their clicks to be noted; `clicked` are those of them who did."""

    run_id: str
    due_at: datetime
    state: RunState
    planned: int
    delivered: int
    trackable: int
    clicked: int
    opted_out: int


def find_run(engine: Engine, name: str) -> Run:
    """Return the run of an id, or the last one of a campaign: the last that was sent, or else planned.

    Raise UserError when there is none.
    """
    with engine.context.ledger.read() as connection:
        run = runs.find(connection, name)
        if run is not None:
            return run
        planned = runs.of_campaign(connection, campaign_name(name))
        if not planned:
            _refuse(engine, connection, name)
    return next((run for run in planned if run.state in _SENT), planned[0])


def campaign_name(name: str) -> str:
    """Return the name of a campaign that may be given by its file."""
    path = PurePath(name)
    return path.stem if path.suffix == ".yaml" else name


def summarise_runs(engine: Engine, campaign: str) -> list[RunSummary]:
    """Return all planned runs of a campaign, newest first."""
    window = engine.context.repository.settings.effect.window
    with engine.context.ledger.read() as connection:
        summaries = []
        for run in runs.of_campaign(connection, campaign):
            number = run.number or 0
            emails = add_counts(click_counts.people_by_variant(connection, number))
            since = run_counts.first_claim(connection, number)
            opted_out = {} if since is None else run_counts.opt_out_counts(connection, run, since, since + window)
            summaries.append(
                RunSummary(
                    run.run_id,
                    run.due_at,
                    RunState(run.state),
                    PlanCounts.from_json(run.counts).sent,
                    click_counts.delivered(connection, number),
                    emails.trackable,
                    emails.clicked,
                    sum(opted_out.values()),
                )
            )
    return summaries


def _refuse(engine: Engine, connection: Connection, name: str) -> NoReturn:
    """Raise UserError: a campaign without a run is planned first, another name is unknown."""
    campaigns = {file.stem for file in engine.context.workspace.campaign_files()}
    campaign = campaign_name(name)
    if campaign in campaigns:
        message, hint = "no run of this campaign was planned yet", f"`viesti plan {campaign}`"
        raise UserError.about(name, message, "no_run", hint)
    hint = closest_match(campaign, {*campaigns, *runs.latest_plans(connection)}) or "`viesti status` lists the runs"
    raise UserError.about(name, "there is no run and no campaign of this name", "unknown_run", hint)
