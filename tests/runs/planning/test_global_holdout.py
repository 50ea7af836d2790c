"""The global holdout: who hears nothing, for how long, and who they were before it was drawn anew (A-11)."""

from datetime import datetime
from decimal import Decimal

import pytest

from audiences.people import holdout_versions
from audiences.people.holdout_versions import HoldoutDrawing
from campaigns.core.errors import UserError
from tests.support.sample_workspace import MEMBERS, Village

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms]
content: {sms: hello}
"""


def versions(village: Village) -> list[HoldoutDrawing]:
    with village.engine.ledger.read() as connection:
        return holdout_versions.list_versions(connection)


def listed(village: Village, version: HoldoutDrawing, at: datetime) -> set[str]:
    return set(holdout_versions.held_out_members(village.engine.ledger, version, at))


def planned(village: Village, name: str = "hi") -> set[str]:
    """The members whom a plan of this moment holds out."""
    run, _ = village.plan(name, MARKETING, village.hands.at)
    return {member for member, reason in village.skips(run).items() if reason == "holdout_global"}


def reshuffle(village: Village) -> None:
    with village.engine.ledger.write() as connection:
        holdout_versions.reshuffle(connection, village.engine.library.settings.holdout, village.hands.at)


def test_a11_the_list_of_a_version_is_whom_the_plans_held_out(village: Village) -> None:
    village.set("holdout: 15 percent")
    held = planned(village)
    [version] = versions(village)
    assert held
    assert listed(village, version, village.hands.at) == held
    assert version.share == Decimal("0.15")


def test_a11_last_quarters_group_can_still_be_listed_after_a_reshuffle(village: Village) -> None:
    village.set("holdout: 15 percent")
    first, at_first = planned(village), village.hands.at
    village.hands.go(days=90)
    reshuffle(village)
    second = planned(village, "later")
    assert first != second
    old, new = versions(village)
    assert (old.until, new.since, new.until) == (village.hands.at, village.hands.at, None)
    assert listed(village, old, at_first) == first
    assert listed(village, new, village.hands.at) == second


def test_a11_a_group_stays_what_it_was_when_units_unite_later(village: Village) -> None:
    village.set("holdout: 15 percent")
    held, before = planned(village), village.hands.at
    village.hands.go(days=1)
    village.bring(
        "members",
        [{"member_id": member, "register": "owners", "email": "one@example.org"} for member in MEMBERS[::2]],
    )
    [version] = versions(village)
    assert listed(village, version, before) == held
    assert listed(village, version, village.hands.at) == planned(village, "later") != held


def test_who_joined_after_a_version_ended_was_not_in_it(village: Village) -> None:
    village.set("holdout: 15 percent")
    planned(village)
    before = village.hands.at
    village.hands.go(days=1)
    village.bring("members", [{"member_id": f"new{number}", "register": "owners"} for number in range(40)])
    [version] = versions(village)
    assert any(member.startswith("new") for member in listed(village, version, village.hands.at))
    assert not any(member.startswith("new") for member in listed(village, version, before))


def test_a_larger_share_keeps_those_who_were_held_out(village: Village) -> None:
    village.set("holdout: 10 percent")
    few = planned(village)
    path = village.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("10 percent", "15 percent"), encoding="utf-8")
    vars(village.engine).pop("library")
    village.hands.go(hours=1)
    assert few < planned(village)
    assert [version.share for version in versions(village)] == [Decimal("0.10"), Decimal("0.15")]


def test_a_version_is_kept_once_however_many_plans_are_made(village: Village) -> None:
    village.set("holdout: 5 percent")
    for name in ("one", "two"):
        planned(village, name)
    assert len(versions(village)) == 1


def test_no_share_holds_out_nobody_and_ends_what_was_in_force(village: Village) -> None:
    assert planned(village) == set()
    assert versions(village) == []
    with village.engine.ledger.write() as connection:
        holdout_versions.activate_version(connection, Decimal("0.05"), village.hands.at)
    village.hands.go(hours=1)
    assert planned(village) == set()
    assert [version.until for version in versions(village)] == [village.hands.at]


@pytest.mark.parametrize("purpose", ["service", "rights"])
def test_a11_service_messages_reach_those_who_are_held_out(village: Village, purpose: str) -> None:
    village.set("holdout: 15 percent")
    text = MARKETING.replace("marketing", purpose).replace("[sms]", "[email]").replace("sms: hello", "email: hello")
    run, _ = village.plan("hi", text)
    assert village.skips(run) == {}


def test_more_than_fifteen_percent_is_refused(village: Village) -> None:
    village.set("holdout: 16 percent")
    with pytest.raises(UserError) as caught:
        planned(village)
    assert [problem.message for problem in caught.value.problems] == [
        "at most 15 percent of the members hear nothing at all"
    ]
