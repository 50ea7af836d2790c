"""Commands for staff accounts: agent add, list, roles, password, totp, emergency, link, disable."""

import sys
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.required_roles import REQUIRED_BY_OPTIONS, REQUIRED_PERMISSIONS
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission, Role, is_permitted

if TYPE_CHECKING:
    from campaigns.workspace.context import Context

app = typer.Typer(help="Manage staff accounts and their roles.", rich_markup_mode=None, no_args_is_help=True)

AccountArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the account.")]
RolesOption = Annotated[list[Role], typer.Option("--role", help="Role of the account; may be repeated.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Close commands to others without a question.")]


@app.command("add")
def add(context: typer.Context, name: AccountArgument, role: RolesOption, yes: YesOption = False) -> None:
    """Create an account; prompt for its password, or read it from a pipe.

    The first account with a role closes the role's commands to everybody else: they are listed, and confirmed.
    """
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.require_free_name(engine.context, name)
        _confirm_closed_commands(engine.context, name, role, yes=yes)
        staff_accounts.add(engine.context, name, role, _password())
    output.print_line(f"{name} may now sign in at /desk")


@app.command("list")
def list_accounts(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """List the accounts, their roles and how they sign in."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        accounts, zone = staff_accounts.list_accounts(engine.context), engine.context.settings.zone
        rows = [
            {
                "name": account.name,
                "roles": sorted(account.roles),
                "since": account.since.isoformat(),
                "disabled_at": None if account.disabled_at is None else account.disabled_at.isoformat(),
                "issuer": account.issuer,
                "second_factor": account.has_totp,
            }
            for account in accounts
        ]
    if json:
        output.print_json(rows)
        return
    cells = [
        (
            account.name,
            ", ".join(sorted(account.roles)),
            account.issuer or ("password and app" if account.has_totp else "password"),
            "" if account.disabled_at is None else f"{account.disabled_at.astimezone(zone):%Y-%m-%d %H:%M}",
        )
        for account in accounts
    ]
    output.print_table("", ("name", "roles", "signs in by", "disabled"), cells)


@app.command("roles")
def roles(context: typer.Context, name: AccountArgument, role: RolesOption, yes: YesOption = False) -> None:
    """Replace the roles of an account."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.require_account(engine.context, name)
        _confirm_closed_commands(engine.context, name, role, yes=yes)
        _warn_of_opened_commands(engine.context, name, role)
        opened = staff_accounts.no_longer_required(engine.context, name, role)
        _warn_of_impossible_commands(staff_accounts.no_longer_possible(engine.context, name, role) - opened)
        staff_accounts.give_roles(engine.context, name, role)
    output.print_line(f"{name}: {', '.join(sorted(set(role)))}")


@app.command("password")
def password(context: typer.Context, name: AccountArgument) -> None:
    """Set a new password; prompt for it, or read it from a pipe."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.set_password(engine.context, name, _password())
    output.print_line(f"{name} has a new password; all its sessions have ended")


@app.command("totp")
def totp(
    context: typer.Context,
    name: AccountArgument,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the second factor instead.")] = False,
) -> None:
    """Set an authenticator app as second factor: show its QR code and recovery codes, and ask for a first code."""
    from campaigns.people.accounts import second_factor
    from campaigns.people.accounts.totp import terminal_qr_code

    with open_workspace.open_engine(context) as engine:
        if remove:
            second_factor.remove(engine.context, name)
            if engine.context.settings.staff.totp == "required":
                until = f"may not sign in before `viesti agent totp {name}`"
            else:
                until = "signs in by password alone"
            output.print_line(f"{name} {until}; all its sessions have ended")
            return
        enrolment = second_factor.begin(engine.context, name)
        output.print_line(terminal_qr_code(enrolment.uri))
        output.print_line(enrolment.uri)
        output.print_line("\nRecovery codes, each for one sign-in without the app; they are not shown again:\n")
        for code in enrolment.recovery_codes:
            output.print_line(f"  {code}")
        output.print_line("\nScan the QR code with an authenticator app, and type the code that it shows.")
        second_factor.confirm(engine.context, enrolment, _typed("Code"))
    output.print_line(f"{name} signs in by password and app from now on; all its sessions have ended")


@app.command("emergency")
def emergency(
    context: typer.Context,
    name: AccountArgument,
    hours: Annotated[int, typer.Option("--hours", min=1, max=72, help="Hours for which the password works.")] = 4,
) -> None:
    """Let a local account sign in although `staff.passwords` is off, as when the identity provider is down."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        until = staff_accounts.allow_password(engine.context, name, timedelta(hours=hours))
        local = until.astimezone(engine.context.settings.zone)
    output.print_line(f"{name} may sign in by password until {local:%Y-%m-%d %H:%M}; the audit log has it")


@app.command("link")
def link(
    context: typer.Context,
    name: AccountArgument,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's `sub` at the identity provider.")],
) -> None:
    """Make a local account one of the identity provider; its password and second factor are removed."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        staff_accounts.link(engine.context, name, subject)
    output.print_line(f"{name} signs in by the identity provider from now on; all its sessions have ended")


@app.command("disable")
def disable(context: typer.Context, name: AccountArgument) -> None:
    """Disable an account for good; its name stays in the audit log and is never reused."""
    from campaigns.people.accounts import staff_accounts

    with open_workspace.open_engine(context) as engine:
        closed = staff_accounts.no_longer_possible(engine.context, name, ())
        staff_accounts.disable(engine.context, name)
    _warn_of_impossible_commands(closed)
    output.print_line(f"{name} is disabled")


def _confirm_closed_commands(context: "Context", name: str, roles: Iterable[Role], *, yes: bool) -> None:
    """Say which commands only accounts with these roles may run from now on, and ask; raise UserError without a yes."""
    from campaigns.people.accounts import staff_accounts

    commands = _commands_of(staff_accounts.newly_required(context, roles))
    if not commands:
        return
    output.print_warning(f"From now on only accounts with the right role may run these commands; so far {name} alone:")
    _list_commands(commands)
    if context.actor != name:
        own = _own_command(context, roles)
        unless = f", unless `{own}` lets you, too" if own else ""
        output.print_warning(f"You are {context.actor}: YOU MAY NOT RUN THEM ANY MORE{unless}.")
    output.print_warning("`viesti agent` and the commands that need no role, such as import and serve, stay open.")
    if yes:
        return
    if not sys.stdin.isatty():
        message = "this closes commands to others, and nobody is here to confirm it"
        raise UserError.about(name, message, "closes_commands", "give `--yes` to confirm it")
    if not typer.confirm("Go on?", err=True):
        raise UserError.about(name, "nothing was changed", "not_confirmed", "give the command again to go on")


def _own_command(context: "Context", roles: Iterable[Role]) -> str:
    """Return the command that gives the roles to whoever runs this one, too; empty for a user without a name."""
    from campaigns.people.accounts import staff_accounts

    listed = {account.name: account.roles for account in staff_accounts.list_accounts(context)}
    wanted = " ".join(f"--role {role}" for role in sorted({*roles, *listed.get(context.actor, ())}))
    if staff_accounts.ACCOUNT_NAME.fullmatch(context.actor) is None:
        return ""
    return f"viesti agent {'roles' if context.actor in listed else 'add'} {context.actor} {wanted}"


def _warn_of_opened_commands(context: "Context", name: str, roles: Iterable[Role]) -> None:
    """Say which commands no account may run any more, so that they are open to everybody who uses this machine."""
    from campaigns.people.accounts import staff_accounts

    commands = _commands_of(staff_accounts.no_longer_required(context, name, roles))
    if not commands:
        return
    output.print_warning(f"{name} alone could run these commands: THEY ARE OPEN TO EVERY USER OF THIS MACHINE AGAIN,")
    output.print_warning("until another account gets a role for them:")
    _list_commands(commands)


def _warn_of_impossible_commands(acts: Collection[Permission]) -> None:
    """Say which commands nobody may run any more: the accounts with a role for them are disabled."""
    commands = _commands_of(acts)
    if commands:
        output.print_warning("Nobody may run these commands until another account gets a role for them:")
        _list_commands(commands)


def _list_commands(commands: Mapping[str, Permission]) -> None:
    for command, act in commands.items():
        output.print_warning(f"  viesti {command}  ({', '.join(_roles_with(act))})")


def _commands_of(acts: Collection[Permission]) -> Mapping[str, Permission]:
    required = {**REQUIRED_PERMISSIONS, **REQUIRED_BY_OPTIONS}
    return {command: act for command, act in required.items() if act in acts}


def _roles_with(act: Permission) -> list[str]:
    return [role.value for role in Role if is_permitted([role], act)]


def _password() -> str:
    """Return a password: typed twice without echo, or the first line of piped input."""
    if not sys.stdin.isatty():
        return _typed("Password")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _typed(title: str) -> str:
    """Return a line that is typed, or the first line of piped input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(title))


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="agent")
