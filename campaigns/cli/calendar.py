"""Command `calendar`: a month with the expected messages of each day, and what they put at risk."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import month_grid, open_workspace, output, risk_sentences
from campaigns.cli.output_phrases import Phrases
from campaigns.core.errors import Severity
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from campaigns.runs.capacity.cap_risks import CapRisk
    from campaigns.runs.capacity.expected_sends import ExpectedSend
    from campaigns.runs.capacity.rate_risks import RateRisk
    from campaigns.runs.engine import Engine

_MONTH: Final = re.compile(r"(19\d\d|2[01]\d\d)-(0[1-9]|1[0-2])")


def calendar(
    context: typer.Context,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Month to show; default: the present one.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="One line for each occasion instead of a grid.")] = False,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=366, help="List this many days from now on instead of a month.")
    ] = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Show the campaigns of a month, with expected messages and caps at risk; only published ones run by themselves."""
    from campaigns.runs.capacity.cap_risks import LONGEST_WINDOW
    from campaigns.runs.capacity.expected_sends import expected_sends

    if days is not None and month is not None:
        raise typer.BadParameter("it does not go with --month", param_hint="--days")
    with open_workspace.open_engine(context) as engine:
        output.print_problems(
            replace(problem, severity=Severity.WARNING) for problem in engine.queries.unreadable_campaigns()
        )
        now, zone = engine.context.clock.now(), engine.context.settings.zone
        first = _first_day(month) or now.astimezone(zone).date().replace(day=1)
        start, end = (now, now + timedelta(days=days)) if days is not None else _bounds(first, zone)
        history = expected_sends(engine.queries, start - LONGEST_WINDOW, end)
        risks = _risks(engine, history, start)
    sends = [each for each in history if each.due_at >= start]
    if json:
        output.print_json(_as_json(sends, risks, start.astimezone(zone), end.astimezone(zone)))
        return
    phrases, today = Phrases(language), now.astimezone(zone).date()
    if listed or days is not None:
        _print_list(sends, zone, phrases)
    else:
        month_grid.print_month(first, today, sends, risks, zone, phrases)
    risk_sentences.print_risks(risks, {each.name for each in sends if each.daily}, phrases)


def _first_day(month: str | None) -> date | None:
    """Return the first day of a month like `2026-12`; raise a usage error for another text."""
    if month is None:
        return None
    if _MONTH.fullmatch(month) is None:
        raise typer.BadParameter("a month is written like 2026-12", param_hint="--month")
    return date.fromisoformat(f"{month}-01")


def _bounds(first: date, zone: "ZoneInfo") -> "tuple[datetime, datetime]":
    from campaigns.core.clock import midnight

    return midnight(first, zone), midnight((first + timedelta(days=31)).replace(day=1), zone)


def _risks(engine: "Engine", sends: "Sequence[ExpectedSend]", start: "datetime") -> "list[CapRisk | RateRisk]":
    from campaigns.runs.capacity.cap_risks import cap_risks
    from campaigns.runs.capacity.rate_risks import rate_risks

    settings, after = engine.context.settings, max(start, engine.context.clock.now())
    caps = cap_risks(engine.context.ledger, sends, settings, after)
    return sorted((*caps, *rate_risks(sends, settings, after)), key=lambda risk: risk.day)


def _print_list(sends: "Sequence[ExpectedSend]", zone: "ZoneInfo", phrases: Phrases) -> None:
    rows = []
    for each in sends:
        due = each.due_at.astimezone(zone)
        channels = ", ".join(phrases.code(channel) for channel in each.channels)
        day = f"{phrases.text(month_grid.WEEKDAYS[due.weekday()])} {due:%Y-%m-%d %H:%M}"
        rows.append((day, each.name, phrases.text(month_grid.status(each)), channels, month_grid.volume(each)))
    drafts = {number for number, each in enumerate(sends) if not each.published}
    head = phrases.texts("due", "campaign", "state", "channels", "messages")
    output.print_table("", head, rows, none=phrases.text("nothing is due"), dim_rows=drafts)


def _as_json(
    sends: "Sequence[ExpectedSend]", risks: "Sequence[CapRisk | RateRisk]", start: "datetime", end: "datetime"
) -> dict[str, object]:
    """Return the calendar for scripts; its keys are stable."""
    occasions = [
        {
            "due": each.due_at.astimezone(start.tzinfo).isoformat(),
            "campaign": each.name,
            "published": each.published,
            "daily": each.daily,
            "state": each.state,
            "channels": each.channels,
            "messages": each.messages,
            "by_channel": each.sends,
            "plan": each.plan.run_id if each.plan is not None else None,
        }
        for each in sends
    ]
    return {
        "from": start.isoformat(),
        "until": end.isoformat(),
        "occasions": occasions,
        "at_risk": [risk_sentences.risk_as_json(risk) for risk in risks],
    }


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(calendar)
