"""Commands that report: what a run did, the record of processing activities, the holdout; in words and as JSON."""

import re

import pytest

from tests.support.shell import MONDAYS, Shell

AS_OF = "2018-01-01T10:00"
RUN = "letter-20180101T0800Z"
SETTING = "effect: {window: 7 days, minimum: 10}\n"


@pytest.fixture
def sent(viesti: Shell) -> Shell:
    """Shell in a workspace with one run, sent nine days ago, that holds half of its audience out."""
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + SETTING, "utf-8")
    viesti.write("letter", MONDAYS + "holdout: 50 percent\n")
    viesti("run", "letter", "--as-of", AS_OF)
    settings.write_text(settings.read_text("utf-8").replace('start: "2018-01-01', 'start: "2018-01-10'), "utf-8")
    return viesti


def test_a_report_shows_deliveries_skips_and_effect(sent: Shell) -> None:
    said = sent("report", RUN).out
    assert re.match(rf"{RUN}: closed, messages in the plan: \d+\n", said)
    for heading in (
        "Deliveries",
        "Skipped",
        "Clicks in e-mails",
        "Events since",
        "Links",
        "Opted out since",
        "Counted:",
    ):
        assert heading in said
    assert "accepted" in said
    assert "addressed" in said


def test_a_report_in_json_has_exactly_these_keys(sent: Shell) -> None:
    report = sent("report", RUN, "--json").json
    assert list(report) == [
        *("run", "campaign", "state", "planned", "deliveries", "skips", "events"),
        *("clicks", "links", "offers", "coupons", "said_no_since", "effect"),
    ]
    assert (report["run"], report["campaign"], report["state"]) == (RUN, "letter", "closed")
    assert report["planned"] + sum(report["skips"].values()) == 18
    (comparison,) = report["effect"]["comparisons"]
    assert 0 < comparison["addressed"]["units"] <= report["planned"]  # a unit is one household
    assert list(comparison["addressed"]) == ["units", "did_it", "share"]


def test_a_report_on_an_unknown_run_points_to_the_known_ones(sent: Shell) -> None:
    assert "[unknown_run]" in sent("report", "letter-20190101T0800Z", code=1).err


def test_the_record_of_processing_activities_names_every_section(viesti: Shell) -> None:
    said, sections = viesti("record").out, viesti("record", "--json").json
    assert list(sections) == [
        *(
            "controller",
            "purposes",
            "profiling",
            "people",
            "data",
            "ledger",
            "recipients",
            "transfers",
            "retention",
            "security",
        )
    ]
    for title in ("Controller", "Purposes and legal bases", "Personal data in the ledger", "Retention", "Security"):
        assert title in said
    assert "Transfers to third countries\nnone" in said
    assert sections["transfers"] == []
    assert {row["people"] for row in sections["people"]} >= {"owners", "household", "customers"}


def test_a_renewed_holdout_is_listed_with_its_members(viesti: Shell) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + "holdout: 15 percent\n", "utf-8")
    viesti.write("letter", MONDAYS)
    viesti("plan", "letter", "--as-of", AS_OF)
    first = viesti("holdout", "versions", "--json").json
    assert viesti("holdout", "renew").out == f"version {len(first) + 1} is in force\n"
    versions = viesti("holdout", "versions", "--json").json
    assert [list(version) for version in versions] == [["version", "share", "since", "until"]] * len(versions)
    assert (versions[-1]["until"], versions[-1]["share"]) == (None, "0.15")
    assert "share" in viesti("holdout", "versions").out
    members = viesti("holdout", "members", str(versions[-1]["version"])).out.split()
    assert len(set(members)) == len(members)


def test_a_proof_goes_to_the_address_given_and_counts_nowhere(viesti: Shell) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8") + 'internal_addresses: ["@kyla.example.org"]\n', "utf-8")
    viesti.write("letter", MONDAYS)
    before = viesti.delivered_files()
    assert viesti("proof", "letter", "--to", "me@kyla.example.org", "--member", "m01").out.startswith("sent")
    (proof,) = set(viesti.delivered_files()) - set(before)
    assert b"me@kyla.example.org" in proof.read_bytes()
    assert viesti("status", "--json").json == []
