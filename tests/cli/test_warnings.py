"""Warnings and next steps: old data, a second run on a day, an empty plan."""

from pathlib import Path
from shutil import rmtree

import pytest

from campaigns.cli import open_workspace
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.long

MORNING = "2018-01-01T09:00"
NOON = "2018-01-01T12:00"
FIRST = "letter-20180101T0700Z"
SECOND = "letter-20180101T1000Z"
BUYERS = "{bought: {where: {product_category: COFFEE}}}"
DATA_END = "warning: purchases end on 2017-12-10; rules about them see nothing of the 21 days since [data_end]\n"


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    """Shell in a workspace with a campaign for owners; its purchases end on 10 December 2017."""
    viesti.write("letter", MONDAYS)
    return viesti


def test_old_purchase_data_is_a_warning_for_purchase_rules(viesti: Shell) -> None:
    viesti.audience("coffee", BUYERS)
    viesti.write("letter", MONDAYS.replace("{register: owners}", "coffee"))
    output = viesti("plan", "letter", "--as-of", MORNING)
    assert output.err.startswith(f"{FIRST}: {DATA_END}")
    assert "an earlier `--as-of`" in output.err
    assert viesti("plan", "letter", "--as-of", MORNING, "--json").err == output.err
    for arguments in ((), ("--json",), ("--explain",)):
        assert viesti("audience", "count", "coffee", "--as-of", MORNING, *arguments).err.startswith(
            f"coffee: {DATA_END}"
        )


def test_recent_data_and_rules_without_purchases_give_no_warning(letter: Shell) -> None:
    letter.audience("coffee", BUYERS)
    letter.audience("owners", "{register: owners}")
    assert letter("audience", "count", "coffee", "--as-of", "2017-12-13T11:00").err == ""
    assert "of the 3 days since" in letter("audience", "count", "coffee", "--as-of", "2017-12-13T15:00").err
    assert letter("audience", "count", "owners", "--as-of", MORNING).err == ""
    assert letter("plan", "letter", "--as-of", MORNING).err == ""


def test_warnings_of_a_plan_are_printed_and_part_of_its_json(letter: Shell) -> None:
    letter.write("other", MONDAYS)
    letter("plan", "other", "--as-of", MORNING)
    shown = letter("plan", "letter", "--as-of", NOON)
    message = "18 of its 18 members are written to by another campaign on 2018-01-01, too: 18 in other-20180101T0700Z"
    assert shown.err.startswith(f"{SECOND}: warning: {message} [overlap]\n  try: ")
    (warning,) = letter("plan", "letter", "--as-of", NOON, "--json").json["warnings"]
    assert (warning["code"], warning["message"]) == ("overlap", message)
    assert f"warning: {message}" in letter("send", SECOND).err


def test_missing_imports_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    viesti, members = Shell(tmp_path / "new", capsys), tmp_path / "members.csv"
    viesti("init", "--demo", tmp_path / "new")
    for arguments in (("audience", "count", "active_members"), ("plan", "beauty_newsletter")):
        output = viesti(*arguments, "--as-of", MORNING).err
        assert "warning: no members have been imported, so nobody is found [no_members]\n" in output
        assert "`viesti import members FILE`" in output
    members.write_text("member_id,register\n1,owners\n", "utf-8")
    viesti("import", "members", members)
    output = viesti("audience", "count", "active_members", "--as-of", MORNING).err
    assert "warning: no purchases have been imported; rules about them see nothing [no_purchases]\n" in output
    assert "`viesti import purchases FILE`" in output


def test_a_second_run_on_the_same_day_is_refused(letter: Shell) -> None:
    letter("run", "letter", "--as-of", MORNING)
    delivered = letter.delivered_files()
    for arguments in ((), ("--json",)):
        error = letter("run", "letter", "--as-of", NOON, *arguments, code=1).err
        assert f"{SECOND}: 18 of its sends are to members who were sent letter on 2018-01-01 already: {FIRST}" in error
        assert "[again_today]" in error
        assert f"`viesti send {SECOND}` sends it anyway" in error
    assert letter.delivered_files() == delivered
    assert "warning: 18 of its sends" in letter("plan", "letter", "--as-of", NOON).err
    assert "warning: 18 of its sends" in letter("send", SECOND).err
    assert len(letter.delivered_files()) > len(delivered)


