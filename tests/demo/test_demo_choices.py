"""Choices of the invented members: plausible rates, valid entries, plausible times."""

from collections import Counter

import pytest

from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice
from campaigns.workspace.paths import Workspace
from campaigns.workspace.settings_file import load_settings

pytestmark = pytest.mark.long

Row = dict[str, str]


@pytest.mark.parametrize(
    ("choice", "share"),
    [
        (Choice.EMAIL_OWN, 0.55),
        (Choice.SMS_OWN, 0.40),
        (Choice.EMAIL_PARTNER, 0.15),
        (Choice.ELECTRONIC_OWNER_POST, 0.20),
        (Choice.NO_DIRECT_MAIL, 0.06),
        (Choice.NO_OWNER_POST, 0.04),
        (Choice.NO_SURVEYS_OR_PHONE, 0.10),
        (Choice.NO_PURCHASE_DETAIL, 0.07),
        (Choice.NO_MARKETING, 0.04),
        (Choice.TRACKING, 0.10),
    ],
)
def test_choices_have_plausible_rates(members: list[Row], choices: list[Row], choice: Choice, share: float) -> None:
    owners_and_household = {member["member_id"] for member in members if member["register"] != "customers"}
    on = {member for (member, name), state in _current_states(choices).items() if name == choice and state == "on"}
    assert len(on & owners_and_household) / len(owners_and_household) == pytest.approx(share, rel=0.2)


@pytest.mark.parametrize("choice", [Choice.RESTRICTED, Choice.ADDRESS_SECRET, Choice.DECEASED])
def test_rare_states_occur(choices: list[Row], choice: Choice) -> None:
    assert 5 <= sum(row["choice"] == choice for row in choices) <= 40


def test_every_newsletter_of_the_settings_has_subscribers(choices: list[Row], repository: Workspace) -> None:
    name = Counter(row["choice"] for row in choices if row["choice"].startswith(NEWSLETTER_PREFIX))
    assert set(name) == {f"{NEWSLETTER_PREFIX}{name}" for name in load_settings(repository.settings).newsletters}
    assert min(name.values()) > 300


def test_every_withdrawn_choice_was_granted_before(choices: list[Row]) -> None:
    granted: dict[tuple[str, str], str] = {}
    taken_back = 0
    for row in choices:
        key = row["member_id"], row["choice"]
        if row["state"] == "on":
            assert key not in granted
            granted[key] = row["at"]
        else:
            assert granted[key] < row["at"]
            taken_back += 1
    assert taken_back > 300


def test_entries_are_in_order_and_before_the_demonstration(choices: list[Row]) -> None:
    times = [row["at"] for row in choices]
    assert times == sorted(times)
    assert times[0] > "2011-03-01"
    assert times[-1] < "2018-01-01"


def test_entries_from_forms_and_staff_name_their_wording_and_agent(choices: list[Row]) -> None:
    for row in choices:
        assert bool(row["wording"]) == (row["source"] in {"web", "desk", "phone"})
        assert bool(row["agent"]) == (row["source"] in {"desk", "phone"})


def test_suppressions_are_of_members_addresses(members: list[Row], suppressions: list[Row]) -> None:
    assert len(suppressions) == 40
    for row in suppressions:
        assert row["value"] in {member[row["kind"]] for member in members}
    assert {row["scope"] for row in suppressions if row["reason"] == "suppressed_complaint"} == {"marketing"}


def _current_states(choices: list[Row]) -> dict[tuple[str, str], str]:
    return {(row["member_id"], row["choice"]): row["state"] for row in choices}
