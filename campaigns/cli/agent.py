"""Commands about the accounts of those who work here: agent add, list, roles, password, disable."""

import sys
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.model.roles import Role

app = typer.Typer(
    help="The accounts of those who work here, and what they may do.", rich_markup_mode=None, no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
Roles = Annotated[list[Role], typer.Option("--role", help="What they work as; give it again for more.")]


@app.command("add")
def add(context: typer.Context, name: Name, role: Roles) -> None:
    """Make an account; asks for its password, or reads it from a pipe."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.engine(context) as engine:
        staff_accounts.add(engine, name, role, _password())
    output.line(f"{name} may now sign in at /desk")


@app.command("list")
def listed(context: typer.Context, json: open_workspace.AsJson = False) -> None:
    """List the accounts and their roles."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.engine(context) as engine:
        rows = [
            {
                "name": each.name,
                "roles": sorted(each.roles),
                "since": each.since.isoformat(),
                "disabled_at": None if each.disabled_at is None else each.disabled_at.isoformat(),
            }
            for each in staff_accounts.every(engine)
        ]
    if json:
        output.as_json(rows)
        return
    cells = [(row["name"], ", ".join(row["roles"] or ()), row["disabled_at"] or "") for row in rows]
    output.table("", ("name", "roles", "disabled"), cells)


@app.command("roles")
def roles(context: typer.Context, name: Name, role: Roles) -> None:
    """Give an account these roles and no others."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.engine(context) as engine:
        staff_accounts.give_roles(engine, name, role)
    output.line(f"{name}: {', '.join(sorted(set(role)))}")


@app.command("password")
def password(context: typer.Context, name: Name) -> None:
    """Give an account another password; asks for it, or reads it from a pipe."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.engine(context) as engine:
        staff_accounts.set_password(engine, name, _password())
    output.line(f"{name} has another password; who was signed in is out")


@app.command("disable")
def disable(context: typer.Context, name: Name) -> None:
    """Let an account do nothing more; its name stays in the audit log and is not given again."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.engine(context) as engine:
        staff_accounts.disable(engine, name)
    output.line(f"{name} may do nothing more")


def _password() -> str:
    """A password, typed twice and not shown; the first line of what comes through a pipe."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def add_to(main: typer.Typer) -> None:
    """Put the commands into the command line."""
    main.add_typer(app, name="agent")
