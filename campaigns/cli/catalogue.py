"""Commands for the catalogue: review."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output

if TYPE_CHECKING:
    from campaigns.workspace.category_review import CategoryToReview

app = typer.Typer(help="Review the product register's categories.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _catalogue() -> None:
    """Review the product register's categories."""


@app.command()
def review(
    context: typer.Context,
    done: Annotated[bool, typer.Option("--done", help="Record that these categories were looked at today.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="With --done: who looked; default: this account.")
    ] = None,
    json: open_workspace.JsonOption = False,
) -> None:
    """List the categories that nobody has looked at, with their products, lines, and the class that words suggest."""
    from campaigns.cli.required_roles import REQUIRED_BY_OPTIONS
    from campaigns.people.accounts import staff_accounts
    from campaigns.workspace.category_review import categories_to_review, goods_draft, record_review

    if name is not None and not done:
        raise typer.BadParameter("it goes with --done", param_hint="--name")
    with open_workspace.open_engine(context) as engine:
        rows = categories_to_review(engine.context)
        if done:
            staff_accounts.require_permission(engine.context, REQUIRED_BY_OPTIONS["catalogue review --done"])
            record_review(
                engine.context, engine.context.actor if name is None else name, [row.category for row in rows]
            )
        file, draft = engine.context.workspace.reviewed_categories, goods_draft(engine.context)
    if json:
        output.print_json([{**asdict(row.category), "lines": row.lines, "reviewed": done} for row in rows])
        return
    if not rows:
        output.print_line("somebody has looked at every category of the product register")
        return
    _print_categories(rows, "Looked at" if done else "Nobody has looked at")
    if done:
        output.print_line(f"\nwritten to {file}: commit it together with the catalogue")
    else:
        _print_steps(draft)


def _print_categories(rows: "Sequence[CategoryToReview]", title: str) -> None:
    cells = [
        (
            row.category.column,
            row.category.value,
            row.category.products,
            "" if row.lines is None else row.lines,
            ", ".join(row.category.suggested),
        )
        for row in rows
    ]
    output.print_table(title, ("column", "category", "products", "lines", "perhaps"), cells)


def _print_steps(draft: Sequence[str]) -> None:
    """Print what to do next, after a draft of the classes if there is one."""
    steps = "name sensitive goods in config/catalogue.yaml (`perhaps` is only a hint)"
    if draft:
        output.print_line("\n# a draft from the words, which may be wrong: `none` wants the name of who looked")
        for line in draft:
            output.print_line(line)
        steps = "correct these lines, and add them to the end of `products` in config/catalogue.yaml"
    output.print_line(f"\n{steps}, then `viesti catalogue review --done --name 'Your Name'`")


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="catalogue")
