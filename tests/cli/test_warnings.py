"""What is said before it is too late: data that end, a campaign sent twice on a day, a plan that nobody gets."""

from pathlib import Path
from shutil import rmtree

import pytest

from campaigns.cli import open_workspace
from tests.support.shell import MONDAYS, Shell

MORNING = "2018-01-01T09:00"
NOON = "2018-01-01T12:00"
FIRST = "letter-20180101T0700Z"
SECOND = "letter-20180101T1000Z"
BUYERS = "{bought: {where: {product_category: COFFEE}}}"
DATA_END = "warning: purchases end on 2017-12-10; rules about them see nothing of the 21 days since [data_end]\n"


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    """The village with a campaign for owners; its purchases end on 10 December 2017."""
    viesti.write("letter", MONDAYS)
    return viesti


def test_rules_about_purchases_are_warned_of_data_that_end_long_before(viesti: Shell) -> None:
    viesti.audience("coffee", BUYERS)
    viesti.write("letter", MONDAYS.replace("{register: owners}", "coffee"))
    said = viesti("plan", "letter", "--as-of", MORNING)
    assert said.err.startswith(f"{FIRST}: {DATA_END}")
    assert "an earlier `--as-of`" in said.err
    assert viesti("plan", "letter", "--as-of", MORNING, "--json").err == said.err
    for words in ((), ("--json",), ("--explain",)):
        assert viesti("audience", "count", "coffee", "--as-of", MORNING, *words).err.startswith(f"coffee: {DATA_END}")


def test_data_of_three_days_ago_and_rules_that_ask_no_purchases_are_not_warned_of(letter: Shell) -> None:
    letter.audience("coffee", BUYERS)
    letter.audience("owners", "{register: owners}")
    assert letter("audience", "count", "coffee", "--as-of", "2017-12-13T11:00").err == ""
    assert "of the 3 days since" in letter("audience", "count", "coffee", "--as-of", "2017-12-13T15:00").err
    assert letter("audience", "count", "owners", "--as-of", MORNING).err == ""
    assert letter("plan", "letter", "--as-of", MORNING).err == ""


def test_a_workspace_says_what_was_not_imported_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    viesti, members = Shell(tmp_path / "new", capsys), tmp_path / "members.csv"
    viesti("init", tmp_path / "new")
    for words in (("audience", "count", "active_members"), ("plan", "beauty_newsletter")):
        said = viesti(*words, "--as-of", MORNING).err
        assert "warning: no members have been imported, so nobody is found [no_members]\n" in said
        assert "`viesti import members FILE`" in said
    members.write_text("member_id,register\n1,owners\n", "utf-8")
    viesti("import", "members", members)
    said = viesti("audience", "count", "active_members", "--as-of", MORNING).err
    assert "warning: no purchases have been imported; rules about them see nothing [no_purchases]\n" in said
    assert "`viesti import purchases FILE`" in said


def test_a_campaign_is_not_run_twice_on_a_day_by_accident(letter: Shell) -> None:
    letter("run", "letter", "--as-of", MORNING)
    delivered = letter.delivered_files()
    for words in ((), ("--json",)):
        again = letter("run", "letter", "--as-of", NOON, *words, code=1).err
        assert f"{SECOND}: 18 of its sends are to members who were sent letter on 2018-01-01 already: {FIRST}" in again
        assert "[again_today]" in again
        assert f"`viesti send {SECOND}` sends it anyway" in again
    assert letter.delivered_files() == delivered
    assert "warning: 18 of its sends" in letter("plan", "letter", "--as-of", NOON).err
    assert "warning: 18 of its sends" in letter("send", SECOND).err
    assert len(letter.delivered_files()) > len(delivered)


def test_the_next_day_and_a_rule_that_leaves_them_out_are_run_without_a_word(letter: Shell) -> None:
    letter("run", "letter", "--as-of", MORNING)
    assert letter("run", "letter", "--as-of", "2018-01-02T00:00").err == ""
    once = "{all: [{register: owners}, {not: {received: {campaign: letter, within: 7 days}}}]}"
    letter.write("letter", MONDAYS.replace("{register: owners}", once))
    assert letter("run", "letter", "--as-of", "2018-01-02T12:00").err == ""