def test_a_run_on_the_next_day_or_to_other_members_gives_no_warning(letter: Shell) -> None:
    letter("run", "letter", "--as-of", MORNING)
    assert letter("run", "letter", "--as-of", "2018-01-02T00:00").err == ""
    not_received = "{all: [{register: owners}, {not: {received: {campaign: letter, within: 7 days}}}]}"
    letter.write("letter", MONDAYS.replace("{register: owners}", not_received))
    assert "again_today" not in letter("run", "letter", "--as-of", "2018-01-02T12:00").err


def test_a_cancelled_unsent_plan_does_not_count_as_a_run(letter: Shell) -> None:
    letter("plan", "letter", "--as-of", MORNING)
    letter("cancel", FIRST)
    assert letter("run", "letter", "--as-of", NOON).err == ""


def test_a_plan_ends_with_the_next_step(viesti: Shell) -> None:
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


def test_status_says_why_a_plan_was_not_started(letter: Shell) -> None:
    letter("plan", "letter", "--as-of", MORNING)
    assert letter("status", FIRST).out.endswith(f"\nnot begun: `viesti send {FIRST}` sends it\n")
    letter.write("letter", MONDAYS + "approval: required\n")
    letter("plan", "letter", "--as-of", MORNING)
    reason = f"{FIRST}: this campaign's plans need an approval [not_approved]"
    assert f"\nnot begun: {reason}\n  try: somebody else: `viesti approve {FIRST}`\n" in letter("status", FIRST).out
    rmtree(letter.root / "data" / "runs")
    assert f"\nnot begun: {letter.root}" in letter("status", FIRST).out


def test_start_and_end_of_a_run_are_logged(letter: Shell, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "viesti")
    letter("run", "letter", "--as-of", MORNING)
    assert [record.getMessage() for record in caplog.records if record.name == "viesti"] == [
        f"{FIRST}: started, 18 to be sent",
        f"{FIRST}: closed",
    ]


def test_transitions_are_printed_as_json(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    viesti.write("letter", MONDAYS + 'approval: required\nquiet_hours: {email: "00:00-23:59"}\n')
    due = "2018-01-08T09:30:00+02:00"
    assert viesti("publish", "letter", "--json").json == {"campaign": "letter", "published": True, "next_due": due}
    assert viesti("unpublish", "letter", "--json").json == {"campaign": "letter", "published": False, "going_on": []}
    viesti("plan", "letter", "--as-of", MORNING)
    monkeypatch.setattr(open_workspace, "account", lambda: "approver")
    approved = {"run": FIRST, "state": "planned", "approved_by": "approver"}
    assert viesti("approve", FIRST, "--json").json == approved
    viesti("send", FIRST)
    viesti("publish", "letter")
    assert viesti("unpublish", "letter").out == (
        f"letter is off the schedule; {FIRST} continues, `viesti cancel {FIRST}` ends it\n"
    )
    assert viesti("pause", FIRST, "--json").json == {"run": FIRST, "state": "paused"}
    assert viesti("resume", FIRST, "--json").json == {"run": FIRST, "state": "sending"}
    assert viesti("cancel", FIRST, "--json").json == {"run": FIRST, "state": "cancelled", "withdrawn": 18}


@pytest.mark.parametrize(
    ("fragment", "suggestion"), [("coffee", "`coffee_drinkers`"), ("drinker", "`coffee_drinkers`")]
)
def test_part_of_a_name_suggests_the_name(fragment: str, suggestion: str, viesti: Shell) -> None:
    viesti.audience("coffee_drinkers", BUYERS)
    viesti.write("spring_letter_to_old_owners", MONDAYS)
    assert f"try: {suggestion}\n" in viesti("audience", "count", fragment, code=1).err
    assert f"try: {suggestion}\n" in viesti("audience", "count", f"config/audiences/{fragment}.yaml", code=1).err
    assert "try: `spring_letter_to_old_owners`\n" in viesti("plan", "spring", code=1).err
