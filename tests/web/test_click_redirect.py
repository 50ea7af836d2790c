"""Links of e-mails: counted for everybody together, for one member only who allows it, and leading nowhere else."""

import asyncio
import re
from email import message_from_bytes
from email.policy import default
from html import unescape

import pytest
from sqlalchemy import select

from campaigns.core.tokens import TrackedLink
from campaigns.store.runs import link_clicks
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.link_clicks import LinkClicks
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, WebWorkspace

SHOP = "https://shop.example.org/cheese?week=1&from=mail"
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
OTHER = MEMBERS[1]
_OFFERS = 'purpose: marketing\naudience: {register: [owners, customers]}\nschedule: {at: "2018-01-01 11:30"}\n'


@pytest.fixture(autouse=True)
def browser(web, monkeypatch):
    """Links are followed by a browser, and counted at once."""
    web.headers.update(PERSON)
    monkeypatch.setattr("campaigns.web.members.click_redirect.SETTLING", 0.0)


@pytest.fixture
def linked(web_workspace: WebWorkspace):
    """A run whose message links to a shop; its first member allows to be followed, the others do not. A minute ago."""
    body = web_workspace.root / "templates" / "email" / "hello" / "body.mjml"
    link = f'<mj-button href="{SHOP.replace("&", "&amp;")}">Shop</mj-button><mj-text>'
    body.write_text(body.read_text("utf-8").replace("<mj-text>", link, 1), encoding="utf-8")
    plain = body.with_name("body.txt")
    plain.write_text(f"Shop: {SHOP}\n{plain.read_text('utf-8')}", encoding="utf-8")
    web_workspace.record_choices(AINO, "tracking")
    run = web_workspace.start("shop", f"{_OFFERS}channels: [email]\ncontent: {{email: hello}}\n")
    web_workspace.send(run)
    web_workspace.clock.advance(minutes=1)
    return run


def html_of(web_workspace: WebWorkspace, member: str) -> str:
    return part_of(web_workspace, member, "html")


def part_of(web_workspace: WebWorkspace, member: str, kind: str) -> str:
    for file in (web_workspace.root / "outbox").rglob("*.eml"):
        message = message_from_bytes(file.read_bytes(), policy=default)
        to, run = message["To"].addresses[0].addr_spec, file.parent.parent.name
        if to == f"{member}@example.org" and run.startswith("shop"):
            return str(message.get_body((kind,)).get_content())
    raise LookupError(member)


def links_of(web_workspace: WebWorkspace, member: str) -> list[str]:
    found = re.findall(r'href="http://localhost:8000(/c/[^"]+)"', html_of(web_workspace, member))
    return [unescape(each) for each in found]


def clicks(web_workspace: WebWorkspace) -> list[tuple[str, str]]:
    with web_workspace.engine.ledger.read() as connection:
        rows = connection.execute(select(EVENT.c.member_id, EVENT.c.code).where(EVENT.c.word == "clicked"))
        return [(row.member_id, row.code) for row in rows]


def counted(web_workspace: WebWorkspace, run) -> list[LinkClicks]:
    with web_workspace.engine.ledger.read() as connection:
        return link_clicks.click_counts(connection, run.number)


def test_c14_without_consent_a_link_is_the_same_for_everybody(web_workspace, linked):
    ways = {member: links_of(web_workspace, member) for member in MEMBERS[1:7]}
    assert len({tuple(each) for each in ways.values()}) == 1
    assert web_workspace.engine.signer.read_tracked_link(ways[OTHER][0].split("/")[2]) == TrackedLink(
        linked.number, None, SHOP
    )
    assert links_of(web_workspace, AINO) != ways[OTHER]


def test_no_link_of_ours_is_led_around(web_workspace, linked):
    html = html_of(web_workspace, OTHER)
    assert len(re.findall(r"/[upw]/[\w-]{34}", html)) >= 1
    assert "shop.example.org" not in re.sub(r"/c/[\w-]+", "", html)


def test_in_the_text_part_an_address_is_the_one_that_it_leads_to(web_workspace, linked):
    assert links_of(web_workspace, AINO)
    for member in (AINO, OTHER):
        text = part_of(web_workspace, member, "plain")
        assert f"Shop: {SHOP}" in text
        assert "/c/" not in text


async def test_a_followed_link_leads_on_and_is_counted_for_nobody(web_workspace, web, linked):
    (way,) = links_of(web_workspace, OTHER)
    for _ in range(2):
        answer = await web.get(way)
        assert (answer.status_code, answer.headers["location"]) == (302, SHOP)
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, people=2, machines=0)]
    assert clicks(web_workspace) == []


