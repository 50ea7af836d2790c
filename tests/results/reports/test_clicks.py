"""Clicks of a run: people who allow it to be noted, each once, by variant, arm and link; machines are left out."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from typing import Final

import pytest

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from campaigns.channels.events import EventKind
from campaigns.core.errors import UserError
from campaigns.results.reports.campaign_runs import find_run, summarise_runs
from campaigns.results.reports.clicks import ClickReport, add_counts, click_report
from campaigns.results.reports.link_names import link_names
from campaigns.store.runs import delivery_events, link_clicks
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.sent_run import SentRun
from tests.support.shell import MONDAYS, Shell

TEXT: Final = """\
purpose: marketing
schedule: {cron: "30 9 * * mon"}
audience: {register: [owners, customers]}
channels: [email]
variants:
  - {name: north, when: {region: Lappi}, email: hello}
  - {name: south, email: hello}
experiment: {arms: {short: 50, long: 50}}
"""
SHOP: Final = "https://www.example.org/shop?utm_source=letter"
OFFER: Final = "https://example.org/offers/coffee"
TRACKED: Final = MEMBERS[:12]


@pytest.fixture(scope="module")
def sent_root(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with one sent run in two variants and two arms; half of the members consent to tracking."""
    root = copytree(base_workspace, tmp_path_factory.mktemp("clicks") / "workspace")
    with closing(SampleWorkspace(root)) as workspace:
        for member in TRACKED:
            workspace.record_choices(member, "tracking")
        workspace.clock.advance(minutes=1)
        workspace.send(workspace.start("letter", TEXT))
    return root


@pytest.fixture
def sent(sent_root: Path, tmp_path: Path) -> Iterator[SentRun]:
    with closing(SampleWorkspace(copytree(sent_root, tmp_path / "workspace"))) as workspace:
        workspace.clock.advance(hours=3)
        yield SentRun(workspace, workspace.engine.queries.recent_runs()[0])


def click(sent: SentRun, member: str, target: str = SHOP, times: int = 1) -> None:
    """Follow a link of a member's message: noted for the member, and counted for the link."""
    place = (sent.run.number or 0, sent.workspace.deliveries(sent.run)[member]["position"])
    with sent.workspace.engine.context.ledger.write() as connection:
        for second in range(times):
            at = sent.workspace.clock.time + timedelta(seconds=second)
            link_clicks.count_click(connection, place[0], target, is_person=True)
            delivery_events.record_click(connection, place, member, link_clicks.link_name(target), at)


def report(sent: SentRun) -> ClickReport:
    with sent.workspace.engine.context.ledger.read() as connection:
        return click_report(connection, sent.run.number or 0, {"coffee"})


def test_a_member_who_clicks_three_times_is_one_person(sent: SentRun) -> None:
    click(sent, TRACKED[0], times=3)
    total = report(sent).total
    assert (total.delivered, total.trackable, total.clicked) == (24, 12, 1)


def test_people_are_counted_by_link_beside_clicks_and_machines(sent: SentRun) -> None:
    click(sent, TRACKED[0], times=2)
    click(sent, TRACKED[1])
    click(sent, TRACKED[1], OFFER)
    with sent.workspace.engine.context.ledger.write() as connection:
        link_clicks.count_click(connection, sent.run.number or 0, OFFER, is_person=False)
    links = [(link.name, link.members, link.people, link.machines) for link in report(sent).links]
    assert links == [("example.org/shop", 2, 3, 0), ("coffee", 1, 1, 1)]


def test_gd22_a_member_who_withdraws_is_in_no_rate_any_more(sent: SentRun) -> None:
    click(sent, TRACKED[0])
    sent.workspace.record_choices(TRACKED[0], "tracking", on=False)
    total = report(sent).total
    assert (total.trackable, total.clicked) == (11, 0)


def test_consent_after_the_message_makes_nobody_trackable(sent: SentRun) -> None:
    """The links of such a message name no member: their clicks could not be noted."""
    sent.workspace.record_choices(MEMBERS[20], "tracking")
    assert report(sent).total.trackable == 12


def test_consent_withdrawn_before_the_message_and_given_again_makes_nobody_trackable(sent: SentRun) -> None:
    entries = [
        ConsentEntry(MEMBERS[20], "tracking", on, sent.workspace.clock.time + offset, ConsentSource.WEB)
        for on, offset in ((True, -timedelta(days=9)), (False, -timedelta(days=8)), (True, timedelta()))
    ]
    with sent.workspace.engine.context.ledger.write() as connection:
        choices.record_choices(connection, entries)
    assert report(sent).total.trackable == 12


def test_a_bounced_message_was_not_delivered(sent: SentRun) -> None:
    sent.ingest(sent.event(TRACKED[0], EventKind.BOUNCED))
    total = report(sent).total
    assert (total.delivered, total.trackable) == (23, 11)


