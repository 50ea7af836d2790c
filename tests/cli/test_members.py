"""Command `members`: who is in a plan and who was left out, for those who may know, noted in the audit log."""

import csv
import io

import pytest

from campaigns.cli import required_roles
from campaigns.core.model.roles import Permission, Role, is_permitted
from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell

AS_OF = "2018-01-01T10:00"
RUN = "letter-20180101T0800Z"


@pytest.fixture
def planned(viesti: Shell) -> Shell:
    """Shell in a workspace with a plan of two variants."""
    viesti.write("letter", TWO_VARIANTS)
    viesti("plan", "letter", "--as-of", AS_OF)
    return viesti


def rows(shell: Shell, *options: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shell("members", RUN, "--csv", *options).out)))


def test_members_are_those_of_the_plan(planned: Shell) -> None:
    counts = planned("plan", "letter", "--as-of", AS_OF, "--json").json
    listed = rows(planned)
    assert len(listed) == sum(counts["sends"].values()) == len({row["member_id"] for row in listed})
    assert listed[0] | {"arm": ""} == {
        "member_id": listed[0]["member_id"], "variant": listed[0]["variant"], "channel": "email", "arm": "",
        "state": "pending", "reason": "",
    }  # fmt: skip
    for variant, number in counts["variants"].items():
        assert len(rows(planned, "--variant", variant)) == number
    lines = planned("members", RUN).out.splitlines()
    assert lines[0] == "  ".join(filter(None, listed[0].values()))
    assert lines[-1] == f"{len(listed)} members"


def test_those_left_out_are_listed_by_their_reason(viesti: Shell) -> None:
    viesti.write(
        "letter", TWO_VARIANTS.replace("register: owners", "register: [owners, customers]") + "holdout: 30 percent\n"
    )
    skips = viesti("plan", "letter", "--as-of", AS_OF, "--json").json["skips"]
    assert skips["holdout_campaign"]
    assert len(rows(viesti, "--reason", "holdout_campaign")) == skips["holdout_campaign"]
    left_out = rows(viesti, "--reason", "all")
    assert len(left_out) == sum(skips.values())
    assert {row["reason"] for row in left_out} == set(skips)


def test_those_whose_delivery_ended_are_listed_by_that_reason(planned: Shell) -> None:
    planned("cancel", RUN)
    ended = rows(planned, "--reason", "cancelled")
    assert len(ended) == len(rows(planned))
    assert {(row["state"], row["reason"]) for row in ended} == {("withdrawn", "cancelled")}
    assert planned("members", RUN, "--reason", "too_long").out == "none\n"


def test_an_unknown_reason_or_variant_gets_the_closest(planned: Shell) -> None:
    for option, name, message in (
        ("--reason", "holdout_globl", "there is no reason of this name [unknown_reason]\n  try: `holdout_global`"),
        ("--variant", "laplnd", "the campaign has no variant of this name [unknown_variant]\n  try: `lapland`"),
        ("--variant", "xyz", "[unknown_variant]\n  try: one of: lapland, rest"),
    ):
        assert message in planned("members", RUN, option, name, code=1).err


def test_a_list_of_members_is_noted_in_the_audit_log(planned: Shell) -> None:
    planned("members", RUN, "--variant", "rest")
    (row,) = planned("audit", "show", "--subject", RUN, "--json").json[:1]
    assert (row["action"], row["detail"]) == ("list_members", {"reason": None, "variant": "rest"})


def test_a25_members_needs_the_permission_that_explains_decisions() -> None:
    assert required_roles.REQUIRED_PERMISSIONS["members"] is Permission.EXPLAIN
    assert {role for role in Role if is_permitted([role], Permission.EXPLAIN)} == {Role.PRIVACY_OFFICER, Role.EXPERT}


def test_gd13_erased_and_restricted_members_are_not_listed(workspace: SampleWorkspace) -> None:
    from campaigns.people.privacy import erasure
    from campaigns.runs.plan_members import PlanMembers

    run, _ = workspace.plan("letter", TWO_VARIANTS)
    listed = PlanMembers(workspace.engine.queries, run)
    members = [row.member_id for row in listed.rows()]
    erasure.erase(workspace.engine.context, members[0])
    workspace.record_choices(members[1], "restricted")
    assert [row.member_id for row in listed.rows()] == members[2:]
    assert listed.hidden() == 2


def test_the_number_of_those_not_listed_is_said_in_the_language(
    workspace: SampleWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = workspace.plan("letter", TWO_VARIANTS)
    workspace.record_choices(next(iter(workspace.channels(run))), "restricted")
    result = Shell(workspace.root, capsys)("members", run.run_id, "--language", "sv")
    assert result.err == "1 visas inte: deras uppgifter har raderats, eller användningen är begränsad\n"
