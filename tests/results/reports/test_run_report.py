"""The report of a run: its numbers are the ledger's, and its effect is measured as it has to be."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, MessageKind, opt_out_address
from campaigns.channels.events import EventKind
from campaigns.cli.report import _show_links
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.results.reports.run_report import RunReport, run_report
from campaigns.runs.proofs.send_proof import ProofRequest, send_proof
from campaigns.store.runs import link_clicks
from campaigns.store.runs.link_clicks import LinkClicks
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import NOW, SampleWorkspace
from tests.support.sent_run import SentRun

CROWD: Final = tuple(f"c{number:03}" for number in range(400))
SETTINGS: Final = 'effect: {window: 7 days, minimum: 100}\ninternal_addresses: ["@kyla.example.org"]'
LETTER: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {region: Laakso}
content: {email: hello}
"""
HALF: Final = LETTER + "holdout: 50 percent\n"


@pytest.fixture
def crowded(workspace: SampleWorkspace) -> SampleWorkspace:
    """Four hundred members of one place, each a unit."""
    workspace.add_setting(SETTINGS)
    members = [
        {
            "member_id": each,
            "register": "owners",
            "region": "Laakso",
            "first_name": "Nimi",
            "bonus_last_month": "1.50",
            "language": "fi",
            "email": f"{each}@example.org",
        }
        for each in CROWD
    ]
    workspace.import_rows("members", members)
    said = {"choice": "email_own", "state": "on", "at": "2017-06-01T10:00", "source": "web"}
    workspace.import_rows("choices", [{"member_id": each, **said} for each in CROWD])
    return workspace


def shop(workspace: SampleWorkspace, members: Collection[str], days: float) -> None:
    """Let members have bought something so many days after the first of January."""
    at = (NOW + timedelta(days=days)).replace(tzinfo=None).isoformat(timespec="minutes")
    goods = {"product_id": "COFFEE", "quantity": 1, "amount": "5.00", "store_id": "s1"}
    workspace.import_rows(
        "purchases",
        [{"member_id": each, "purchased_at": at, "basket_id": f"{each}-{at}", **goods} for each in members],
    )


def sent(workspace: SampleWorkspace, text: str) -> Run:
    run = workspace.start("letter", text)
    assert workspace.send(run).closed
    return run


def reported(workspace: SampleWorkspace, run: Run) -> RunReport:
    return run_report(workspace.engine, run.run_id, Language.EN)


def groups(workspace: SampleWorkspace, run: Run) -> tuple[list[str], list[str]]:
    """The addressed and the held out."""
    held_out = [member for member, reason in workspace.skips(run).items() if reason == "holdout_campaign"]
    return sorted(workspace.channels(run)), held_out


def test_a_report_sums_to_what_was_planned(crowded: SampleWorkspace) -> None:
    run = sent(crowded, HALF)
    made = reported(crowded, run)
    assert sum(int(row["number"]) for row in made.outcomes) == made.tally.sent == 400 - made.tally.skipped
    assert {(row["channel"], row["state"]) for row in made.outcomes} == {("email", "accepted")}


def test_a23_a12_the_effect_is_that_of_purchases_in_the_window(crowded: SampleWorkspace) -> None:
    run = sent(crowded, HALF)
    addressed, held_out = groups(crowded, run)
    crowded.clock.advance(days=9)
    shop(crowded, addressed[:60], days=2)
    shop(crowded, held_out[:20], days=2)
    shop(crowded, held_out[20:], days=8)  # too late to count
    [found] = reported(crowded, run).effect.comparisons
    assert (found.against, found.addressed.number, found.addressed.total) == ("holdout_campaign", 60, len(addressed))
    assert (found.held_out.number, found.held_out.total) == (20, len(held_out))
    assert found.is_significant
    assert found.low is not None
    assert found.low > 0


def test_a12_nobody_peeks_before_the_window_is_over(crowded: SampleWorkspace) -> None:
    run = sent(crowded, HALF)
    crowded.clock.advance(days=6)
    effect = reported(crowded, run).effect
    assert not effect.comparisons
    assert effect.withheld is not None
    assert effect.withheld.startswith("too early")


def test_a12_groups_below_the_minimum_are_not_compared(crowded: SampleWorkspace) -> None:
    run = sent(crowded, LETTER + "holdout: 10 percent\n")
    crowded.clock.advance(days=8)
    shop(crowded, CROWD[::2], days=1)
    [found] = reported(crowded, run).effect.comparisons
    assert found.held_out.total < 100
    assert (found.p, found.difference) == (None, None)


def test_a12_everybody_who_was_assigned_counts_also_whom_nothing_reached(crowded: SampleWorkspace) -> None:
    """Intention to treat: somebody withdraws before the claim, somebody's cap is full."""
    run = crowded.start("letter", HALF)
    addressed, held_out = groups(crowded, run)
    crowded.record_choices(addressed[0], "no_marketing")
    assert crowded.send(run).closed
    crowded.clock.advance(days=8)
    shop(crowded, [*addressed[:30], *held_out[:30]], days=1)
    [found] = reported(crowded, run).effect.comparisons
    assert crowded.end_states(run)[addressed[0]][0] == "withdrawn"
    assert (found.addressed.number, found.addressed.total) == (30, len(addressed))


