"""Commands of an operator on a member whose contact changed lately, and on two ids: merge, unmerge (GD-07, C-12)."""

import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.desk import changes
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell


def change_email(viesti: Shell, member: str = "m01") -> None:
    workspace = SampleWorkspace(viesti.root)
    changes.change_contact(workspace.engine.context, member, {"email": "evil@example.net"}, [])
    workspace.close()


@pytest.mark.hostile
@pytest.mark.parametrize("command", [("export",), ("erase", "--yes")], ids=lambda command: command[0])
def test_an_operators_command_waits_and_names_the_flag(viesti: Shell, command: tuple[str, ...]) -> None:
    change_email(viesti)
    result = viesti("member", command[0], "m01", *command[1:], code=1)
    assert "waits until" in result.err
    assert "--despite-wait" in result.err
    assert "evil@example.net" in viesti("member", "show", "m01").out


@pytest.mark.parametrize("command", [("export",), ("erase", "--yes")], ids=lambda command: command[0])
def test_an_operator_goes_on_with_the_flag_and_leaves_an_audit_row(viesti: Shell, command: tuple[str, ...]) -> None:
    change_email(viesti)
    viesti("member", command[0], "m01", *command[1:], "--despite-wait")
    assert "despite_wait" in viesti("audit", "show").out


def test_no_flag_is_needed_without_a_change(viesti: Shell) -> None:
    assert "m01@example.org" in viesti("member", "export", "m01").out


@pytest.mark.hostile
def test_a_command_merges_no_strangers_and_names_the_next_step(viesti: Shell) -> None:
    result = viesti("member", "merge", "m06", "m05", code=1)
    assert "not merged" in result.err
    assert "supervisor" in result.err
    assert "m06" in viesti("member", "show", "m06").out


def test_a_merge_is_undone_by_a_command(viesti: Shell) -> None:
    viesti("member", "merge", "m06", "m05", "--approve")
    viesti("member", "show", "m06", code=1)
    assert "m06 and m05 are two members again" in viesti("member", "unmerge", "m06").out
    assert "m06@example.org" in viesti("member", "show", "m06").out


@pytest.mark.hostile
@pytest.mark.parametrize("command", [("merge", "m06", "m05", "--approve"), ("unmerge", "m06")], ids=lambda c: c[0])
def test_only_a_supervisor_approves_and_undoes_by_command(viesti: Shell, command: tuple[str, ...]) -> None:
    workspace = SampleWorkspace(viesti.root)
    staff_accounts.add(workspace.engine.context, "oiva", [Role.PRIVACY_OFFICER], "neljä sanaa on hyvä")
    workspace.close()
    result = viesti("member", *command, code=1)
    assert "may not do this" in result.err
