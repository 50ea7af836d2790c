"""Commands for staff accounts: agent add, list, roles, password, disable."""

import sys
from typing import Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.model.roles import Role

app = typer.Typer(help="Manage staff accounts and their roles.", rich_markup_mode=None, no_args_is_help=True)

AccountArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the account.")]
RolesOption = Annotated[list[Role], typer.Option("--role", help="Role of the account; may be repeated.")]


@app.command("add")
def add(context: typer.Context, name: AccountArgument, role: RolesOption) -> None:
    """Create an account; prompt for its password, or read it from a pipe."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.add(engine.context, name, role, _password())
    output.print_line(f"{name} may now sign in at /desk")


@app.command("list")
def list_accounts(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """List the accounts and their roles."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        rows = [
            {
                "name": account.name,
                "roles": sorted(account.roles),
                "since": account.since.isoformat(),
                "disabled_at": None if account.disabled_at is None else account.disabled_at.isoformat(),
            }
            for account in staff_accounts.list_accounts(engine.context)
        ]
    if json:
        output.print_json(rows)
        return
    cells = [(row["name"], ", ".join(row["roles"] or ()), row["disabled_at"] or "") for row in rows]
    output.print_table("", ("name", "roles", "disabled"), cells)


@app.command("roles")
def roles(context: typer.Context, name: AccountArgument, role: RolesOption) -> None:
    """Replace the roles of an account."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.give_roles(engine.context, name, role)
    output.print_line(f"{name}: {', '.join(sorted(set(role)))}")


@app.command("password")
def password(context: typer.Context, name: AccountArgument) -> None:
    """Set a new password; prompt for it, or read it from a pipe."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.set_password(engine.context, name, _password())
    output.print_line(f"{name} has a new password; all its sessions have ended")


@app.command("disable")
def disable(context: typer.Context, name: AccountArgument) -> None:
    """Disable an account for good; its name stays in the audit log and is never reused."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.disable(engine.context, name)
    output.print_line(f"{name} is disabled")


def _password() -> str:
    """Return a password: typed twice without echo, or the first line of piped input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="agent")
