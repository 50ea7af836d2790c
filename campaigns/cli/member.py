"""Commands about one member: show, why."""

from typing import Annotated

import typer

from campaigns.cli import opened, show

app = typer.Typer(help="What is known and was decided about one member.", rich_markup_mode=None, no_args_is_help=True)

Member = Annotated[str, typer.Argument(metavar="M", help="The member's id.")]


@app.command("show")
def show_member(context: typer.Context, member: Member, json: opened.AsJson = False) -> None:
    """Show a member's contact and choices."""
    with opened.engine(context) as engine:
        facts = engine.member(member)
    if json:
        show.as_json(facts)
        return
    show.table(f"Member {member}", ("field", "value"), [(name, value) for name, value in facts.items()])


@app.command("why")
def why(context: typer.Context, member: Member, json: opened.AsJson = False) -> None:
    """Show what was decided about a member in every run, and what became of it."""
    with opened.engine(context) as engine:
        decided = engine.decisions_about(member)
    if json:
        show.as_json(decided)
        return
    head = ("run", "decision", "variant", "channel", "reason", "delivery")
    rows = [
        (
            row["run_id"],
            row["kind"],
            row["variant"] or "",
            row["channel"] or "",
            row["reason"] or "",
            row["state"] or "",
        )
        for row in decided
    ]
    show.table(f"Member {member}", head, rows)


def add_to(main: typer.Typer) -> None:
    """Put the commands into the command line."""
    main.add_typer(app, name="member")
