"""Accounts and roles: the commands of each role, checked against a second table (A-25)."""

import io
import re
from typing import Final

import pyotp
import pytest
import typer

from campaigns.cli.main import app
from campaigns.cli.required_roles import REQUIRED_PERMISSIONS
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.people.accounts import staff_accounts, totp
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import MONDAYS, Shell

PASSWORD: Final = "neljä sanaa on hyvä"

COMMANDS_BY_ROLE: Final = {
    Role.AUTHOR: "plan publish unpublish preview proof count",
    Role.APPROVER: "approve count",
    Role.SENDER: "send run pause resume cancel count",
    Role.ANALYST: "count",
    Role.PRIVACY_OFFICER: "show why merge unmerge erase requests verify count",
    Role.DESK: "show merge",
    Role.EXPERT: "show why",
}
"""Commands of each role, written independently of the table in the code."""

PERMISSION_BY_COMMAND: Final = {
    "plan": Permission.WRITE, "publish": Permission.WRITE, "unpublish": Permission.WRITE, "preview": Permission.WRITE,
    "proof": Permission.WRITE, "count": Permission.COUNT,
    "approve": Permission.APPROVE, "send": Permission.SEND, "run": Permission.SEND, "pause": Permission.SEND,
    "resume": Permission.SEND, "cancel": Permission.SEND, "show": Permission.LOOK_UP, "why": Permission.EXPLAIN,
    "merge": Permission.MERGE, "unmerge": Permission.APPROVE_MERGE, "erase": Permission.ANSWER,
    "requests": Permission.ANSWER,
    "verify": Permission.READ_AUDIT,
}  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("command", PERMISSION_BY_COMMAND)
def test_a25_a_role_permits_exactly_its_documented_commands(role: Role, command: str) -> None:
    assert is_permitted([role], PERMISSION_BY_COMMAND[command]) is (command in COMMANDS_BY_ROLE[role].split())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.EXPERT])
def test_a25_only_the_expert_reads_purchase_lines(role: Role) -> None:
    assert not is_permitted([role], Permission.READ_LINES)
    assert is_permitted([Role.EXPERT], Permission.READ_LINES)


def test_a25_the_analyst_only_counts() -> None:
    assert {permission for permission in Permission if is_permitted([Role.ANALYST], permission)} == {Permission.COUNT}


def command_names(group: object, *prefix: str) -> list[str]:
    names = []
    for name, subcommand in getattr(group, "commands", {}).items():
        names += (
            command_names(subcommand, *prefix, name) if hasattr(subcommand, "commands") else [" ".join((*prefix, name))]
        )
    return names


OPERATOR_COMMANDS: Final = {
    "demo", "init", "check", "schema", "import", "serve", "worker", "retention", "doctor",
    "mail", "calibrate", "catalogue review", "coupons rotate-key",
}  # fmt: skip
"""Commands for operators, which need no role."""


def test_a25_every_command_has_a_role_or_is_for_operators() -> None:
    commands = set(command_names(typer.main.get_command(app)))
    assert set(REQUIRED_PERMISSIONS) <= commands
    operator_groups = ("agent ", "db ", "ledger ")
    unassigned = {
        name
        for name in commands - set(REQUIRED_PERMISSIONS)
        if name not in OPERATOR_COMMANDS and not name.startswith(operator_groups)
    }
    assert unassigned == set(), "name the role of these commands in cli.required_roles"


@pytest.fixture
def typed_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 5))


def test_accounts_are_added_listed_changed_and_disabled(viesti: Shell, typed_passwords: None) -> None:
    viesti("agent", "add", "aino", "--role", "desk", "--role", "expert", "--yes")
    assert "[name_taken]" in viesti("agent", "add", "aino", "--role", "desk", code=1).err
    viesti("agent", "roles", "aino", "--role", "desk")
    viesti("agent", "password", "aino")
    viesti("agent", "disable", "aino")
    (row,) = viesti("agent", "list", "--json").json
    assert (row["roles"], row["disabled_at"] is None) == (["desk"], False)
    assert "aino" in viesti("agent", "list").out
    assert PASSWORD not in "".join(viesti.stored_state()[0])
    actions = [row["action"] for row in viesti("audit", "show", "--subject", "aino", "--json").json]
    assert actions == ["disable_agent", "set_password", "give_roles", "add_agent"]


@pytest.mark.parametrize("name", ["", "Aino", "aino mäki", "../aino", "a" * 33, "1aino"])
def test_an_invalid_account_name_is_refused(workspace: SampleWorkspace, name: str) -> None:
    with pytest.raises(UserError, match="a-z"):
        staff_accounts.add(workspace.engine.context, name, [Role.DESK], PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "my name is aino", "x" * 201])
