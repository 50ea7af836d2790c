"""Results of offers: every number of a report recounted from the mails that were sent, their links, and the files."""

import csv
import io
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path
from shutil import copytree
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from audiences.consent import choices
from campaigns.cli.offer_tables import offers_as_json, print_offers, print_offers_as_csv
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.campaign import CampaignSender
from campaigns.core.model.enums import Language
from campaigns.core.tokens import TrackedLink
from campaigns.results.reports.offer_results import OfferResult, OfferResults, UnreadPurchases, offer_results
from campaigns.results.reports.run_report import run_report
from campaigns.runs.composing import link_tracking
from campaigns.store.runs import delivery_events, link_clicks
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

TRACKED: Final = frozenset(MEMBERS[::2])
WITHOUT_PURCHASES: Final = frozenset(MEMBERS[4:23:6])
NAME: Final = "offers"
TEXT: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: offers}
offers: {at_most: 4, of_category: 2}
holdout: 25 percent
"""
WINDOW: Final = timedelta(days=7)
COUNTS: Final = ("messages", "trackable", "people", "clicks", "machines", "measurable", "bought")
BRANDS: Final = {"COFFEE": "National", "CHEESE": "Private", "SOAP": "National", "BREAD": "Private"}
PICTURES: Final = {"coffee": "coffee", "cheese": "cheese", "soap": "coffee"}
GOODS: Final = {"to": "COFFEE", "coffee": "COFFEE", "cheese": "CHEESE", "soap": "SOAP", "bread": "BREAD"}


@dataclass
class Sent:
    """Sent run, what its mails showed, who followed which link how often, and what was bought when."""

    workspace: SampleWorkspace
    run: Run
    since: datetime
    shown: Mapping[str, Sequence[str]]
    links: Mapping[str, Sequence[str]]
    followed: list[tuple[str, str]] = field(default_factory=list)
    bought: list[tuple[str, str, datetime]] = field(default_factory=list)

    def report(self) -> OfferResults:
        results = run_report(self.workspace.engine, self.run.run_id, Language.EN).offers
        assert results is not None
        return results


@pytest.fixture(scope="module")
def sent_root(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace with a sent run; half of the members consent to tracking, some forbid the use of their purchases."""
    root = copytree(base_workspace, tmp_path_factory.mktemp("offers") / "workspace")
    change(
        root / "templates" / "email" / "offers" / "body.mjml",
        "{{ offer.id }} ",
        '<a href="{{ offer.url }}">{{ offer.id }}</a> ',
    )
    offers = root / "config" / "offers.yaml"
    for offer_id, picture in PICTURES.items():
        offers.write_text(re.sub(rf"(id: {offer_id}-.*image: offers/)any", rf"\1{picture}", offers.read_text()))
    offers.write_text(re.sub(r"id: ([a-z-]+),", r"id: \1, url: https://www.shop.example/\1,", offers.read_text()))
    with closing(SampleWorkspace(root)) as workspace, pytest.MonkeyPatch.context() as patch:
        patch.setattr(link_tracking, "COUNTED_SENDS", 2)
        patch.setattr(link_tracking, "PLACED_SENDS", 6)
        workspace.add_setting("offer_sites: [shop.example]\neffect: {window: 7 days, minimum: 10}")
        for member in TRACKED:
            workspace.record_choices(member, "tracking")
        for member in WITHOUT_PURCHASES:
            workspace.record_choices(member, "no_purchase_detail")
        workspace.clock.time = datetime(2018, 1, 5, 8, 31, tzinfo=UTC)
        assert workspace.send(workspace.start(NAME, TEXT)).closed
    return root


def change(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def sent(sent_root: Path, tmp_path: Path) -> Iterator[Sent]:
    with closing(SampleWorkspace(copytree(sent_root, tmp_path / "workspace"))) as workspace:
        workspace.clock.time = datetime(2018, 1, 5, 9, 0, tzinfo=UTC)
        run = workspace.engine.queries.recent_runs()[0]
        since = min(row["claimed_at"] for row in workspace.deliveries(run).values())
        mails = dict(_mails(workspace))
        shown = {member: re.findall(r"[a-z]+-[a-z]+", _part(mail, "plain")) for member, mail in mails.items()}
        links = {member: _links(_part(mail, "html")) for member, mail in mails.items()}
        yield Sent(workspace, run, since, shown, links)


def _mails(workspace: SampleWorkspace) -> Iterator[tuple[str, EmailMessage]]:
    for file in (workspace.root / "outbox").rglob("*.eml"):
        message = message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        yield message["To"].addresses[0].addr_spec.partition("@")[0], message


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).split("Osuuskauppa")[0]