async def test_with_consent_it_is_known_who_followed(web_workspace, web, linked):
    (way,) = links_of(web_workspace, AINO)
    assert (await web.get(way)).status_code == 302
    assert clicks(web_workspace) == [(AINO, link_clicks.link_name(SHOP))]
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, people=1, machines=0)]


@pytest.mark.parametrize("withdrawn", ["tracking", "restricted", "no_marketing"])
async def test_gd22_a_withdrawal_holds_for_what_was_sent_before(web_workspace, web, linked, withdrawn):
    (way,) = links_of(web_workspace, AINO)
    web_workspace.clock.advance(minutes=1)
    web_workspace.record_choices(AINO, withdrawn, on=withdrawn != "tracking")
    assert (await web.get(way)).status_code == 302
    assert clicks(web_workspace) == []
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, people=1, machines=0)]


async def test_a_scanner_changes_no_choice_and_its_head_is_not_counted(web_workspace, web, linked):
    (way,) = links_of(web_workspace, AINO)
    before = web_workspace.ledger_dump()
    assert (await web.head(way)).status_code == 302
    assert (await web.options(way)).status_code == 405
    assert web_workspace.ledger_dump() == before
    await web.get(way)
    after = web_workspace.ledger_dump()
    assert {name for name in before if before[name] != after[name]} == {"event", "link_count"}


@pytest.mark.parametrize(
    "said",
    [
        {"User-Agent": ""},
        {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "python-requests/2.32"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
async def test_what_names_itself_as_no_persons_is_counted_apart_and_is_nobodys_click(web_workspace, web, linked, said):
    (way,) = links_of(web_workspace, AINO)
    assert (await web.get(way, headers=said)).headers["location"] == SHOP
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, people=0, machines=1)]
    assert clicks(web_workspace) == []


async def test_who_follows_what_was_handed_over_this_moment_is_no_person(web_workspace, web, linked):
    (way,) = links_of(web_workspace, AINO)
    web_workspace.clock.advance(seconds=-59)
    await web.get(way)
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, people=0, machines=1)]
    assert clicks(web_workspace) == []


async def test_who_follows_several_links_of_a_message_at_once_is_no_person(web_workspace, web, linked, monkeypatch):
    monkeypatch.setattr("campaigns.web.members.click_redirect.SETTLING", 0.2)
    other = f"/c/{web_workspace.engine.signer.tracked_link_token(TrackedLink(linked.number, None, 'https://shop.example.org/'))}"
    (way,) = links_of(web_workspace, OTHER)
    await asyncio.gather(web.get(way), web.get(other), web.get(way, headers={"User-Agent": "Mozilla/5.0 (another)"}))
    assert counted(web_workspace, linked) == [LinkClicks(SHOP, 1, 1), LinkClicks("https://shop.example.org/", 0, 1)]
    web_workspace.clock.advance(seconds=3)
    await web.get(way)
    assert counted(web_workspace, linked)[0] == LinkClicks(SHOP, people=2, machines=1)


@pytest.mark.parametrize("target", ["https://evil.example.org/", "//evil.example.org", "javascript:alert(1)"])
async def test_nobody_leads_through_us_to_another_place(web_workspace, web, linked, target):
    (way,) = links_of(web_workspace, OTHER)
    before = web_workspace.ledger_dump()
    for forged in (f"/c/{target}", f"{way}?to={target}", f"{way[:-1]}{'A' if way[-1] != 'A' else 'B'}", f"{way}AAAA"):
        answer = await web.get(forged)
        assert answer.headers.get("location", SHOP) == SHOP
    tokens = (web_workspace.engine.signer.link_token("unsubscribe", 1, 1), "", "x" * 4000, "ä")
    assert [(await web.get(f"/c/{token}")).status_code for token in tokens] == [404] * 4
    assert {name for name, rows in web_workspace.ledger_dump().items() if rows != before[name]} <= {"link_count"}


async def test_a_way_of_a_run_that_is_no_more_still_leads_on(web_workspace, web):
    token = web_workspace.engine.signer.tracked_link_token(TrackedLink(4711, 3, SHOP))
    before = web_workspace.ledger_dump()
    assert (await web.get(f"/c/{token}")).headers["location"] == SHOP
    assert web_workspace.ledger_dump() == before


def test_a_service_message_is_not_counted(web_workspace, linked):
    run = web_workspace.start(
        "told", _OFFERS.replace("marketing", "service") + "channels: [email]\ncontent: {email: hello}\n"
    )
    web_workspace.send(run)
    files = list((web_workspace.root / "outbox" / run.run_id).rglob("*.eml"))
    assert files
    for file in files:
        html = message_from_bytes(file.read_bytes(), policy=default).get_body(("html",)).get_content()
        assert "shop.example.org" in html
        assert "/c/" not in html