def test_a_plan_that_was_cancelled_before_it_sent_is_no_second_time(letter: Shell) -> None:
    letter("plan", "letter", "--as-of", MORNING)
    letter("cancel", FIRST)
    assert letter("run", "letter", "--as-of", NOON).err == ""


def test_a_plan_says_what_can_be_done_with_it(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    assert viesti("plan", "letter", "--as-of", MORNING).out.endswith(
        f"\nnothing was sent; `viesti send {FIRST}` sends it\n"
    )
    viesti.write("letter", MONDAYS + "approval: required\n")
    assert viesti("plan", "letter", "--as-of", MORNING).out.endswith(
        f"\nnothing was sent; needs approval by somebody else: `viesti approve {FIRST}`\n"
    )
    viesti.write("letter", MONDAYS.replace("{register: owners}", "{age: {from: 150}}"))
    assert viesti("plan", "letter", "--as-of", MORNING).out.endswith(
        "\nnothing was sent; no member is left to send it to\n"
    )


def test_status_says_why_a_plan_has_not_begun(letter: Shell) -> None:
    letter("plan", "letter", "--as-of", MORNING)
    assert letter("status", FIRST).out.endswith(f"\nnot begun: `viesti send {FIRST}` sends it\n")
    letter.write("letter", MONDAYS + "approval: required\n")
    letter("plan", "letter", "--as-of", MORNING)
    needs = f"{FIRST}: this campaign's plans need an approval [not_approved]"
    assert f"\nnot begun: {needs}\n  try: somebody else: `viesti approve {FIRST}`\n" in letter("status", FIRST).out
    rmtree(letter.root / "data" / "runs")
    assert f"\nnot begun: {letter.root}" in letter("status", FIRST).out


def test_a_run_that_begins_and_ends_is_in_the_log(letter: Shell, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "viesti")
    letter("run", "letter", "--as-of", MORNING)
    assert [each.getMessage() for each in caplog.records if each.name == "viesti"] == [
        f"{FIRST}: begun, 18 to be sent",
        f"{FIRST}: closed",
    ]


def test_what_was_done_is_told_to_scripts(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    viesti.write("letter", MONDAYS + 'approval: required\nquiet_hours: {email: "00:00-23:59"}\n')
    due = "2018-01-08T09:30:00+02:00"
    assert viesti("publish", "letter", "--json").json == {"campaign": "letter", "published": True, "next_due": due}
    assert viesti("unpublish", "letter", "--json").json == {"campaign": "letter", "published": False, "going_on": []}
    viesti("plan", "letter", "--as-of", MORNING)
    monkeypatch.setattr(open_workspace, "account", lambda: "approver")
    told = {"run": FIRST, "state": "planned", "approved_by": "approver"}
    assert viesti("approve", FIRST, "--json").json == told
    viesti("send", FIRST)
    viesti("publish", "letter")
    assert viesti("unpublish", "letter").out == (
        f"letter is off the schedule; {FIRST} continues, `viesti cancel {FIRST}` ends it\n"
    )
    assert viesti("pause", FIRST, "--json").json == {"run": FIRST, "state": "paused"}
    assert viesti("resume", FIRST, "--json").json == {"run": FIRST, "state": "sending"}
    assert viesti("cancel", FIRST, "--json").json == {"run": FIRST, "state": "cancelled", "withdrawn": 18}


@pytest.mark.parametrize(("typed", "meant"), [("coffee", "`coffee_drinkers`"), ("drinker", "`coffee_drinkers`")])
def test_part_of_a_name_is_near_enough(typed: str, meant: str, viesti: Shell) -> None:
    viesti.audience("coffee_drinkers", BUYERS)
    viesti.write("spring_letter_to_old_owners", MONDAYS)
    assert f"try: {meant}\n" in viesti("audience", "count", typed, code=1).err
    assert f"try: {meant}\n" in viesti("audience", "count", f"config/audiences/{typed}.yaml", code=1).err
    assert "try: `spring_letter_to_old_owners`\n" in viesti("plan", "spring", code=1).err