@pytest.mark.parametrize("seed", range(3))
def test_people_who_clicked_are_among_those_reached_and_arms_add_up(seed: int, sent: SentRun) -> None:
    chosen = random.Random(seed)  # noqa: S311 - no secret
    for member in chosen.sample(TRACKED, 6):
        click(sent, member, chosen.choice((SHOP, OFFER)), times=chosen.randint(1, 3))
    sent.ingest(*(sent.event(member, EventKind.BOUNCED) for member in chosen.sample(MEMBERS, 4)))
    clicks = report(sent)
    assert all(row.clicked <= row.trackable <= row.delivered for row in (*clicks.rows, clicks.total))
    for variant, number in sent.run.counts["variants"].items():
        rows = [row for row in clicks.rows if row.variant == variant]
        assert {row.arm for row in rows} <= {"short", "long"}
        assert add_counts(rows).delivered <= number
    assert sum(row.delivered for row in clicks.rows) == clicks.total.delivered == 20
    assert all(link.members <= clicks.total.clicked and link.members <= link.people for link in clicks.links)


def test_a_campaign_is_reported_by_its_last_sent_run(sent: SentRun) -> None:
    engine = sent.workspace.engine
    later, _ = sent.workspace.plan("letter")
    assert find_run(engine, "letter").run_id == sent.run.run_id  # a plan alone has nothing to report
    assert find_run(engine, "config/campaigns/letter.yaml").run_id == sent.run.run_id
    assert find_run(engine, later.run_id).run_id == later.run_id
    with pytest.raises(UserError, match="no run and no campaign of this name"):
        find_run(engine, "leter")
    sent.workspace.write_campaign("never", MONDAYS)
    with pytest.raises(UserError, match="no run of this campaign was planned yet"):
        find_run(engine, "never")


def test_all_runs_of_a_campaign_are_summed_up_newest_first(sent: SentRun) -> None:
    click(sent, TRACKED[0])
    later, _ = sent.workspace.plan("letter")
    newest, first = summarise_runs(sent.workspace.engine, "letter")
    assert (newest.run_id, newest.state, newest.delivered) == (later.run_id, "planned", 0)
    assert (first.run_id, first.planned, first.delivered, first.trackable, first.clicked) == (
        *(sent.run.run_id, 24, 24),
        *(12, 1),
    )


def test_the_report_of_a_campaign_shows_clicks_by_variant_arm_and_link(
    sent: SentRun, capsys: pytest.CaptureFixture[str]
) -> None:
    click(sent, TRACKED[0], times=2)
    click(sent, TRACKED[1], OFFER)
    shell = Shell(sent.workspace.root, capsys)
    out = shell("report", "letter").out
    clicks = out.partition("Clicks in e-mails\n")[2].partition("\n\nEvents since")[0]
    assert clicks == CLICKS
    assert shell("report", "letter", "--json").json["clicks"]["rate"] == pytest.approx(2 / 12)
    assert shell("report", "letter", "--all").out == RUNS
    (row,) = shell("report", "letter", "--all", "--json").json["runs"]
    assert (row["delivered"], row["trackable"], row["clicked"]) == (24, 12, 2)


CLICKS: Final = """\
variant  arm       delivered  trackable  clicked  click rate
north    long              5          4        0        0.0%
         short             7          2        1       50.0%
         together         12          6        1       16.7%
south    long              4          3        0        0.0%
         short             8          3        1       33.3%
         together         12          6        1       16.7%
all                       24         12        2       16.7%
click rate: people who clicked, each once, of those who allow their clicks to be noted

Links
link                       people  click rate  clicks  machines
example.org/shop                1        8.3%       2         0
example.org/offers/coffee       1        8.3%       1         0
clicks: of everybody, also several of one person; known for the link alone"""
RUNS: Final = """\
letter
due               state   planned  delivered  clicked  click rate  opted out
2018-01-01 10:01  closed       24         24        2       16.7%          0
"""


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (SHOP, "example.org/shop"),
        (OFFER, "coffee"),
        ("https://example.org/?offer=coffee", "coffee"),
        ("https://example.org/", "example.org"),
        ("https://example.org/k%C3%A4ynti?sivu=2&utm_medium=email#alku", "example.org/käynti?sivu=2#alku"),
        ("tel:+358401234567", "tel:+358401234567"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_a_link_has_a_readable_name(target: str, name: str) -> None:
    assert link_names([target], {"coffee"}) == {target: name}


def test_links_of_one_name_keep_their_addresses() -> None:
    twins = ["https://example.org/a?utm_source=x", "https://www.example.org/a"]
    assert list(link_names(twins, ()).values()) == twins
