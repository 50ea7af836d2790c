"""Commands for audiences: count."""

from dataclasses import asdict
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.enums import Language

app = typer.Typer(help="Count and explain audiences.", no_args_is_help=True, rich_markup_mode=None)

AudienceArgument = Annotated[str, typer.Argument(metavar="NAME|FILE", help="Name of an audience, or an audience file.")]


@app.callback()
def _audience() -> None:
    """Count and explain audiences."""


@app.command()
def count(
    context: typer.Context,
    name: AudienceArgument,
    as_of: open_workspace.AsOfOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show for each condition how many members it matches and removes.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    language: open_workspace.LanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Count the members who match an audience."""
    with open_workspace.open_engine(context) as engine:
        query = engine.queries.count_query(name, open_workspace.parse_as_of(as_of, engine.context))
        if sql:
            output.print_line(query.sql)
            return
        output.print_problems(
            filter(None, [engine.queries.freshness_warning(name, query.scope.as_of, query.data_classes)])
        )
        counts = engine.queries.count(query, language)
        if json:
            numbers = asdict(counts)
            parts = numbers.pop("parts")
            output.print_json(numbers | ({"parts": parts} if explain else {}))
            return
        phrases = Phrases(language)
        output.print_line(query.describe(language))
        numbers = {"matched": counts.matched, "unknown": counts.unknown, "not processed": counts.not_processed}
        rows = [(phrases.text(name), number) for name, number in numbers.items()]
        output.print_table("", ("", phrases.text("members")), rows)
        if explain:
            parts_rows = [(part.condition, part.true, part.false, part.unknown, part.removes) for part in counts.parts]
            head = phrases.texts("condition", "true", "false", "unknown", "alone removes")
            output.print_table(f"\n{phrases.text('Conditions')}", head, parts_rows)


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="audience")
