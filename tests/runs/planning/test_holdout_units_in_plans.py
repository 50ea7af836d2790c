"""Members of one household or address share an experiment arm and a holdout (A-10, A-11)."""

from collections import defaultdict
from collections.abc import Mapping

from tests.support.sample_workspace import MEMBERS, SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms]
content: {sms: hello}
"""
EXPERIMENT = f"{MARKETING}experiment: {{arms: {{short: 50, long: 50}}}}\n"


def pair_up(workspace: SampleWorkspace) -> None:
    """Give every two neighbours one e-mail address and no household."""
    workspace.import_rows(
        "members",
        [
            {"member_id": member, "register": "owners", "household_id": "", "email": f"pair{number // 2}@example.org"}
            for number, member in enumerate(MEMBERS)
        ],
    )


def by_pair(values: Mapping[str, object]) -> list[set[object]]:
    values_by_pair = defaultdict(set)
    for number, member in enumerate(MEMBERS):
        values_by_pair[number // 2].add(values[member])
    return list(values_by_pair.values())


def test_a11_members_of_one_address_share_an_arm(workspace: SampleWorkspace) -> None:
    pair_up(workspace)
    run, _ = workspace.plan("hi", EXPERIMENT)
    arms = {member: row["arm"] for member, row in workspace.decisions(run).items()}
    assert all(len(pair) == 1 for pair in by_pair(arms))
    assert set(arms.values()) == {"short", "long"}


def test_a11_members_of_one_address_share_a_holdout(workspace: SampleWorkspace) -> None:
    pair_up(workspace)
    run, _ = workspace.plan("hi", f"{MARKETING}holdout: 50 percent\n")
    held_out = {member: row["reason"] == "holdout_campaign" for member, row in workspace.decisions(run).items()}
    assert all(len(pair) == 1 for pair in by_pair(held_out))
    assert set(held_out.values()) == {True, False}


def test_a11_a_household_is_one_unit_without_any_address(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("hi", MARKETING)
    units = {member: row["unit"] for member, row in workspace.decisions(run).items()}
    assert units["m03"] == units["m04"]
    assert units["m05"] not in {units["m04"], units["m06"]}


def test_a10_the_arm_stays_when_a_second_member_joins_the_address(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("hi", EXPERIMENT)
    before = {member: row["arm"] for member, row in workspace.decisions(run).items()}
    workspace.import_rows(
        "members", [{"member_id": "new", "register": "owners", "email": "m05@example.org", "phone": "+358401230099"}]
    )
    workspace.record_choices("new", "sms_own")
    workspace.clock.advance(days=1)
    run, _ = workspace.plan("hi")
    after = {member: row["arm"] for member, row in workspace.decisions(run).items()}
    assert after == {**before, "new": before["m05"]}


def test_one_address_in_two_spellings_is_written_to_once(workspace: SampleWorkspace) -> None:
    workspace.import_rows("members", [{"member_id": "m07", "register": "owners", "email": "M05@example.org"}])
    by_email = MARKETING.replace("[sms]", "[email]").replace("sms: hello", "email: hello")
    run, _ = workspace.plan("hi", by_email)
    assert workspace.skips(run) == {"m07": "address_dedup"}