def _links(html: str) -> list[str]:
    """Return the addresses of the offers in a mail, in their order."""
    return [unescape(url) for url in re.findall(r'<a href="([^"]+)"[^>]*>[a-z]+-[a-z]+</a>', html)]


def follow(sent: Sent, member: str, place: int, *, as_machine: bool = False) -> None:
    """Follow a link as the redirector counts it; a link that is not tracked leads straight to the page."""
    url, offer_id = sent.links[member][place - 1], sent.shown[member][place - 1]
    if "/c/" not in url:
        assert urlsplit(url).netloc == "www.shop.example"
        return
    link: TrackedLink = sent.workspace.engine.context.signer.read_tracked_link(url.rpartition("/")[2])
    assert parse_qs(urlsplit(link.target).query)["utm_content"] == [offer_id]
    with sent.workspace.engine.context.ledger.write() as connection:
        link_clicks.count_click(connection, link.run_number, link.target, link.place, is_person=not as_machine)
        if link.position is not None and not as_machine:
            assert choices.consent_state_of(connection, member).on & {"tracking"}
            key, name = (link.run_number, link.position), link_clicks.link_name(link.target, link.place)
            delivery_events.record_click(connection, key, member, name, sent.workspace.clock.time)
    sent.followed.append((member, offer_id))


def buy(sent: Sent, purchases: Sequence[tuple[str, str, datetime]]) -> None:
    """Import purchases of members, of products, at moments."""
    values = {"quantity": 1, "amount": "5.00", "store_id": "s1"}
    rows = [
        {
            "member_id": member,
            "product_id": product,
            "purchased_at": at.isoformat(timespec="seconds"),
            "basket_id": f"b{number}",
            **values,
        }
        for number, (member, product, at) in enumerate(purchases)
    ]
    sent.workspace.import_rows("purchases", rows)
    sent.bought += purchases


def stands_for(offer_id: str, product: str) -> bool:
    """Return whether an offer of the sample workspace stands for a product: its category, of its brand."""
    kind, _, letter = offer_id.partition("-")
    brand = "Private" if letter == "b" or kind == "bread" else "National"
    return GOODS[kind] == product and BRANDS[product] == brand


def bought_by(sent: Sent, offer_id: str, members: Sequence[str]) -> int:
    """Recount the members who bought an offer's goods within the window."""
    until = sent.since + WINDOW
    lines = [each for each in sent.bought if sent.since <= each[2] < until and each[1] in BRANDS]
    return sum(any(who == member and stands_for(offer_id, product) for who, product, _ in lines) for member in members)


def recount(sent: Sent, offer_id: str, place: int | None) -> tuple[int | None, ...]:
    """Recount an offer in a place: shown, trackable, people, measurable and bought."""
    members = [
        member
        for member, offers in sent.shown.items()
        if offer_id in offers and place in (None, offers.index(offer_id) + 1)
    ]
    measurable = [member for member in members if member not in WITHOUT_PURCHASES]
    people = {member for member in members if member in TRACKED and (member, offer_id) in sent.followed}
    tracked = len(TRACKED & set(members))
    return len(members), tracked, len(people), len(measurable), bought_by(sent, offer_id, measurable)


def counts(row: OfferResult) -> tuple[int | None, ...]:
    return row.messages, row.trackable, row.people, row.measurable, row.bought


def fill(sent: Sent) -> None:
    """Follow links and buy goods by a fixed seed, before, in and after the window; then let the window end."""
    draw = random.Random(13)  # noqa: S311  # reproducible
    for member, offers in sent.shown.items():
        for place in range(1, len(offers) + 1):
            for _ in range(draw.choice((0, 0, 1, 2))):
                follow(sent, member, place)
                sent.workspace.clock.advance(seconds=1)
    moments = [sent.since + timedelta(seconds=offset) for offset in (-1, 0, 86400, 7 * 86400 - 1, 7 * 86400)]
    sent.workspace.clock.time = sent.since + timedelta(days=8)
    buy(
        sent,
        [
            (member, product, draw.choice(moments))
            for member in MEMBERS
            for product in (*BRANDS, "PHARMACY")
            if draw.random() < 0.5
        ],
    )