def test_a12_whom_a_cap_stopped_stays_with_the_addressed(crowded: SampleWorkspace) -> None:
    """Nobody knows whom of the held out it would have stopped."""
    some = LETTER.replace("{region: Laakso}", "{all: [{region: Laakso}, {sample: 30 percent}]}")
    sent(crowded, some)
    crowded.clock.advance(hours=1)
    run = sent(crowded, HALF + "limits: {per_member: {messages: 1, rolling: 7 days}}\n")
    capped = [member for member, reason in crowded.skips(run).items() if reason == "frequency_cap"]
    addressed, held_out = groups(crowded, run)
    assert len(capped) > 30
    crowded.clock.advance(days=8)
    shop(crowded, [*capped[:20], *held_out[:20]], days=1)
    [found] = reported(crowded, run).effect.comparisons
    assert (found.addressed.number, found.addressed.total) == (20, len(addressed) + len(capped))
    assert found.addressed.total + found.held_out.total == len(CROWD)


def test_a12_arms_are_compared_and_only_a_real_winner_is_named(crowded: SampleWorkspace) -> None:
    experiment = "experiment: {arms: {short: 50, long: 50}, goal: {shopped: {within: 7 days}}}\n"
    run = sent(crowded, LETTER + experiment)
    arms = {member: row["arm"] for member, row in crowded.decisions(run).items()}
    short = sorted(member for member, arm in arms.items() if arm == "short")
    crowded.clock.advance(days=8)
    shop(crowded, [*short[:80], *sorted(set(arms) - set(short))[:20]], days=1)
    effect = reported(crowded, run).effect
    assert effect.arms is not None
    assert (effect.arms.winner, effect.arms.shares["short"].number, effect.arms.shares["long"].number) == (
        "short",
        80,
        20,
    )


def test_without_a_holdout_nothing_is_claimed(crowded: SampleWorkspace) -> None:
    effect = reported(crowded, sent(crowded, LETTER)).effect
    assert effect.withheld is not None
    assert "nobody was held out" in effect.withheld


def test_when_skips_were_forgotten_the_report_says_so(crowded: SampleWorkspace) -> None:
    from campaigns.people.privacy.erasure import apply_retention

    run = sent(crowded, HALF)
    crowded.clock.advance(days=100)
    apply_retention(crowded.engine.context)
    effect = reported(crowded, run).effect
    assert not effect.comparisons
    assert "no longer known" in str(effect.withheld)


def test_who_said_no_afterwards_is_counted_once_and_only_afterwards(crowded: SampleWorkspace) -> None:
    say_no(crowded, CROWD[5], crowded.clock.time - timedelta(days=3))
    crowded.record_choices(CROWD[5], "email_own")
    run = sent(crowded, LETTER)
    crowded.clock.advance(hours=3)
    for _ in range(2):
        say_no(crowded, CROWD[7], crowded.clock.time)
    assert reported(crowded, run).opt_outs == {"email": 1}


def test_a20_proofs_are_in_no_report(crowded: SampleWorkspace) -> None:
    run = sent(crowded, HALF)
    crowded.clock.advance(days=8)
    before = reported(crowded, run)
    draft, _ = crowded.engine.context.repository.campaign_definition("letter")
    send_proof(crowded.engine, draft, ProofRequest("aino@kyla.example.org"))
    assert reported(crowded, run) == before


def say_no(workspace: SampleWorkspace, member: str, at: datetime) -> None:
    with workspace.engine.context.ledger.write() as connection:
        saying = ConsentContext(at, ConsentSource.ONE_CLICK)
        opt_out_address(connection, MessageKind(Purpose.MARKETING, Channel.EMAIL), member, saying)


def test_links_are_reported_with_who_followed_them(
    crowded: SampleWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = sent(crowded, LETTER)
    with crowded.engine.context.ledger.write() as connection:
        for target, is_person in (("a", True), ("b", True), ("b", True), ("b", False)):
            link_clicks.count_click(connection, run.number or 0, target, is_person=is_person)
    made = reported(crowded, run)
    assert made.links == [LinkClicks("b", people=2, machines=1), LinkClicks("a", people=1, machines=0)]
    _show_links(made)
    assert "25% of it by machines" in capsys.readouterr().out


def test_what_came_back_is_counted_once_a_delivery_and_opens_not_at_all(crowded: SampleWorkspace) -> None:
    sending = SentRun(crowded, sent(crowded, LETTER))
    one, two, three = CROWD[:3]
    crowded.record_choices(three, "tracking")
    sending.ingest(
        sending.event(one, EventKind.DELIVERED),
        sending.event(two, EventKind.BOUNCED),
        sending.event(two, EventKind.BOUNCED, key="again"),
        sending.event(one, EventKind.COMPLAINED),
        sending.event(three, EventKind.OPENED),
        sending.event(three, EventKind.CLICKED),
    )
    told = {row["event"]: row["deliveries"] for row in reported(crowded, sending.run).events}
    assert told == {"delivered": 1, "bounced": 1, "complained": 1, "clicked": 1}