def test_a_weak_password_is_refused(workspace: SampleWorkspace, password: str) -> None:
    with pytest.raises(UserError, match="12 to 200"):
        staff_accounts.add(workspace.engine.context, "aino", [Role.DESK], password)


@pytest.mark.parametrize(
    "arguments", [("roles", "nobody", "--role", "desk"), ("password", "nobody"), ("disable", "nobody")]
)
def test_an_unknown_account_is_a_user_error(viesti: Shell, typed_passwords: None, arguments: tuple[str, ...]) -> None:
    assert "[unknown_agent]" in viesti("agent", *arguments, code=1).err


def test_a25_a_role_in_use_is_required_from_then_on(viesti: Shell, typed_passwords: None, monkeypatch) -> None:
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    assert "[not_permitted]" in viesti("publish", "letter", code=1).err
    viesti("requests")  # a role of no account
    monkeypatch.setattr("campaigns.cli.open_workspace.account", lambda: "liisa")
    viesti("publish", "letter")
    viesti("agent", "disable", "liisa")
    assert "[not_permitted]" in viesti("publish", "letter", code=1).err


def test_the_first_account_of_a_role_lists_the_commands_that_it_closes(viesti: Shell, typed_passwords: None) -> None:
    warning = viesti("agent", "add", "liisa", "--role", "author", "--yes").err
    for command in ("plan", "preview", "publish", "report", "audience count"):
        assert f"viesti {command}  (" in warning
    assert "viesti member show" not in warning
    assert "so far liisa alone" in warning
    assert "YOU MAY NOT RUN THEM ANY MORE" in warning
    second = viesti("agent", "add", "maija", "--role", "author").err  # closes nothing more, so nothing is asked
    assert second == ""


CLOSED_BY_AN_APPROVER: Final = """\
From now on only accounts with the right role may run these commands; so far liisa alone:
  viesti approve  (approver)
You are aino: YOU MAY NOT RUN THEM ANY MORE, unless `viesti agent add aino --role approver` lets you, too.
`viesti agent` and the commands that need no role, such as import and serve, stay open.
liisa: this closes commands to others, and nobody is here to confirm it [closes_commands]
  try: give `--yes` to confirm it
"""