def test_every_number_is_that_of_a_recount(sent: Sent) -> None:
    fill(sent)
    results = sent.report()
    expected = {(offer, place + 1) for offers in sent.shown.values() for place, offer in enumerate(offers)}
    assert {(row.offer_id, row.place) for row in results.rows if row.place} == expected
    assert [(row.offer_id, row.place, *counts(row)) for row in results.rows] == [
        (row.offer_id, row.place, *recount(sent, row.offer_id, row.place)) for row in results.rows
    ]
    assert len({row.place for row in results.rows}) > 3
    assert any(row.bought for row in results.rows)
    assert any(row.people for row in results.rows)


def test_offers_stand_in_the_order_in_which_the_mails_showed_them(sent: Sent) -> None:
    decided = {member: row["offers"] for member, row in sent.workspace.decisions(sent.run).items() if row["offers"]}
    ids = sent.run.counts["offer_ids"]
    in_order = {
        member: [ids[int(re.match(r"\d+", part)[0])] for part in text.split()]  # type: ignore[index]
        for member, text in decided.items()
    }
    assert in_order != sent.shown  # pictures change places
    assert {member: set(offers) for member, offers in in_order.items()} == {
        member: set(offers) for member, offers in sent.shown.items()
    }
    assert sum(row.messages for row in sent.report().rows if row.place == 1) == len(sent.shown)


def test_clicks_of_everybody_and_of_machines_stand_apart(sent: Sent) -> None:
    offer_id = max(
        {offer for offers in sent.shown.values() for offer in offers},
        key=lambda each: recount(sent, each, None)[0] or 0,
    )
    showing = [member for member, offers in sent.shown.items() if offer_id in offers]
    for member in showing:
        follow(sent, member, sent.shown[member].index(offer_id) + 1)
    follow(sent, showing[0], sent.shown[showing[0]].index(offer_id) + 1, as_machine=True)
    [row] = [row for row in sent.report().rows if row.offer_id == offer_id and row.place is None]
    assert (row.people, row.clicks, row.machines) == (len(TRACKED & set(showing)), len(showing), 1)
    places = [row for row in sent.report().rows if row.offer_id == offer_id and row.place]
    assert all((row.clicks is None) == (row.messages < 10) for row in places)


def test_the_goods_of_an_offer_are_compared_with_those_held_out(sent: Sent) -> None:
    fill(sent)
    decisions = sent.workspace.decisions(sent.run)
    units: dict[str, dict[str, list[str]]] = {"addressed": defaultdict(list), "held_out": defaultdict(list)}
    for member, row in decisions.items():
        if member not in WITHOUT_PURCHASES and row["reason"] in (None, "holdout_campaign", "frequency_cap"):
            group = "held_out" if row["reason"] == "holdout_campaign" else "addressed"
            units[group][row["unit"]].append(member)
    results = sent.report()
    assert set(results.comparisons) == set(sent.run.counts["offer_ids"])
    for offer_id, [comparison] in results.comparisons.items():
        for group, proportion in (("addressed", comparison.addressed), ("held_out", comparison.held_out)):
            buyers = [bought_by(sent, offer_id, members) > 0 for members in units[group].values()]
            assert (proportion.number, proportion.total) == (sum(buyers), len(buyers)), offer_id
    assert any(each[0].held_out.number for each in results.comparisons.values())


@pytest.mark.long
def test_purchases_are_not_read_before_the_window_ends(sent: Sent) -> None:
    sent.workspace.clock.time = sent.since + WINDOW - timedelta(seconds=1)
    early = sent.report()
    assert (early.unread, early.comparisons) == (UnreadPurchases.TOO_EARLY, {})
    assert {row.bought for row in early.rows} == {None}
    sent.workspace.clock.time = sent.since + WINDOW
    assert sent.report().unread is None


