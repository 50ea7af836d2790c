"""Commands to plan and send: plan, preview, publish, unpublish, approve, send, run."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import gallery_output, open_workspace, output, plan_output, required_roles
from campaigns.cli.output_phrases import Phrases
from campaigns.core.errors import Problem, Severity, UserError
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from campaigns.core.model.campaign import Campaign
    from campaigns.runs.engine import Engine
    from campaigns.runs.planning.plan_counts import PlanCounts
    from campaigns.store.runs.run_tables import Run
    from campaigns.workspace.campaign_definition import CampaignDefinition

CampaignArgument = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name of a campaign, or a campaign file.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, as printed by `plan` and `status`.")]

_HALTED: Final = {
    "paused": "`viesti resume` continues it",
    "cancelled": "`viesti plan` makes another",
    "missed": "`viesti plan` makes another",
}


def plan(
    context: typer.Context,
    campaign: CampaignArgument,
    as_of: open_workspace.AsOfOption = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Decide which member gets which message, and why; nothing is sent."""
    with open_workspace.open_engine(context) as engine:
        definition, run, plan_counts, warnings = _decide(engine, campaign, as_of)
        warnings += _warn(engine.queries.duplicate_send_warning(run))
        if json:
            output.print_json(_as_json(engine, run, plan_counts, warnings))
            return
        phrases = Phrases(language)
        _print_plan(engine, run, plan_counts, phrases)
        next_step = _next_step(definition, run, plan_counts, phrases)
        output.print_line(f"\n{phrases.text('nothing was sent; {step}', step=next_step)}")


