"""Demonstration: import real purchases of invented people; plan and deliver three campaigns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from audiences.imports.import_report import ImportReport
from campaigns.core.coupon_keys import add_key
from campaigns.core.errors import Problem, UserError, errors_only
from campaigns.demo.data.files import write_demo_files
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import runs
from campaigns.store.runs.decisions import OutcomeCounts
from campaigns.store.runs.states import RunState
from campaigns.workspace.category_review import record_review
from campaigns.workspace.context import Context
from campaigns.workspace.import_data import import_data
from campaigns.workspace.paths import Workspace, find_workspace
from campaigns.workspace.reviewed_categories import UnreviewedCategory, unreviewed_categories
from campaigns.workspace.scaffold import create_demo_workspace

_REVIEWER: Final = "the makers of the demonstration"
CAMPAIGNS: Final = ("beauty_newsletter", "weekend_offer", "owner_post")
COUPON_CAMPAIGN: Final = "weekend_offer"
"""Campaign of which tills send back some coupons."""


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """Result of one campaign: its plan and outcomes. `sent_before`: an earlier demonstration sent it."""

    run_id: str
    plan_counts: PlanCounts
    outcomes: OutcomeCounts
    sent_before: bool


def workspace_at(directory: Path) -> Workspace:
    """Return the workspace in `directory`; create one in a new or empty folder."""
    if not directory.exists() or not any(directory.iterdir()):
        return create_demo_workspace(directory)
    return find_workspace(directory)


def import_demo_files(context: Context, on_step: Callable[[str], None]) -> Iterator[tuple[str, ImportReport]]:
    """Write the demonstration's files and import them; repeating this changes nothing."""
    on_step("making import files")
    _ensure_coupon_keys(context)
    files = write_demo_files(context.workspace.data / "demo")
    for field in fields(files):
        on_step(f"importing {field.name}")
        own = {(each.column, each.value) for each in _unreviewed(context)}
        yield field.name, import_data(context, field.name, getattr(files, field.name))
        if field.name == "products":  # the catalogue names their sensitive goods; a user's own are left to the user
            imported = [each for each in _unreviewed(context) if (each.column, each.value) not in own]
            record_review(context, _REVIEWER, imported)


def _ensure_coupon_keys(context: Context) -> None:
    """Make a key for each pool of the demonstration's coupons that has none: nobody else will."""
    coupons = [offer.coupon for offer in context.repository.offers if offer.coupon is not None]
    for pool in sorted({coupon.pool for coupon in coupons if coupon.pool is not None}):
        if pool not in context.coupon_keys.keys:
            add_key(context.workspace.coupon_keys, pool)


def _unreviewed(context: Context) -> Iterator[UnreviewedCategory]:
    repository = context.repository
    return unreviewed_categories(repository.warehouse.product_kinds(), repository.reviewed_categories)


def check_campaigns(context: Context) -> tuple[Problem, ...]:
    """Return the warnings about every campaign file; raise UserError with all problems if one has errors."""
    files = context.workspace.campaign_files()
    problems = [problem for file in files for problem in context.repository.file_problems(file, context.clock.now())]
    if errors_only(problems):
        raise UserError(problems)
    return tuple(dict.fromkeys(problems))


def run_campaign(engine: Engine, campaign: str, on_progress: Callable[[int], None]) -> CampaignResult:
    """Plan and send one campaign at the demonstration's moment, or return the result of an earlier demonstration.

    Continue an interrupted demonstration; delivered messages are not delivered again.
    """
    draft, _ = engine.context.repository.campaign_definition(campaign)
    as_of = engine.context.repository.settings.clock_start or engine.context.clock.now()
    with engine.context.ledger.read() as connection:
        run = runs.find(connection, runs.run_id(campaign, as_of))
    sent_before = run is not None and run.state == RunState.CLOSED
    if run is None or run.state in (RunState.PLANNING, RunState.PLANNED):
        run, _ = engine.planner.plan(draft, as_of, on_progress)
    engine.run_control.start(run)
    _send_all(engine, run.run_id, on_progress)
    return CampaignResult(run.run_id, PlanCounts.from_json(run.counts), engine.queries.outcomes(run), sent_before)


def _send_all(engine: Engine, run_id: str, on_progress: Callable[[int], None]) -> None:
    """Send to the end; wait for the leases of messages that a killed demonstration left in flight."""
    while (sent := engine.sender.send(run_id, on_progress)).resume_at is not None:
        engine.context.clock.sleep_until(sent.resume_at)


def files_to_open(context: Context, stops: list[CampaignResult]) -> Iterator[tuple[str, Path]]:
    """Return the three outbox files most worth opening, with their titles."""
    outbox = context.workspace.outbox
    beauty, weekend, owner = (outbox / stop.run_id for stop in stops)
    examples = (
        ("a newsletter, as a mail program shows it", beauty, "email/*.eml"),
        ("every text message, one a line", weekend, "sms*.jsonl"),
        ("the letters, in postal order", owner, "post-*/*.pdf"),
    )
    for title, folder, pattern in examples:
        paths = sorted(folder.glob(pattern), key=lambda path: (-path.stat().st_size, path.name))
        if paths:
            yield title, paths[0]
