"""Commands of a campaign's life: count, plan, preview, send, status, publish, pause, resume, cancel."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.support.shell import MONDAYS, Shell

AS_OF = "2018-01-01T10:00"
RUN = "letter-20180101T0800Z"
CHANNELS = {
    "email": ("marketing", "hello", "message.html", b"Nimi1 "),
    "sms": ("marketing", "hello", "message.txt", b"(gsm7, 1 segments)"),
    "post": ("marketing", "survey", "letter.pdf", b"%PDF-1.7"),
    "phone": ("survey", "survey_script", "script.md", b"# Hej"),
}


@pytest.fixture
def letter(viesti: Shell) -> Shell:
    """Shell in a workspace with one campaign."""
    viesti.write("letter", MONDAYS)
    return viesti


def test_a_count_in_json_has_exactly_these_keys(viesti: Shell) -> None:
    viesti.audience("owners", "{register: owners}")
    count = viesti("audience", "count", "owners", "--as-of", AS_OF, "--json").json
    assert count == {
        "audience": "owners",
        "as_of": "2018-01-01T10:00:00+02:00",
        "matched": 18,
        "unknown": 0,
        "not_processed": 0,
    }


def test_an_audience_file_outside_the_workspace_is_counted(viesti: Shell, tmp_path: Path) -> None:
    file = tmp_path / "coffee_drinkers.yaml"
    file.write_text("title: Coffee\nmatch: {bought: {where: {product_category: COFFEE}}}\n")
    assert viesti("audience", "count", file, "--json").json["matched"] == 12
    assert viesti("audience", "count", file, "--sql").out.startswith(("SELECT", "WITH"))
    assert "Conditions" in viesti("audience", "count", file, "--explain").out


def test_a_plan_in_json_has_exactly_these_keys_and_accounts_for_every_member(letter: Shell) -> None:
    plan = letter("plan", "letter", "--as-of", AS_OF, "--json").json
    assert list(plan) == ["campaign", "as_of", "run", "matched", "sends", "variants", "skips", "offers", "warnings"]
    assert (plan["campaign"], plan["as_of"], plan["run"]) == ("letter", "2018-01-01T10:00:00+02:00", RUN)
    assert plan["matched"] == sum(plan["sends"].values()) + sum(plan["skips"].values()) == 18
    assert sum(plan["variants"].values()) == sum(plan["sends"].values())
    assert letter.delivered_files() == []


def test_a_planned_run_is_sent_once_and_its_status_shown(letter: Shell) -> None:
    plan_output = letter("plan", "letter", "--as-of", AS_OF)
    assert f"viesti send {RUN}" in plan_output.out
    letter("send", RUN)
    delivered = {path: path.read_bytes() for path in letter.delivered_files()}
    assert len([path for path in delivered if path.suffix == ".eml"]) == 18
    assert RUN in letter("status").out
    status = letter("status", RUN, "--json").json
    assert (status["run"], status["state"]) == (RUN, "closed")
    assert {state: count for state, count in status["deliveries"].items() if count} == {"accepted": 18}
    assert status["outcomes"] == [{"channel": "email", "state": "accepted", "reason": "", "deliveries": 18}]
    letter("send", RUN)
    second_run = letter("run", "letter", "--as-of", AS_OF, code=1)
    assert "[already_run]" in second_run.err
    assert {path: path.read_bytes() for path in letter.delivered_files()} == delivered


def test_run_plans_and_sends(letter: Shell) -> None:
    result = letter("run", "letter", "--as-of", AS_OF, "--json").json
    assert (result["run"], result["closed"], result["deliveries"]["accepted"]) == (RUN, True, 18)
    mail = next(path for path in letter.delivered_files() if path.suffix == ".eml")
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_check_takes_a_campaign_or_an_audience_by_name(letter: Shell) -> None:
    audience = letter.audience("owners", "{register: owners}")
    assert letter("check", "letter", "owners").out == "2 files are in order\n"
    audience.write_text("title: Owners\nmatch: {register: ownrs}\n", "utf-8")
    assert "owners.yaml:2:19" in letter("check", "owners", code=1).err
    assert "[unreadable]" in letter("check", "nobody", code=1).err


def test_check_names_a_broken_ranking_model(letter: Shell) -> None:
    (letter.root / "config" / "ranking.json").write_text("{nonsense", "utf-8")
    assert "ranking.json:1:2: this is not JSON" in letter("check", code=1).err


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_preview_is_the_file_of_its_channel(channel: str, viesti: Shell) -> None:
    purpose, template, name, content = CHANNELS[channel]
    viesti.write("look", MONDAYS.replace("marketing", purpose).replace("{email: hello}", f"{{{channel}: {template}}}"))
    before = viesti.stored_state()
    path = Path(viesti("preview", "look", "--member", "m01").out.strip())
    assert path.name == name
    assert content in path.read_bytes()
    assert (viesti.stored_state(), viesti.delivered_files()) == (before, [])


@pytest.mark.parametrize(("channel", "word"), [("email", "per e-post"), ("sms", "per sms")])
def test_c09_a_message_says_by_which_choice_it_came(channel: str, word: str, viesti: Shell) -> None:
    body = viesti.root / "templates" / channel / "hello" / "body.txt"
    body.write_text(f"{body.read_text('utf-8')}\n{{{{ campaign.reason }}}}\n", "utf-8")
    viesti.write("look", MONDAYS.replace("{email: hello}", f"{{{channel}: hello}}"))
    path = Path(viesti("preview", "look", "--member", "m01").out.strip()).with_name("message.txt")
    assert f"eftersom du har gett oss lov att skicka förmåner till dig {word}." in path.read_text("utf-8")


def test_a_preview_of_a_member_without_message_is_refused_with_a_reason(letter: Shell) -> None:
    assert "[nothing_to_preview]" in letter("preview", "letter", "--member", "m04", code=1).err
    assert "[unknown_member]" in letter("preview", "letter", "--member", "../m01", code=1).err


def test_a_published_campaign_is_in_the_calendar(letter: Shell) -> None:
    occasions = letter("calendar", "--days", "8", "--json").json["occasions"]
    assert [(row["campaign"], row["published"]) for row in occasions] == [("letter", False)]
    assert "next due 2018-01-08 09:30" in letter("publish", "letter").out
    (row,) = letter("calendar", "--days", "8", "--json").json["occasions"]
    assert (row["due"], row["published"], row["messages"]) == ("2018-01-08T09:30:00+02:00", True, None)
    assert "Mon 2018-01-08 09:30" in letter("calendar", "--list").out


def test_a_campaign_is_unpublished_even_if_its_file_is_gone(letter: Shell) -> None:
    letter("publish", "letter")
    letter("unpublish", "letter")
    assert [row["published"] for row in letter("calendar", "--days", "8", "--json").json["occasions"]] == [False]
    letter("publish", "letter")
    (letter.root / "config" / "campaigns" / "letter.yaml").unlink()
    assert "letter is off the schedule" in letter("unpublish", "letter").out
    assert "[not_published]" in letter("unpublish", "letter", code=1).err
    assert [row["action"] for row in letter("audit", "show", "--json").json][:2] == ["unpublish", "publish"]


def test_a19_a_plan_cannot_be_approved_by_its_planner(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + "approval: required\n")
    viesti("plan", "letter", "--as-of", AS_OF)
    assert "[not_approved]" in viesti("send", RUN, code=1).err
    assert "[cannot_approve]" in viesti("approve", RUN, code=1).err
    assert "[not_approved]" in viesti("send", RUN, code=1).err
    assert viesti.delivered_files() == []


def test_approving_a_plan_that_needs_no_approval_is_refused(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    viesti("plan", "letter", "--as-of", AS_OF)
    error = viesti("approve", RUN, code=1).err
    assert "this campaign's plans need no approval" in error
    assert f"try: `viesti send {RUN}`" in error


def test_check_warns_of_an_unread_file(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS)
    unread_file = viesti.root / "config" / "campaigns" / "offer.yml"
    unread_file.write_text(MONDAYS)
    assert "offer.yml: warning: this file is not read" in viesti("check").err
    assert "[unread_file]" not in viesti("check", str(unread_file.with_name("letter.yaml"))).err


def test_a19_a_plan_with_changed_files_is_not_sent(letter: Shell) -> None:
    letter("plan", "letter", "--as-of", AS_OF)
    letter.write("letter", MONDAYS.replace("owners", "[owners, customers]"))
    assert "[stale_plan]" in letter("send", RUN, code=1).err
    assert letter.delivered_files() == []


def test_a_run_in_quiet_hours_can_be_paused_resumed_and_cancelled(viesti: Shell) -> None:
    viesti.write("letter", MONDAYS + 'quiet_hours: {email: "09:00-12:00"}\n')
    viesti("plan", "letter", "--as-of", AS_OF)
    error = viesti("pause", RUN, code=1).err
    assert "the run is planned; to pause one, it has to be sending [wrong_state]" in error
    assert f"try: `viesti cancel {RUN}` ends a plan\n" in error
    assert "the rest is due at 2018-01-01 12:00" in viesti("send", RUN).out
    for command, state in (("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        viesti(command, RUN)
        assert viesti("status", RUN, "--json").json["state"] == state
        if state != "sending":
            assert f"the run is {state}, and nothing of it is sent [wrong_state]" in viesti("send", RUN, code=1).err
    status = viesti("status", RUN, "--json").json
    assert status["deliveries"]["withdrawn"] == 18
    assert status["outcomes"] == [{"channel": "email", "state": "withdrawn", "reason": "cancelled", "deliveries": 18}]
    assert "[wrong_state]" in viesti("resume", RUN, code=1).err
    assert viesti.delivered_files() == []


@pytest.mark.long
def test_a_new_demonstration_passes_check(nowhere: Shell, tmp_path: Path) -> None:
    nowhere("init", "--demo", tmp_path / "new")
    new_workspace = Shell(tmp_path / "new", nowhere.capsys)
    assert "files are in order" in new_workspace("check").out
    for arguments in ((), ("--demo",)):
        assert "[not_empty]" in nowhere("init", *arguments, tmp_path / "new", code=1).err
    (tmp_path / "file").touch()
    assert "[not_writable]" in nowhere("init", tmp_path / "file" / "new", code=1).err


def test_commands_find_the_enclosing_workspace(letter: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(letter.root / "config" / "campaigns")
    local_shell = Shell(Path(), letter.capsys)
    assert local_shell("plan", "letter.yaml", "--as-of", AS_OF, "--json").json["run"] == RUN
