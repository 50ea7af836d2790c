"""Searches at the desk: patterns, tricks, missing reasons and floods find nobody (A-24)."""

import re

import pytest

from audiences.people.find_members import MAX_RESULTS
from tests.support.desk_session import open_another_session
from tests.support.page_walk import hidden_fields
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, NAME_OF_AINO

pytestmark = pytest.mark.hostile


OTHER = MEMBERS[5]


@pytest.mark.parametrize(
    "typed",
    ["%", "_", "m%", "*", "?", "m0_", "[a-z]", "' OR 1=1 --", "m01'; DROP TABLE contact; --", "m01\" OR \"\"=\"",
     "Mäki", "Nimi% Mäki", "@", "@example.org", "m0?@example.org", "+358", "04012300", "00370", "00370 00370",
     "Mäki 00370", "{{ 7*7 }} {{ 7*7 }}", "${jndi:ldap://x} y", "../../etc/passwd", "Nimi1\u202eikäM",
     "m\u200b01", "ᵐ⁰¹\u0301", "\u0000m01".replace("\u0000", "\u2400"), "A" * 254, "A b" * 84],
)  # fmt: skip
async def test_a_search_for_a_pattern_or_a_trick_finds_nobody(web_workspace, desk, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert page.status_code == 200
    assert "Nobody was found" in page.text
    assert "49" not in re.sub(r"\?v=\w+|[\w-]{20,}", "", page.text)
    assert {row[2] for row in desk.audit_notes()} == {"nobody"}
    assert web_workspace.contact(AINO)


@pytest.mark.parametrize("typed", ["A" * 255, "A" * 4000, "m01 " * 900], ids=["255", "4000", "words"])
async def test_an_endless_search_finds_nobody(desk, typed):
    page = await desk.post("/find", typed=typed, ground="call")
    assert "Nobody was found" in page.text


async def test_a_search_of_more_than_a_part_is_refused(desk):
    assert (await desk.post("/find", typed="A" * 15_000, ground="call")).status_code in {400, 413}


@pytest.mark.parametrize(
    "typed",
    ["  m01\r\n", "ｍ０１", "Nimi1\nMäki", "Nimi1\u00a0Mäki"],
    ids=["newline", "full width", "two lines", "fixed space"],
)  # fmt: skip
async def test_a_value_typed_or_pasted_oddly_is_still_the_whole_value(desk, typed):
    assert f"<h1>{NAME_OF_AINO}</h1>" in (await desk.post("/find", typed=typed, ground="call")).text


@pytest.mark.parametrize("ground", ["", "curiosity", "CALL", "call ", "call\n", "reason", "call'--"])
async def test_a_search_without_a_reason_of_the_list_shows_nobody(desk, ground):
    page = await desk.post("/find", typed=AINO, ground=ground)
    assert page.status_code == 400
    assert NAME_OF_AINO not in page.text
    assert desk.audit_notes() == []


async def test_two_reasons_are_no_reason(desk):
    page = await desk.post("/find", typed=AINO, ground=["call", "visit"])
    assert page.status_code == 400
    assert desk.audit_notes() == []


async def test_the_first_search_of_a_session_has_no_reason_preselected(web_workspace, web, desk):
    assert " checked" not in (await desk.page("")).text
    await desk.post("/find", typed=AINO, ground="visit")
    assert re.findall(r'value="(\w+)" required checked', (await desk.page("")).text) == ["visit"]
    kalle = await open_another_session(web_workspace, web)
    assert " checked" not in (await kalle.page("")).text


async def test_a_preselected_reason_alone_is_no_reason(desk):
    await desk.post("/find", typed=AINO, ground="visit")
    assert (await desk.post("/find", typed=OTHER)).status_code == 400


async def test_searches_are_limited_however_they_are_made(web_workspace, desk):
    await desk.open_member(MEMBERS[2])
    statuses = []
    for number in range(25):
        statuses.append((await desk.post("/find", typed=f"m{number}", ground="call")).status_code)
        statuses.append((await desk.post("/member", member=AINO, ground="call")).status_code)
        statuses.append((await desk.do_task("/household", place="0")).status_code)
    assert 429 in statuses
    assert statuses.count(200) <= 60


async def test_a_common_name_shows_no_more_than_twenty_members(web_workspace, desk):
    for member in MEMBERS:
        web_workspace.change_contact(member, name_key="virtanen anna")
    page = await desk.post("/find", typed="Anna Virtanen", ground="call")
    assert len(hidden_fields(page.text)["member"]) == MAX_RESULTS
    assert "There are more than are shown" in page.text
