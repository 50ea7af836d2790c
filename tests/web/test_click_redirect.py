"""Tracked links of e-mails: anonymous counts, clicks per member with consent, and no redirect elsewhere."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes
from email.policy import default
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.core.tokens import TrackedLink
from campaigns.store.runs import link_clicks
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, WebWorkspace, copy_web_workspace

SHOP = "https://shop.example.org/cheese?week=1&from=mail"
BROWSER_HEADERS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
OTHER = MEMBERS[1]
_OFFERS = 'purpose: marketing\naudience: {register: [owners, customers]}\nschedule: {at: "2018-01-01 11:30"}\n'


@pytest.fixture(autouse=True)
def browser_headers(web, monkeypatch):
    """Send browser headers, and count clicks at once."""
    web.headers.update(BROWSER_HEADERS)
    monkeypatch.setattr("campaigns.web.members.click_redirect.COUNT_DELAY", 0.0)


@pytest.fixture(scope="module")
def shop_workspace(base_web_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Web workspace that has sent a run with a shop link; only its first member consents to tracking. For copying."""
    web_workspace = copy_web_workspace(base_web_workspace, tmp_path_factory.mktemp("shop") / "workspace")
    body = web_workspace.root / "templates" / "email" / "hello" / "body.mjml"
    link = f'<mj-button href="{SHOP.replace("&", "&amp;")}">Shop</mj-button><mj-text>'
    body.write_text(body.read_text("utf-8").replace("<mj-text>", link, 1), encoding="utf-8")
    plain = body.with_name("body.txt")
    plain.write_text(f"Shop: {SHOP}\n{plain.read_text('utf-8')}", encoding="utf-8")
    web_workspace.record_choices(AINO, "tracking")
    web_workspace.send(web_workspace.start("shop", f"{_OFFERS}channels: [email]\ncontent: {{email: hello}}\n"))
    web_workspace.close()
    return web_workspace.root


@pytest.fixture
def web_workspace(request: pytest.FixtureRequest, base_web_workspace: Path, tmp_path: Path) -> Iterator[WebWorkspace]:
    """Web workspace; the one with the shop run where a test asks for it."""
    has_run = "shop_run" in request.fixturenames
    base = request.getfixturevalue("shop_workspace") if has_run else base_web_workspace
    with closing(copy_web_workspace(base, tmp_path / "workspace")) as web_workspace:
        yield web_workspace


@pytest.fixture
def shop_run(web_workspace: WebWorkspace) -> Run:
    """Run with a shop link, sent a minute ago."""
    web_workspace.clock.advance(minutes=1)
    return web_workspace.run("shop")


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
    urls = re.findall(r'href="http://localhost:8000(/c/[^"]+)"', html_of(web_workspace, member))
    return [unescape(url) for url in urls]


def recorded_clicks(web_workspace: WebWorkspace) -> list[tuple[str, str]]:
    with web_workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(EVENT.c.member_id, EVENT.c.code).where(EVENT.c.word == "clicked"))
        return [(row.member_id, row.code) for row in rows]


def click_counts(web_workspace: WebWorkspace, run) -> list[tuple[str, int, int]]:
    """Return each target of a run with the clicks of people and of machines."""
    with web_workspace.engine.context.ledger.read() as connection:
        counted = link_clicks.click_counts(connection, run.number)
    return [(clicks.target, clicks.people, clicks.machines) for clicks in counted]


def test_c14_without_consent_all_recipients_get_the_same_link(web_workspace, shop_run):
    links = {member: links_of(web_workspace, member) for member in MEMBERS[1:7]}
    assert len({tuple(urls) for urls in links.values()}) == 1
    assert web_workspace.engine.context.signer.read_tracked_link(links[OTHER][0].split("/")[2]) == TrackedLink(
        shop_run.number, None, SHOP
    )
    assert links_of(web_workspace, AINO) != links[OTHER]


def test_links_to_our_own_pages_are_not_tracked(web_workspace, shop_run):
    html = html_of(web_workspace, OTHER)
    assert len(re.findall(r"/[upw]/[\w-]{34}", html)) >= 1
    assert "shop.example.org" not in re.sub(r"/c/[\w-]+", "", html)


def test_text_parts_keep_the_original_address(web_workspace, shop_run):
    assert links_of(web_workspace, AINO)
    for member in (AINO, OTHER):
        text = part_of(web_workspace, member, "plain")
        assert f"Shop: {SHOP}" in text
        assert "/c/" not in text


async def test_a_click_redirects_and_is_counted_anonymously(web_workspace, web, shop_run):
    (link,) = links_of(web_workspace, OTHER)
    for _ in range(2):
        answer = await web.get(link)
        assert (answer.status_code, answer.headers["location"]) == (302, SHOP)
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "set-cookie" not in answer.headers
    assert click_counts(web_workspace, shop_run) == [(SHOP, 2, 0)]
    assert recorded_clicks(web_workspace) == []


