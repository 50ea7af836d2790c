"""Members under the minimum age get no newsletter, marketing or survey (FI-10); an unknown age restricts nothing."""

from datetime import UTC, datetime

import pytest

from tests.support.sample_workspace import SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""


def import_birth_dates(workspace: SampleWorkspace, **birth_dates: str) -> None:
    """Import dates of birth; an empty text means unknown."""
    workspace.import_rows(
        "members",
        [{"member_id": member, "register": "owners", "birth_date": day} for member, day in birth_dates.items()],
    )


BOUNDARIES = {
    "on the birthday in Helsinki": ("2000-01-01", datetime(2017, 12, 31, 22, 0, tzinfo=UTC), False),
    "a minute before the birthday": ("2000-01-01", datetime(2017, 12, 31, 21, 59, tzinfo=UTC), True),
    "a day before the birthday": ("2000-01-02", datetime(2018, 1, 1, 21, 59, tzinfo=UTC), True),
    "born on 29 February, on the 28th": ("2000-02-29", datetime(2018, 2, 28, 8, 0, tzinfo=UTC), False),
    "born on 29 February, on the 27th": ("2000-02-29", datetime(2018, 2, 27, 8, 0, tzinfo=UTC), True),
}


@pytest.mark.parametrize(("birth_date", "as_of", "restricted"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_fi10_eighteen_is_reached_on_the_local_day(
    workspace: SampleWorkspace, birth_date: str, as_of: datetime, *, restricted: bool
) -> None:
    import_birth_dates(workspace, m05=birth_date)
    run, _ = workspace.plan("hi", MARKETING, as_of)
    assert workspace.skips(run) == ({"m05": "age_restricted"} if restricted else {})


def test_fi10_unknown_birth_date_restricts_nothing(workspace: SampleWorkspace) -> None:
    import_birth_dates(workspace, m05="")
    run, _ = workspace.plan("hi", MARKETING)
    assert "m05" in workspace.channels(run)


def test_minimum_age_follows_the_settings(workspace: SampleWorkspace) -> None:
    import_birth_dates(workspace, m05="2003-06-01", m06="2004-06-01")
    workspace.add_setting("minimum_age: 14")
    run, _ = workspace.plan("hi", MARKETING)
    assert workspace.skips(run) == {"m06": "age_restricted"}


def test_minimum_age_of_zero_restricts_no_member(workspace: SampleWorkspace) -> None:
    import_birth_dates(workspace, m05="2017-06-01")
    workspace.add_setting("minimum_age: 0")
    run, _ = workspace.plan("hi", MARKETING)
    assert workspace.skips(run) == {}


POST = MARKETING.replace("channels: [email]", "channels: [post]").replace("email: hello", "post: survey")
PURPOSES = {
    "marketing": (MARKETING, True),
    "newsletter": (
        MARKETING.replace("purpose: marketing", "purpose: newsletter\nnewsletter: food").replace(
            "audience: {register: [owners, customers]}\n", ""
        ),
        True,
    ),
    "survey": (MARKETING.replace("marketing", "survey"), True),
    "service": (MARKETING.replace("marketing", "service"), False),
    "rights": (MARKETING.replace("marketing", "rights"), False),
    "owner_post": (POST.replace("marketing", "owner_post"), False),
    "magazine": (POST.replace("marketing", "magazine"), False),
}


@pytest.mark.parametrize(("text", "restricted"), PURPOSES.values(), ids=PURPOSES)
def test_fi10_age_limit_applies_to_promotional_purposes_only(
    workspace: SampleWorkspace, text: str, *, restricted: bool
) -> None:
    import_birth_dates(workspace, m05="2002-06-01")
    workspace.record_choices("m05", "newsletter:food")
    run, _ = workspace.plan("hi", text)
    assert workspace.decisions(run)["m05"]["reason"] == ("age_restricted" if restricted else None)


def test_fi10_underage_member_is_not_the_household_recipient(workspace: SampleWorkspace) -> None:
    import_birth_dates(workspace, m03="2002-06-01")  # in the household of m04
    run, _ = workspace.plan("hi", POST + "one_per: household\n")
    decisions = workspace.decisions(run)
    assert decisions["m03"]["reason"] == "age_restricted"
    assert decisions["m04"]["kind"] == "send"
