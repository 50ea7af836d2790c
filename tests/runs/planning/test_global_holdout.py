"""Global holdout: its members, its versions, and the earlier groups after a reshuffle (A-11)."""

from datetime import datetime
from decimal import Decimal

import pytest

from audiences.people import holdout_versions
from audiences.people.holdout_versions import HoldoutDrawing
from campaigns.core.errors import UserError
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms]
content: {sms: hello}
"""


def versions(workspace: SampleWorkspace) -> list[HoldoutDrawing]:
    with workspace.engine.context.ledger.read() as connection:
        return holdout_versions.list_versions(connection)


def version_members(workspace: SampleWorkspace, version: HoldoutDrawing, at: datetime) -> set[str]:
    return set(holdout_versions.held_out_members(workspace.engine.context.ledger, version, at))


def planned_holdout(workspace: SampleWorkspace, name: str = "hi") -> set[str]:
    """Return the members held out by a plan made now."""
    run, _ = workspace.plan(name, MARKETING, workspace.clock.time)
    return {member for member, reason in workspace.skips(run).items() if reason == "holdout_global"}


def reshuffle(workspace: SampleWorkspace) -> None:
    with workspace.engine.context.ledger.write() as connection:
        holdout_versions.reshuffle(
            connection, workspace.engine.context.repository.settings.holdout, workspace.clock.time
        )


def test_a11_version_lists_the_members_whom_plans_held_out(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    held_out = planned_holdout(workspace)
    [version] = versions(workspace)
    assert held_out
    assert version_members(workspace, version, workspace.clock.time) == held_out
    assert version.share == Decimal("0.15")


def test_a11_last_quarters_group_can_still_be_listed_after_a_reshuffle(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    first, at_first = planned_holdout(workspace), workspace.clock.time
    workspace.clock.advance(days=90)
    reshuffle(workspace)
    second = planned_holdout(workspace, "later")
    assert first != second
    old, new = versions(workspace)
    assert (old.until, new.since, new.until) == (workspace.clock.time, workspace.clock.time, None)
    assert version_members(workspace, old, at_first) == first
    assert version_members(workspace, new, workspace.clock.time) == second


def test_a11_past_group_is_unchanged_when_units_merge_later(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    held_out, before = planned_holdout(workspace), workspace.clock.time
    workspace.clock.advance(days=1)
    workspace.import_rows(
        "members",
        [{"member_id": member, "register": "owners", "email": "one@example.org"} for member in MEMBERS[::2]],
    )
    [version] = versions(workspace)
    assert version_members(workspace, version, before) == held_out
    assert version_members(workspace, version, workspace.clock.time) == planned_holdout(workspace, "later") != held_out


def test_member_who_joined_after_a_version_ended_is_not_in_it(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    planned_holdout(workspace)
    before = workspace.clock.time
    workspace.clock.advance(days=1)
    workspace.import_rows("members", [{"member_id": f"new{number}", "register": "owners"} for number in range(40)])
    [version] = versions(workspace)
    assert any(member.startswith("new") for member in version_members(workspace, version, workspace.clock.time))
    assert not any(member.startswith("new") for member in version_members(workspace, version, before))


def test_larger_share_keeps_the_members_already_held_out(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 10 percent")
    smaller_group = planned_holdout(workspace)
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("10 percent", "15 percent"), encoding="utf-8")
    workspace.reload()
    workspace.clock.advance(hours=1)
    assert smaller_group < planned_holdout(workspace)
    assert [version.share for version in versions(workspace)] == [Decimal("0.10"), Decimal("0.15")]


def test_version_is_stored_once_for_many_plans(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 5 percent")
    for name in ("one", "two"):
        planned_holdout(workspace, name)
    assert len(versions(workspace)) == 1


def test_zero_share_holds_out_no_member_and_ends_the_version_in_force(workspace: SampleWorkspace) -> None:
    assert planned_holdout(workspace) == set()
    assert versions(workspace) == []
    with workspace.engine.context.ledger.write() as connection:
        holdout_versions.activate_version(connection, Decimal("0.05"), workspace.clock.time)
    workspace.clock.advance(hours=1)
    assert planned_holdout(workspace) == set()
    assert [version.until for version in versions(workspace)] == [workspace.clock.time]


@pytest.mark.parametrize("purpose", ["service", "rights"])
def test_a11_service_messages_reach_held_out_members(workspace: SampleWorkspace, purpose: str) -> None:
    workspace.add_setting("holdout: 15 percent")
    text = MARKETING.replace("marketing", purpose).replace("[sms]", "[email]").replace("sms: hello", "email: hello")
    run, _ = workspace.plan("hi", text)
    assert workspace.skips(run) == {}


def test_share_above_fifteen_percent_is_refused(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 16 percent")
    with pytest.raises(UserError) as caught:
        planned_holdout(workspace)
    assert [problem.message for problem in caught.value.problems] == [
        "at most 15 percent of the members hear nothing at all"
    ]