@pytest.mark.long
def test_fi12_nothing_is_told_of_offers_whose_goods_have_become_special(sent: Sent) -> None:
    sent.workspace.clock.time = sent.since + timedelta(days=8)
    buy(sent, [(member, "COFFEE", sent.since + timedelta(days=1)) for member in MEMBERS])
    assert max(row.bought or 0 for row in sent.report().rows) > 3
    change(sent.workspace.root / "config" / "catalogue.yaml", "[PHARMACY]", "[PHARMACY], product_type: [x]")
    sent.workspace.reload()
    assert sent.report().rows == []


@pytest.mark.long
def test_a_message_that_bounced_showed_nothing(sent: Sent) -> None:
    before = {(row.offer_id, row.place): row.messages for row in sent.report().rows}
    member = next(iter(sent.shown))
    position = sent.workspace.deliveries(sent.run)[member]["position"]
    row = {"provider": "smtp", "key": "1", "word": "bounced", "code": "", "member_id": member}
    moments = {"at": sent.workspace.clock.time, "received_at": sent.workspace.clock.time}
    with sent.workspace.engine.context.ledger.write() as connection:
        delivery_events.store_events(
            connection, [{**row, **moments, "run_number": sent.run.number, "position": position}]
        )
    after = {(row.offer_id, row.place): row.messages for row in sent.report().rows}
    lost = {(offer, place) for place, offer in enumerate(sent.shown[member], 1)} | {
        (offer, None) for offer in sent.shown[member]
    }
    assert {key for key, shown in before.items() if after.get(key, 0) != shown} == lost


def test_no_purchases_are_read_for_messages_of_a_partner(sent: Sent) -> None:
    context = sent.workspace.engine.context
    definition = sent.workspace.engine.run_definitions.files(sent.run).definition
    campaign, offers = context.repository.planned_campaign(definition, NAME)
    partner = campaign.model_copy(update={"sender": CampaignSender(partner="Hotelli")})
    sent.workspace.clock.time = sent.since + WINDOW
    results = offer_results(sent.workspace.engine, sent.run, partner, offers, (sent.since, sent.since + WINDOW))
    assert results is not None
    assert (results.unread, results.comparisons) == (UnreadPurchases.FROM_PARTNER, {})
    assert {row.bought for row in results.rows} == {None}


def test_json_and_csv_say_the_same_by_offer_and_place(sent: Sent, capsys: pytest.CaptureFixture[str]) -> None:
    fill(sent)
    results = sent.report()
    print_offers_as_csv(results)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    listed = offers_as_json(results)
    assert listed is not None
    assert listed["unread"] is None
    by_offer: Any = listed["by_offer"]
    flat = [
        {"offer": each["offer"], "place": str(place.get("place", "")), **{name: _cell(place[name]) for name in COUNTS}}
        for each in by_offer
        for place in ({name: each[name] for name in COUNTS}, *each["places"])
    ]
    assert [{name: row[name] for name in ("offer", "place", *COUNTS)} for row in rows] == flat
    assert [counts(row) for row in results.rows] == [
        tuple(int(row[name]) for name in ("messages", "trackable", "people", "measurable", "bought")) for row in rows
    ]
    compared = {each["offer"]: each["comparisons"][0] for each in by_offer}
    for row in rows:
        if not row["place"]:
            against = compared[row["offer"]]
            units = {group: str(against[group]["units"]) for group in ("addressed", "held_out")}
            assert (row["addressed_units"], row["holdout_campaign_units"]) == tuple(units.values())
            assert row["holdout_campaign_bought"] == str(against["held_out"]["bought"])


@pytest.mark.long
@pytest.mark.parametrize("language", Language)
def test_a_report_prints_offers_with_their_places(
    sent: Sent, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    sent.workspace.clock.time = sent.since + WINDOW
    results = sent.report()
    print_offers(results, "", Phrases(language))
    printed = capsys.readouterr().out
    lines = [line.split() for line in printed.splitlines()]
    first = results.rows[0]
    named = next(line for line in lines if first.offer_id in line)
    assert str(first.messages) in named
    assert {"en": "held out", "fi": "vertailuryhmä", "sv": "utanför"}[language] in printed


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)