def run(
    context: typer.Context,
    campaign: CampaignArgument,
    as_of: open_workspace.AsOfOption = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Plan and send in one step; stop if a member would get the campaign twice on one day."""
    with open_workspace.open_engine(context) as engine:
        _, planned_run, plan_counts, warnings = _decide(engine, campaign, as_of)
        if not json:
            _print_plan(engine, planned_run, plan_counts, Phrases(language))
        duplicate_warning = engine.queries.duplicate_send_warning(planned_run)
        if duplicate_warning is not None:
            hint = f"`viesti send {planned_run.run_id}` sends it anyway; {duplicate_warning.hint}"
            raise UserError([replace(duplicate_warning, hint=hint)])
        plan_value = _as_json(engine, planned_run, plan_counts, warnings) if json else None
        _send(engine, planned_run, plan_value, Phrases(language))


def send(
    context: typer.Context,
    run: RunArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Send a planned run, or continue an interrupted one."""
    with open_workspace.open_engine(context) as engine:
        planned_run = engine.queries.run(run)
        hint = _HALTED.get(planned_run.state)
        if hint is not None:
            raise UserError.about(
                run, f"the run is {planned_run.state}, and nothing of it is sent", "wrong_state", hint
            )
        texts = None
        if planned_run.state == "planned":
            _warn(engine.queries.duplicate_send_warning(planned_run), *engine.queries.plan_warnings(planned_run))
            texts = engine.forecast.segments(planned_run)
        if not json:
            plan_output.print_sms_lengths(texts, engine.context.repository.settings, Phrases(language))
        _send(
            engine,
            planned_run,
            plan_output.sms_lengths_as_json(texts, engine.context.repository.settings) if json else None,
            Phrases(language),
        )


def preview(
    context: typer.Context,
    campaign: CampaignArgument,
    member: Annotated[
        str | None, typer.Option("--member", metavar="M", help="Member id: write only the message of this member.")
    ] = None,
    members: Annotated[
        int, typer.Option("--members", min=0, max=60, help="Number of planned members that the gallery shows.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Number that draws the members; another draws others.")] = 1,
    language: open_workspace.LanguageOption = None,
    as_of: open_workspace.AsOfOption = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open the file in a browser.")] = False,
    json: open_workspace.JsonOption = False,
) -> None:
    """Write every variant, language and channel of a campaign on one page, or one member's message; nothing is sent."""
    from campaigns.runs.previews.write_gallery import GalleryRequest, write_gallery

    with open_workspace.open_engine(context) as engine:
        draft, warnings = engine.context.repository.campaign_definition(campaign)
        if member is not None:
            preview_file = engine.queries.preview(draft, member, open_workspace.parse_as_of(as_of, engine.context))
            path = preview_file.file
            gallery_output.print_preview(draft.campaign.name, member, preview_file, json=json)
        else:
            if as_of is not None:
                raise typer.BadParameter(
                    "it goes with --member: a gallery has the day of its plan", param_hint="--as-of"
                )
            output.print_problems(warnings)
            shown_language = language or engine.context.settings.default_language
            may_see_members = required_roles.is_permitted(engine.context, "preview --members")
            written = write_gallery(
                engine.queries, draft, GalleryRequest(shown_language, members, seed, may_see_members)
            )
            path = written.file
            gallery_output.print_gallery(written, json=json)
    if show_it:
        typer.launch(str(path))


def publish(
    context: typer.Context,
    campaign: CampaignArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Publish a campaign as its files are now; the scheduler runs it."""
    with open_workspace.open_engine(context) as engine:
        draft, warnings = engine.context.repository.campaign_definition(campaign, engine.context.clock.now())
        output.print_problems((*warnings, *_goods_warnings(engine, draft)))
        due = engine.publisher.publish(draft)
    name, at = draft.campaign.name, due and due.astimezone(draft.campaign.schedule.zone)
    value = {"campaign": name, "published": True, "next_due": at and at.isoformat()}
    phrases = Phrases(language)
    text = (
        phrases.text("published {campaign}, next due {moment}", campaign=name, moment=f"{at:%Y-%m-%d %H:%M}")
        if at
        else phrases.text("published {campaign}, never due again", campaign=name)
    )
    output.print_result(text, value, json=json)


def unpublish(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name of a published campaign.")],
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Take a campaign off the schedule; planned runs continue."""
    with open_workspace.open_engine(context) as engine:
        continuing = engine.publisher.unpublish(campaign)
    phrases = Phrases(language)
    ends = "".join(f"; {phrases.text('{run} continues, `viesti cancel {run}` ends it', run=run)}" for run in continuing)
    value = {"campaign": campaign, "published": False, "going_on": continuing}
    text = phrases.text("{campaign} is off the schedule", campaign=campaign)
    output.print_result(f"{text}{ends}", value, json=json)


def approve(
    context: typer.Context,
    run: RunArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Approve a plan made by somebody else, where the campaign requires approval."""
    with open_workspace.open_engine(context) as engine:
        engine.run_control.approve(run)
        value = {"run": run, "state": engine.queries.run(run).state, "approved_by": engine.context.actor}
    text = Phrases(language).text("approved; `viesti send {run}` sends it", run=run)
    output.print_result(text, value, json=json)


def _decide(engine: "Engine", campaign: str, as_of: str | None) -> "tuple[Campaign, Run, PlanCounts, list[Problem]]":
    draft, warnings = engine.context.repository.campaign_definition(campaign)
    output.print_problems((*warnings, *_goods_warnings(engine, draft)))
    with output.show_progress(f"planning {draft.campaign.name}") as on_progress:
        run, plan_counts = engine.planner.plan(draft, open_workspace.parse_as_of(as_of, engine.context), on_progress)
    capacity_problem = engine.forecast.capacity_problem(run)
    freshness_warning = engine.queries.freshness_warning(run.run_id, run.due_at, run.evidence["classes"])
    plan_warnings = _warn(freshness_warning, capacity_problem, *engine.queries.plan_warnings(run))
    return draft.campaign, run, plan_counts, plan_warnings


def _goods_warnings(engine: "Engine", definition: "CampaignDefinition") -> "Iterator[Problem]":
    """Yield the warnings about products; errors refuse the plan or the publication."""
    problems = engine.context.repository.goods_problems(definition)
    return (problem for problem in problems if problem.severity is Severity.WARNING)


def _warn(*problems: Problem | None) -> list[Problem]:
    """Print problems as warnings, and return them."""
    warnings = [replace(problem, severity=Severity.WARNING) for problem in problems if problem is not None]
    output.print_problems(warnings)
    return warnings


def _next_step(definition: "Campaign", run: "Run", plan_counts: "PlanCounts", phrases: Phrases) -> str:
    """Return the next step for a plan."""
    if not plan_counts.sent:
        return phrases.text("no member is left to send it to")
    if definition.approval is not None:
        return phrases.text("needs approval by somebody else: `viesti approve {run}`", run=run.run_id)
    return phrases.text("`viesti send {run}` sends it", run=run.run_id)


def _print_plan(engine: "Engine", run: "Run", plan_counts: "PlanCounts", phrases: Phrases) -> None:
    from campaigns.runs.planning.plan_counts import PlanCounts

    before = engine.queries.previous_plan(run)
    plan_output.print_plan(run, plan_counts, (before, PlanCounts.from_json(before.counts)) if before else None, phrases)
    plan_output.print_sms_lengths(engine.forecast.segments(run), engine.context.repository.settings, phrases)


def _as_json(engine: "Engine", run: "Run", plan_counts: "PlanCounts", warnings: list[Problem]) -> dict[str, object]:
    settings = engine.context.repository.settings
    return plan_output.plan_as_json(run, plan_counts, warnings, settings.zone) | plan_output.sms_lengths_as_json(
        engine.forecast.segments(run), settings
    )


def _send(engine: "Engine", run: "Run", json: dict[str, object] | None, phrases: Phrases) -> None:
    engine.run_control.start(run)
    with output.show_progress(f"sending {run.run_id}") as on_progress:
        sent = engine.sender.send(run.run_id, on_progress)
    outcomes = engine.queries.outcomes(run)
    if json is not None:
        output.print_json(
            {
                "run": run.run_id,
                "closed": sent.closed,
                "again_at": sent.resume_at,
                "deliveries": outcomes.by_state,
                **json,
            }
        )
        return
    plan_output.print_outcomes("Delivered", outcomes, phrases)
    if sent.resume_at is not None:
        moment = sent.resume_at.astimezone(engine.context.repository.settings.zone)
        values = {"moment": f"{moment:%Y-%m-%d %H:%M}", "run": run.run_id}
        line = phrases.text("the rest is due at {moment}: `viesti serve` or `viesti send {run}`", **values)
        output.print_line(f"\n{line}")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (plan, preview, publish, unpublish, approve, send, run):
        app.command()(command)
