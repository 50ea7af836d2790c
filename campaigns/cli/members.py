"""Command `members`."""

from collections.abc import Iterable
from dataclasses import astuple, fields
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.cli.planning import RunArgument
from campaigns.core.model.enums import Language


def members(
    context: typer.Context,
    run: RunArgument,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="R", help="List those left out for this reason; `all` for every reason."),
    ] = None,
    variant: Annotated[str | None, typer.Option("--variant", metavar="V", help="List those of one variant.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV for scripts and spreadsheets.")] = False,
    language: open_workspace.OutputLanguageOption = Language.EN,
) -> None:
    """List who is in a plan, or who was left out and why; the audit log notes it."""
    from campaigns.people.accounts import audit_log
    from campaigns.runs.plan_members import PlanMember, PlanMembers

    phrases = Phrases(language)
    with open_workspace.open_engine(context) as engine:
        listed = PlanMembers(engine.queries, engine.queries.run(run), reason, variant)
        listed.require_known()
        audit_log.note_access(engine.context, "list_members", run, {"reason": reason, "variant": variant})
        rows = map(astuple, listed.rows())
        if as_csv:
            output.print_csv([field.name for field in fields(PlanMember)], rows)
        else:
            _print_lines(rows, phrases)
        hidden = listed.hidden()
    if hidden:
        sentence = "{number} are not listed: erased, or their data is restricted"
        output.print_warning(phrases.text(sentence, number=output.format_number(hidden)))


def _print_lines(rows: Iterable[tuple[str, ...]], phrases: Phrases) -> None:
    number = 0
    for member_id, variant, channel, arm, *codes in rows:
        cells = (member_id, variant, phrases.code(channel), arm, *map(phrases.code, codes))
        output.print_line("  ".join(filter(None, cells)))
        number += 1
    total = phrases.text("{number} members", number=output.format_number(number))
    output.print_line(total if number else phrases.text("none"))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(members)
