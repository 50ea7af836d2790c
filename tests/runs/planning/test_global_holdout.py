"""The global holdout: who hears nothing, for how long, and who they were before it was drawn anew (A-11)."""

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


def listed(workspace: SampleWorkspace, version: HoldoutDrawing, at: datetime) -> set[str]:
    return set(holdout_versions.held_out_members(workspace.engine.context.ledger, version, at))


def planned(workspace: SampleWorkspace, name: str = "hi") -> set[str]:
    """The members whom a plan of this moment holds out."""
    run, _ = workspace.plan(name, MARKETING, workspace.clock.time)
    return {member for member, reason in workspace.skips(run).items() if reason == "holdout_global"}


def reshuffle(workspace: SampleWorkspace) -> None:
    with workspace.engine.context.ledger.write() as connection:
        holdout_versions.reshuffle(
            connection, workspace.engine.context.repository.settings.holdout, workspace.clock.time
        )


def test_a11_the_list_of_a_version_is_whom_the_plans_held_out(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    held = planned(workspace)
    [version] = versions(workspace)
    assert held
    assert listed(workspace, version, workspace.clock.time) == held
    assert version.share == Decimal("0.15")


def test_a11_last_quarters_group_can_still_be_listed_after_a_reshuffle(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    first, at_first = planned(workspace), workspace.clock.time
    workspace.clock.advance(days=90)
    reshuffle(workspace)
    second = planned(workspace, "later")
    assert first != second
    old, new = versions(workspace)
    assert (old.until, new.since, new.until) == (workspace.clock.time, workspace.clock.time, None)
    assert listed(workspace, old, at_first) == first
    assert listed(workspace, new, workspace.clock.time) == second


def test_a11_a_group_stays_what_it_was_when_units_unite_later(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    held, before = planned(workspace), workspace.clock.time
    workspace.clock.advance(days=1)
    workspace.import_rows(
        "members",
        [{"member_id": member, "register": "owners", "email": "one@example.org"} for member in MEMBERS[::2]],
    )
    [version] = versions(workspace)
    assert listed(workspace, version, before) == held
    assert listed(workspace, version, workspace.clock.time) == planned(workspace, "later") != held


def test_who_joined_after_a_version_ended_was_not_in_it(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 15 percent")
    planned(workspace)
    before = workspace.clock.time
    workspace.clock.advance(days=1)
    workspace.import_rows("members", [{"member_id": f"new{number}", "register": "owners"} for number in range(40)])
    [version] = versions(workspace)
    assert any(member.startswith("new") for member in listed(workspace, version, workspace.clock.time))
    assert not any(member.startswith("new") for member in listed(workspace, version, before))


def test_a_larger_share_keeps_those_who_were_held_out(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 10 percent")
    few = planned(workspace)
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("10 percent", "15 percent"), encoding="utf-8")
    workspace.reload()
    workspace.clock.advance(hours=1)
    assert few < planned(workspace)
    assert [version.share for version in versions(workspace)] == [Decimal("0.10"), Decimal("0.15")]


def test_a_version_is_kept_once_however_many_plans_are_made(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 5 percent")
    for name in ("one", "two"):
        planned(workspace, name)
    assert len(versions(workspace)) == 1


def test_no_share_holds_out_nobody_and_ends_what_was_in_force(workspace: SampleWorkspace) -> None:
    assert planned(workspace) == set()
    assert versions(workspace) == []
    with workspace.engine.context.ledger.write() as connection:
        holdout_versions.activate_version(connection, Decimal("0.05"), workspace.clock.time)
    workspace.clock.advance(hours=1)
    assert planned(workspace) == set()
    assert [version.until for version in versions(workspace)] == [workspace.clock.time]


@pytest.mark.parametrize("purpose", ["service", "rights"])
def test_a11_service_messages_reach_those_who_are_held_out(workspace: SampleWorkspace, purpose: str) -> None:
    workspace.add_setting("holdout: 15 percent")
    text = MARKETING.replace("marketing", purpose).replace("[sms]", "[email]").replace("sms: hello", "email: hello")
    run, _ = workspace.plan("hi", text)
    assert workspace.skips(run) == {}


def test_more_than_fifteen_percent_is_refused(workspace: SampleWorkspace) -> None:
    workspace.add_setting("holdout: 16 percent")
    with pytest.raises(UserError) as caught:
        planned(workspace)
    assert [problem.message for problem in caught.value.problems] == [
        "at most 15 percent of the members hear nothing at all"
    ]
