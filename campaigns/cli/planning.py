"""Commands that plan and send: plan, preview, publish, send, run."""

from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import opened, show

if TYPE_CHECKING:
    from campaigns.engine import Engine
    from campaigns.planning.tally import Tally
    from campaigns.store.tables import Run

Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The name of a campaign, or a campaign file.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run, as `plan` and `status` print it.")]


def plan(context: typer.Context, campaign: Campaign, as_of: opened.AsOf = None, json: opened.AsJson = False) -> None:
    """Decide who gets what and who does not, and why; nothing is sent."""
    with opened.engine(context) as engine:
        run, tally = _planned(engine, campaign, as_of)
        if json:
            show.as_json(_plan_as_json(run, tally))
        else:
            _show_plan(run, tally)
            show.line(f"\nnothing was sent; `viesti send {run.run_id}` sends it")


def run(context: typer.Context, campaign: Campaign, as_of: opened.AsOf = None, json: opened.AsJson = False) -> None:
    """Plan and send in one step."""
    with opened.engine(context) as engine:
        planned, tally = _planned(engine, campaign, as_of)
        if not json:
            _show_plan(planned, tally)
        _send(engine, planned.run_id, json=json)


def send(context: typer.Context, run: RunName, json: opened.AsJson = False) -> None:
    """Send a planned run, or go on with one that was interrupted."""
    with opened.engine(context) as engine:
        _send(engine, run, json=json)


def preview(
    context: typer.Context,
    campaign: Campaign,
    member: Annotated[str, typer.Option("--member", metavar="M", help="The member's id.")],
    as_of: opened.AsOf = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open the message in a browser.")] = False,
) -> None:
    """Write the message that one member would get, as it would be; nothing is sent or counted."""
    with opened.engine(context) as engine:
        draft, _ = engine.library.draft(campaign)
        path = engine.preview(draft, member, opened.moment(as_of, engine))
    show.line(str(path))
    if show_it:
        typer.launch(str(path))


def publish(context: typer.Context, campaign: Campaign) -> None:
    """Let the scheduler run a campaign as its files are now."""
    with opened.engine(context) as engine:
        draft, warnings = engine.library.draft(campaign, engine.clock.now())
        show.problems(warnings)
        due = engine.publish(draft)
        zone = draft.campaign.schedule.zone
    when = f"next due {due.astimezone(zone):%Y-%m-%d %H:%M}" if due else "never due again"
    show.line(f"published {draft.campaign.name}, {when}")


def _planned(engine: "Engine", campaign: str, as_of: str | None) -> "tuple[Run, Tally]":
    draft, warnings = engine.library.draft(campaign)
    show.problems(warnings)
    with show.progress(f"planning {draft.campaign.name}") as told:
        return engine.plan(draft, opened.moment(as_of, engine), told)


def _send(engine: "Engine", name: str, *, json: bool) -> None:
    run = engine.run(name)
    engine.start(run)
    with show.progress(f"sending {name}", run.counts.get("sent")) as told:
        sent = engine.send(name, told)
    outcomes = engine.outcomes(engine.run(name))
    if json:
        show.as_json({"run": name, "closed": sent.closed, "again_at": sent.again_at, "deliveries": outcomes.by_state})
        return
    show.table(f"Sent: {name}", ("channel", "state", "reason", "deliveries"), outcomes.rows)
    if sent.again_at is not None:
        show.line(
            f"\nthe rest is held until {sent.again_at:%Y-%m-%d %H:%M} UTC: `viesti serve` or `viesti send {name}`"
        )


def _plan_as_json(run: "Run", tally: "Tally") -> dict[str, object]:
    return {"campaign": run.campaign, "as_of": run.due_at.isoformat(), "run": run.run_id, **tally.as_json()}


def _show_plan(run: "Run", tally: "Tally") -> None:
    show.line(f"{run.run_id}\n")
    rows = [
        ("members", tally.population + tally.not_processed, ""),
        ("not processed", tally.not_processed, "no marketing, restricted or deceased"),
        ("unknown", tally.unknown, "a value that the rule needs is missing or may not be used"),
        ("matched", tally.matched, ""),
        ("skipped", tally.skipped, ""),
        ("to be sent", tally.sent, ""),
    ]
    show.table("Plan", ("", "members", ""), rows)
    sends = [(name, channel, number) for name, by in tally.variants.items() for channel, number in by.items()]
    show.table("\nSends", ("variant", "channel", "members"), sends)
    show.table("\nSkips", ("reason", "members"), show.by_reason(tally.skips))


def add_to(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    for command in (plan, preview, publish, send, run):
        app.command()(command)
