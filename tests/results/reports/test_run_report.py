"""The report of a run: its counts equal the ledger's, and its effect follows the statistics of holdouts."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, MessageKind, opt_out_address
from campaigns.channels.events import EventKind
from campaigns.cli.click_tables import print_clicks
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.enums import Channel, Language, Purpose
from campaigns.results.reports.run_report import RunReport, run_report
from campaigns.runs.proofs.send_proof import ProofRequest, send_proof
from campaigns.store.runs import link_clicks
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import NOW, SampleWorkspace
from tests.support.sent_run import SentRun

pytestmark = pytest.mark.long

MEMBER_IDS: Final = tuple(f"c{number:03}" for number in range(400))
SETTINGS: Final = 'effect: {window: 7 days, minimum: 100}\ninternal_addresses: ["@kyla.example.org"]'
LETTER: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {region: Laakso}
content: {email: hello}
"""
HALF: Final = LETTER + "holdout: 50 percent\n"


@pytest.fixture(scope="module")
def large_folder(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with four hundred members of one region, each a holdout unit. For copying only."""
    workspace = SampleWorkspace(shutil.copytree(base_workspace, tmp_path_factory.mktemp("large") / "workspace"))
    workspace.add_setting(SETTINGS)
    members = [
        {
            "member_id": member,
            "register": "owners",
            "region": "Laakso",
            "first_name": "Nimi",
            "bonus_last_month": "1.50",
            "language": "fi",
            "email": f"{member}@example.org",
        }
        for member in MEMBER_IDS
    ]
    workspace.import_rows("members", members)
    choice = {"choice": "email_own", "state": "on", "at": "2017-06-01T10:00", "source": "web"}
    workspace.import_rows("choices", [{"member_id": member, **choice} for member in MEMBER_IDS])
    workspace.close()
    return workspace.root


@pytest.fixture
def large_workspace(large_folder: Path, tmp_path: Path) -> Iterator[SampleWorkspace]:
    with closing(SampleWorkspace(shutil.copytree(large_folder, tmp_path / "workspace"))) as workspace:
        yield workspace


def import_purchases(workspace: SampleWorkspace, members: Collection[str], days: float) -> None:
    """Import one purchase per member, `days` after the first of January."""
    at = (NOW + timedelta(days=days)).replace(tzinfo=None).isoformat(timespec="minutes")
    goods = {"product_id": "COFFEE", "quantity": 1, "amount": "5.00", "store_id": "s1"}
    workspace.import_rows(
        "purchases",
        [{"member_id": member, "purchased_at": at, "basket_id": f"{member}-{at}", **goods} for member in members],
    )


def send_letter(workspace: SampleWorkspace, text: str) -> Run:
    run = workspace.start("letter", text)
    assert workspace.send(run).closed
    return run


def report_of(workspace: SampleWorkspace, run: Run) -> RunReport:
    return run_report(workspace.engine, run.run_id, Language.EN)


def addressed_and_held_out(workspace: SampleWorkspace, run: Run) -> tuple[list[str], list[str]]:
    """Return the addressed and the held-out members."""
    held_out = [member for member, reason in workspace.skips(run).items() if reason == "holdout_campaign"]
    return sorted(workspace.channels(run)), held_out


def test_report_counts_sum_to_the_plan(large_workspace: SampleWorkspace) -> None:
    run = send_letter(large_workspace, HALF)
    report = report_of(large_workspace, run)
    assert (
        sum(int(row["number"]) for row in report.outcomes)
        == report.plan_counts.sent
        == 400 - report.plan_counts.skipped
    )
    assert {(row["channel"], row["state"]) for row in report.outcomes} == {("email", "accepted")}


def test_a23_a12_effect_counts_only_purchases_in_the_window(large_workspace: SampleWorkspace) -> None:
    run = send_letter(large_workspace, HALF)
    addressed, held_out = addressed_and_held_out(large_workspace, run)
    large_workspace.clock.advance(days=9)
    import_purchases(large_workspace, addressed[:60], days=2)
    import_purchases(large_workspace, held_out[:20], days=2)
    import_purchases(large_workspace, held_out[20:], days=8)  # too late to count
    [comparison] = report_of(large_workspace, run).effect.comparisons
    assert (comparison.against, comparison.addressed.number, comparison.addressed.total) == (
        "holdout_campaign",
        60,
        len(addressed),
    )
    assert (comparison.held_out.number, comparison.held_out.total) == (20, len(held_out))
    assert comparison.is_significant
    assert comparison.low is not None
    assert comparison.low > 0


def test_a12_effect_is_withheld_until_the_window_ends(large_workspace: SampleWorkspace) -> None:
    run = send_letter(large_workspace, HALF)
    large_workspace.clock.advance(days=6)
    effect = report_of(large_workspace, run).effect
    assert not effect.comparisons
    assert effect.withheld is not None
    assert effect.withheld.startswith("too early")


def test_a12_groups_below_the_minimum_are_not_compared(large_workspace: SampleWorkspace) -> None:
    run = send_letter(large_workspace, LETTER + "holdout: 10 percent\n")
    large_workspace.clock.advance(days=8)
    import_purchases(large_workspace, MEMBER_IDS[::2], days=1)
    [comparison] = report_of(large_workspace, run).effect.comparisons
    assert comparison.held_out.total < 100
    assert (comparison.p, comparison.difference) == (None, None)


def test_a12_effect_counts_every_assigned_member_reached_or_not(large_workspace: SampleWorkspace) -> None:
    """Intention to treat: one member withdraws before the claim."""
    run = large_workspace.start("letter", HALF)
    addressed, held_out = addressed_and_held_out(large_workspace, run)
    large_workspace.record_choices(addressed[0], "no_marketing")
    assert large_workspace.send(run).closed
    large_workspace.clock.advance(days=8)
    import_purchases(large_workspace, [*addressed[:30], *held_out[:30]], days=1)
    [comparison] = report_of(large_workspace, run).effect.comparisons
    assert large_workspace.end_states(run)[addressed[0]][0] == "withdrawn"
    assert (comparison.addressed.number, comparison.addressed.total) == (30, len(addressed))


def test_a12_capped_members_stay_in_the_addressed_group(large_workspace: SampleWorkspace) -> None:
    """The cap's effect on the held-out members is unknown."""
    sample = LETTER.replace("{region: Laakso}", "{all: [{region: Laakso}, {sample: 30 percent}]}")
    send_letter(large_workspace, sample)
    large_workspace.clock.advance(hours=1)
    run = send_letter(large_workspace, HALF + "limits: {per_member: {messages: 1, rolling: 7 days}}\n")
    capped = [member for member, reason in large_workspace.skips(run).items() if reason == "frequency_cap"]
    addressed, held_out = addressed_and_held_out(large_workspace, run)
    assert len(capped) > 30
    large_workspace.clock.advance(days=8)
    import_purchases(large_workspace, [*capped[:20], *held_out[:20]], days=1)
    [comparison] = report_of(large_workspace, run).effect.comparisons
    assert (comparison.addressed.number, comparison.addressed.total) == (20, len(addressed) + len(capped))
    assert comparison.addressed.total + comparison.held_out.total == len(MEMBER_IDS)


def test_a12_arms_are_compared_and_only_a_real_winner_is_named(large_workspace: SampleWorkspace) -> None:
    experiment = "experiment: {arms: {short: 50, long: 50}, goal: {shopped: {within: 7 days}}}\n"
    run = send_letter(large_workspace, LETTER + experiment)
    arms = {member: row["arm"] for member, row in large_workspace.decisions(run).items()}
    short = sorted(member for member, arm in arms.items() if arm == "short")
    large_workspace.clock.advance(days=8)
    import_purchases(large_workspace, [*short[:80], *sorted(set(arms) - set(short))[:20]], days=1)
    effect = report_of(large_workspace, run).effect
    assert effect.arms is not None
    assert (effect.arms.winner, effect.arms.shares["short"].number, effect.arms.shares["long"].number) == (
        "short",
        80,
        20,
    )


def test_effect_is_withheld_without_a_holdout(large_workspace: SampleWorkspace) -> None:
    effect = report_of(large_workspace, send_letter(large_workspace, LETTER)).effect
    assert effect.withheld is not None
    assert "nobody was held out" in effect.withheld


def test_effect_is_withheld_once_skips_are_purged(large_workspace: SampleWorkspace) -> None:
    from campaigns.people.privacy.erasure import apply_retention

    run = send_letter(large_workspace, HALF)
    large_workspace.clock.advance(days=100)
    apply_retention(large_workspace.engine.context)
    effect = report_of(large_workspace, run).effect
    assert not effect.comparisons
    assert "no longer known" in str(effect.withheld)


def test_opt_outs_after_the_run_are_counted_once_per_member(large_workspace: SampleWorkspace) -> None:
    opt_out(large_workspace, MEMBER_IDS[5], large_workspace.clock.time - timedelta(days=3))
    large_workspace.record_choices(MEMBER_IDS[5], "email_own")
    run = send_letter(large_workspace, LETTER)
    large_workspace.clock.advance(hours=3)
    for _ in range(2):
        opt_out(large_workspace, MEMBER_IDS[7], large_workspace.clock.time)
    assert report_of(large_workspace, run).opt_outs == {"email": 1}


def test_a20_proofs_are_in_no_report(large_workspace: SampleWorkspace) -> None:
    run = send_letter(large_workspace, HALF)
    large_workspace.clock.advance(days=8)
    before = report_of(large_workspace, run)
    draft, _ = large_workspace.engine.context.repository.campaign_definition("letter")
    send_proof(large_workspace.engine.queries, draft, ProofRequest("aino@kyla.example.org"))
    assert report_of(large_workspace, run) == before


def opt_out(workspace: SampleWorkspace, member: str, at: datetime) -> None:
    with workspace.engine.context.ledger.write() as connection:
        context = ConsentContext(at, ConsentSource.ONE_CLICK)
        opt_out_address(connection, MessageKind(Purpose.MARKETING, Channel.EMAIL), member, context)


def test_links_are_reported_with_clicks_of_people_and_machines(
    large_workspace: SampleWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = send_letter(large_workspace, LETTER)
    with large_workspace.engine.context.ledger.write() as connection:
        for target, is_person in (("a", True), ("b", True), ("b", True), ("b", False)):
            link_clicks.count_click(connection, run.number or 0, target, is_person=is_person)
    report = report_of(large_workspace, run)
    assert [(link.target, link.people, link.machines) for link in report.clicks.links] == [("b", 2, 1), ("a", 1, 0)]
    print_clicks(report.clicks, Phrases())
    assert "25% of all clicks" in capsys.readouterr().out


def test_events_are_counted_once_per_delivery_and_opens_not_at_all(large_workspace: SampleWorkspace) -> None:
    sent_run = SentRun(large_workspace, send_letter(large_workspace, LETTER))
    one, two, three = MEMBER_IDS[:3]
    large_workspace.record_choices(three, "tracking")
    sent_run.ingest(
        sent_run.event(one, EventKind.DELIVERED),
        sent_run.event(two, EventKind.BOUNCED),
        sent_run.event(two, EventKind.BOUNCED, key="again"),
        sent_run.event(one, EventKind.COMPLAINED),
        sent_run.event(three, EventKind.OPENED),
        sent_run.event(three, EventKind.CLICKED),
    )
    deliveries_by_event = {row["event"]: row["deliveries"] for row in report_of(large_workspace, sent_run.run).events}
    assert deliveries_by_event == {"delivered": 1, "bounced": 1, "complained": 1, "clicked": 1}
