"""Commands about audiences: count."""

from dataclasses import asdict
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output

app = typer.Typer(help="Count and explain audiences.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME|FILE", help="The name of an audience, or an audience file.")]


@app.callback()
def _audience() -> None:
    """Count and explain audiences."""


@app.command()
def count(
    context: typer.Context,
    name: Name,
    as_of: open_workspace.AsOf = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="What each condition does, and through which members are unknown.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    language: open_workspace.InLanguage = None,
    json: open_workspace.AsJson = False,
) -> None:
    """Count the members that an audience takes."""
    with open_workspace.engine(context) as engine:
        asked = engine.question(name, open_workspace.moment(as_of, engine))
        if sql:
            output.line(asked.sql)
            return
        output.problems(filter(None, [engine.data_end(name, asked.scope.as_of, asked.classes)]))
        spoken = language or engine.library.settings.default_language
        counted = engine.count(asked, spoken)
        if json:
            numbers = asdict(counted)
            parts = numbers.pop("parts")
            output.as_json(numbers | ({"parts": parts} if explain else {}))
            return
        output.line(asked.sentence(spoken))
        output.table(
            "",
            ("", "members"),
            [("matched", counted.matched), ("unknown", counted.unknown), ("not processed", counted.not_processed)],
        )
        if explain:
            rows = [(part.condition, part.true, part.false, part.unknown, part.removes) for part in counted.parts]
            output.table("\nConditions", ("condition", "true", "false", "unknown", "alone removes"), rows)


def add_to(main: typer.Typer) -> None:
    """Put the commands into the command line."""
    main.add_typer(app, name="audience")
