"""Accounts and roles: who may run which command, and the table of it, judged by another one (A-25)."""

import io
from typing import Final

import pytest
import typer

from campaigns.cli.main import app
from campaigns.cli.required_roles import REQUIRED_PERMISSIONS
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission, Role, is_permitted
from campaigns.people.accounts import staff_accounts
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import MONDAYS, Shell

PASSWORD: Final = "neljä sanaa on hyvä"

SENTENCES: Final = {
    Role.AUTHOR: "plan publish unpublish preview proof count",
    Role.APPROVER: "approve count",
    Role.SENDER: "send run pause resume cancel count",
    Role.ANALYST: "count",
    Role.PRIVACY_OFFICER: "show why merge erase requests verify count",
    Role.DESK: "show merge",
    Role.EXPERT: "show why",
}
"""For each role the commands that it is for, written apart from the table."""

BY_WORD: Final = {
    "plan": Permission.WRITE, "publish": Permission.WRITE, "unpublish": Permission.WRITE, "preview": Permission.WRITE,
    "proof": Permission.WRITE, "count": Permission.COUNT,
    "approve": Permission.APPROVE, "send": Permission.SEND, "run": Permission.SEND, "pause": Permission.SEND,
    "resume": Permission.SEND, "cancel": Permission.SEND, "show": Permission.LOOK_UP, "why": Permission.EXPLAIN,
    "merge": Permission.MERGE, "erase": Permission.ANSWER, "requests": Permission.ANSWER,
    "verify": Permission.READ_AUDIT,
}  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("word", BY_WORD)
def test_a25_a_role_is_for_the_commands_that_were_promised_and_no_others(role: Role, word: str) -> None:
    assert is_permitted([role], BY_WORD[word]) is (word in SENTENCES[role].split())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.EXPERT])
def test_a25_nobody_but_the_expert_reads_lines(role: Role) -> None:
    assert not is_permitted([role], Permission.READ_LINES)
    assert is_permitted([Role.EXPERT], Permission.READ_LINES)


def test_a25_the_analyst_sees_no_member() -> None:
    assert {act for act in Permission if is_permitted([Role.ANALYST], act)} == {Permission.COUNT}


def paths(group: object, *before: str) -> list[str]:
    found = []
    for name, command in getattr(group, "commands", {}).items():
        found += paths(command, *before, name) if hasattr(command, "commands") else [" ".join((*before, name))]
    return found


OF_THE_MACHINE: Final = {
    "demo", "init", "check", "schema", "import", "serve", "worker", "rehearse", "retention", "doctor", "config",
    "mail", "calibrate",
}  # fmt: skip
"""What its owner does to a machine or to files; everything else is for somebody."""


def test_a25_every_command_is_for_somebody_or_for_the_machines_owner() -> None:
    commands = set(paths(typer.main.get_command(app)))
    assert set(REQUIRED_PERMISSIONS) <= commands
    whole = ("agent ", "db ", "ledger ")
    free = {
        each
        for each in commands - set(REQUIRED_PERMISSIONS)
        if each not in OF_THE_MACHINE and not each.startswith(whole)
    }
    assert free == set(), "name the role that these are for in cli.governed"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n" * 5))


def test_accounts_are_made_listed_changed_and_disabled(viesti: Shell, typed: None) -> None:
    viesti("agent", "add", "aino", "--role", "desk", "--role", "expert")
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
def test_a_name_is_a_plain_word(workspace: SampleWorkspace, name: str) -> None:
    with pytest.raises(UserError, match="a-z"):
        staff_accounts.add(workspace.engine.context, name, [Role.DESK], PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "my name is aino", "x" * 201])
def test_a_weak_password_is_refused(workspace: SampleWorkspace, password: str) -> None:
    with pytest.raises(UserError, match="12 to 200"):
        staff_accounts.add(workspace.engine.context, "aino", [Role.DESK], password)


@pytest.mark.parametrize(
    "words", [("roles", "nobody", "--role", "desk"), ("password", "nobody"), ("disable", "nobody")]
)
def test_an_account_that_is_not_there_is_an_author_error(viesti: Shell, typed: None, words: tuple[str, ...]) -> None:
    assert "[unknown_agent]" in viesti("agent", *words, code=1).err


def test_a25_once_somebody_approves_nobody_else_does(viesti: Shell, typed: None, monkeypatch) -> None:
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    viesti("agent", "add", "liisa", "--role", "author")
    assert "[not_permitted]" in viesti("publish", "letter", code=1).err
    viesti("requests")  # a role that nobody has been given
    monkeypatch.setattr("campaigns.cli.open_workspace.account", lambda: "liisa")
    viesti("publish", "letter")
    viesti("agent", "disable", "liisa")
    assert "[not_permitted]" in viesti("publish", "letter", code=1).err