async def test_a_click_with_consent_is_recorded_for_the_member(web_workspace, web, shop_run):
    (link,) = links_of(web_workspace, AINO)
    assert (await web.get(link)).status_code == 302
    assert recorded_clicks(web_workspace) == [(AINO, link_clicks.link_name(SHOP))]
    assert click_counts(web_workspace, shop_run) == [(SHOP, 1, 0)]


@pytest.mark.parametrize("withdrawn", ["tracking", "restricted", "no_marketing"])
async def test_gd22_withdrawn_consent_applies_to_messages_already_sent(web_workspace, web, shop_run, withdrawn):
    (link,) = links_of(web_workspace, AINO)
    web_workspace.clock.advance(minutes=1)
    web_workspace.record_choices(AINO, withdrawn, on=withdrawn != "tracking")
    assert (await web.get(link)).status_code == 302
    assert recorded_clicks(web_workspace) == []
    assert click_counts(web_workspace, shop_run) == [(SHOP, 1, 0)]


async def test_link_scanners_change_no_choice_and_head_requests_are_not_counted(web_workspace, web, shop_run):
    (link,) = links_of(web_workspace, AINO)
    before = web_workspace.ledger_dump()
    assert (await web.head(link)).status_code == 302
    assert (await web.options(link)).status_code == 405
    assert web_workspace.ledger_dump() == before
    await web.get(link)
    after = web_workspace.ledger_dump()
    assert {name for name in before if before[name] != after[name]} == {"event", "link_count"}


@pytest.mark.parametrize(
    "headers",
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
async def test_declared_bots_and_prefetches_are_counted_as_machines(web_workspace, web, shop_run, headers):
    (link,) = links_of(web_workspace, AINO)
    assert (await web.get(link, headers=headers)).headers["location"] == SHOP
    assert click_counts(web_workspace, shop_run) == [(SHOP, 0, 1)]
    assert recorded_clicks(web_workspace) == []


async def test_a_click_within_two_seconds_of_sending_counts_as_a_machine(web_workspace, web, shop_run):
    (link,) = links_of(web_workspace, AINO)
    web_workspace.clock.advance(seconds=-59)
    await web.get(link)
    assert click_counts(web_workspace, shop_run) == [(SHOP, 0, 1)]
    assert recorded_clicks(web_workspace) == []


async def test_clicks_on_several_links_at_once_count_as_a_machine(web_workspace, web, shop_run, monkeypatch):
    monkeypatch.setattr("campaigns.web.members.click_redirect.COUNT_DELAY", 0.2)
    token = web_workspace.engine.context.signer.tracked_link_token(
        TrackedLink(shop_run.number, None, "https://shop.example.org/")
    )
    other = f"/c/{token}"
    (link,) = links_of(web_workspace, OTHER)
    await asyncio.gather(web.get(link), web.get(other), web.get(link, headers={"User-Agent": "Mozilla/5.0 (another)"}))
    assert click_counts(web_workspace, shop_run) == [
        (SHOP, 1, 1),
        ("https://shop.example.org/", 0, 1),
    ]
    web_workspace.clock.advance(seconds=3)
    await web.get(link)
    assert click_counts(web_workspace, shop_run)[0] == (SHOP, 2, 1)


@pytest.mark.parametrize("target", ["https://evil.example.org/", "//evil.example.org", "javascript:alert(1)"])
async def test_forged_links_redirect_nowhere_else(web_workspace, web, shop_run, target):
    (link,) = links_of(web_workspace, OTHER)
    before = web_workspace.ledger_dump()
    for forged in (
        f"/c/{target}",
        f"{link}?to={target}",
        f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}",
        f"{link}AAAA",
    ):
        answer = await web.get(forged)
        assert answer.headers.get("location", SHOP) == SHOP
    tokens = (web_workspace.engine.context.signer.link_token("unsubscribe", 1, 1), "", "x" * 4000, "ä")
    assert [(await web.get(f"/c/{token}")).status_code for token in tokens] == [404] * 4
    assert {name for name, rows in web_workspace.ledger_dump().items() if rows != before[name]} <= {"link_count"}


async def test_links_of_a_deleted_run_still_redirect(web_workspace, web):
    token = web_workspace.engine.context.signer.tracked_link_token(TrackedLink(4711, 3, SHOP))
    before = web_workspace.ledger_dump()
    assert (await web.get(f"/c/{token}")).headers["location"] == SHOP
    assert web_workspace.ledger_dump() == before


def test_links_of_service_messages_are_not_tracked(web_workspace, shop_run):
    run = web_workspace.start(
        "service_offers", _OFFERS.replace("marketing", "service") + "channels: [email]\ncontent: {email: hello}\n"
    )
    web_workspace.send(run)
    files = list((web_workspace.root / "outbox" / run.run_id).rglob("*.eml"))
    assert files
    for file in files:
        html = message_from_bytes(file.read_bytes(), policy=default).get_body(("html",)).get_content()
        assert "shop.example.org" in html
        assert "/c/" not in html