def test_agent_add_says_what_ends_for_whom_before_it_changes_anything(
    viesti: Shell, typed_passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.cli.open_workspace.account", lambda: "aino")
    warning = viesti("agent", "add", "liisa", "--role", "approver", code=1).err
    assert re.sub(r"  viesti .+ \(author, approver, .+\)\n", "", warning) == CLOSED_BY_AN_APPROVER
    assert viesti("agent", "list", "--json").json == []
    viesti("agent", "add", "aino", "--role", "desk", "--yes")
    warning = viesti("agent", "add", "liisa", "--role", "approver", code=1).err
    assert "unless `viesti agent roles aino --role approver --role desk` lets you, too" in warning


def test_an_invalid_or_taken_name_is_refused_before_any_question(viesti: Shell, typed_passwords: None) -> None:
    assert viesti("agent", "add", "Liisa!", "--role", "author", code=1).err.startswith("Liisa!: a name is")
    viesti("agent", "add", "liisa", "--role", "desk", "--yes")
    assert viesti("agent", "add", "liisa", "--role", "author", code=1).err.startswith("liisa: this name is taken")


def test_disabling_the_last_account_of_a_role_names_the_commands_that_nobody_may_run(
    viesti: Shell, typed_passwords: None
) -> None:
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    warning = viesti("agent", "disable", "liisa").err
    assert warning.startswith("Nobody may run these commands until another account gets a role for them:\n")
    assert "  viesti plan  (author)\n" in warning
    assert viesti("agent", "list").out.endswith("liisa  author  password     2018-01-01 10:00\n")
    refused = viesti("publish", "letter", code=1).err
    assert refused.startswith("root: this account may not do this; it takes the role author [not_permitted]\n")


def test_a_role_that_closes_commands_needs_a_yes_from_a_script(viesti: Shell, typed_passwords: None) -> None:
    assert "[closes_commands]" in viesti("agent", "add", "liisa", "--role", "author", code=1).err
    assert viesti("agent", "list", "--json").json == []
    viesti("calendar")


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_role_that_closes_commands_is_confirmed_at_a_terminal(
    viesti: Shell, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("campaigns.cli.agent.sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "y")
    monkeypatch.setattr("typer.prompt", lambda *_, **__: PASSWORD)
    refusal = viesti("agent", "add", "liisa", "--role", "author", code=0 if answer == "y" else 1).err
    assert ("[not_confirmed]" in refusal) is (answer == "n")
    assert len(viesti("agent", "list", "--json").json) == (answer == "y")


def test_a_change_of_roles_that_closes_commands_is_confirmed_too(viesti: Shell, typed_passwords: None) -> None:
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    assert "viesti approve" in viesti("agent", "roles", "liisa", "--role", "approver", code=1).err
    viesti("agent", "roles", "liisa", "--role", "approver", "--yes")


def test_a_change_of_roles_that_opens_commands_says_so(viesti: Shell, typed_passwords: None) -> None:
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    assert "[not_permitted]" in viesti("calendar", code=1).err
    warning = viesti("agent", "roles", "liisa", "--role", "desk", "--yes").err
    opened = warning.partition("liisa alone could")[2]
    assert "OPEN TO EVERY USER OF THIS MACHINE" in opened
    assert "viesti calendar  (" in opened
    assert "viesti catalogue review --done  (author)" in opened
    assert "viesti member show" not in opened
    viesti("calendar")
    viesti("agent", "add", "maija", "--role", "desk")
    assert viesti("agent", "roles", "liisa", "--role", "author", "--yes").err.count("alone could") == 0


def test_taking_a_role_that_only_disabled_accounts_keep_names_the_commands_that_nobody_may_run(
    viesti: Shell, typed_passwords: None
) -> None:
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    viesti("agent", "add", "maija", "--role", "author")
    assert "Nobody may run" not in viesti("agent", "disable", "maija").err
    warning = viesti("agent", "roles", "liisa", "--role", "desk", "--yes").err
    assert "alone could" not in warning
    assert "  viesti plan  (author)\n" in warning.partition("Nobody may run these commands")[2]
    assert "[not_permitted]" in viesti("calendar", code=1).err


def test_options_that_need_a_role_are_listed_with_the_commands(viesti: Shell, typed_passwords: None) -> None:
    assert "viesti catalogue review --done  (" in viesti("agent", "add", "liisa", "--role", "author", "--yes").err
    officer = viesti("agent", "add", "oiva", "--role", "privacy_officer", "--yes").err
    assert "viesti member merge --approve  (privacy_officer)" in officer


def test_an_app_is_set_as_second_factor_and_removed(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    key = totp.new_key()
    monkeypatch.setattr("campaigns.people.accounts.totp.new_key", lambda: key)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n000000\n{pyotp.TOTP(key).now()}\n"))
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    assert "[wrong_code]" in viesti("agent", "totp", "liisa", code=1).err
    assert viesti("agent", "list", "--json").json[0]["second_factor"] is False
    shown = viesti("agent", "totp", "liisa").out
    assert f"secret={key}" in shown
    assert "█" in shown or "▄" in shown
    assert len(re.findall(r"^  \w{5}-\w{5}-\w{5}$", shown, re.MULTILINE)) == 10
    assert viesti("agent", "list", "--json").json[0]["second_factor"] is True
    assert "password and app" in viesti("agent", "list").out
    assert "liisa signs in by password alone" in viesti("agent", "totp", "liisa", "--remove").out
    assert "[no_second_factor]" in viesti("agent", "totp", "liisa", "--remove", code=1).err
    assert "[unknown_agent]" in viesti("agent", "totp", "nobody", code=1).err


def test_an_emergency_opens_passwords_of_one_account_for_some_hours(viesti: Shell, typed_passwords: None) -> None:
    viesti("agent", "add", "liisa", "--role", "author", "--yes")
    assert "may sign in by password until" in viesti("agent", "emergency", "liisa", "--hours", "2").out
    assert "[unknown_agent]" in viesti("agent", "emergency", "nobody", code=1).err
    assert "[no_identity_provider]" in viesti("agent", "link", "liisa", "00u1", code=1).err


def test_where_an_app_is_required_no_command_promises_a_sign_in_without_one(
    viesti: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = totp.new_key()
    monkeypatch.setattr("campaigns.people.accounts.totp.new_key", lambda: key)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{pyotp.TOTP(key).now()}\n"))
    viesti("agent", "add", "liisa", "--role", "desk", "--yes")
    viesti("agent", "totp", "liisa")
    path = viesti.root / "config" / "settings.yaml"
    path.write_text(f"{path.read_text('utf-8')}\nstaff: {{totp: required}}\n", "utf-8")
    assert "may sign in by password until" in viesti("agent", "emergency", "liisa").out
    removed = viesti("agent", "totp", "liisa", "--remove").out
    assert "liisa may not sign in before `viesti agent totp liisa`" in removed
    refusal = viesti("agent", "emergency", "liisa", code=1).err
    assert "[no_second_factor]" in refusal
    assert "viesti agent totp liisa" in refusal
