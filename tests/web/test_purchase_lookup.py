"""Purchase look-up by the expert, by exact criteria and for a purpose; no other role reads lines (A-25)."""

import pytest

from campaigns.core.model.roles import Role
from campaigns.people.desk.purchase_lines import MAX_LINES
from campaigns.store.people.audit import subject_of_member
from tests.support.desk_session import NAME, open_desk_session
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

CRITERIA = {
    "first": "2017-12-10",
    "last": "2017-12-10",
    "store": "s1",
    "department": "",
    "purpose": "complaint",
    "case": "R-1024",
}


@pytest.fixture
async def expert(web_workspace, web):
    desk = await open_desk_session(web_workspace, web, Role.EXPERT)
    await desk.open_member()
    return desk


async def test_a25_lines_are_read_by_exact_criteria_and_audited(web_workspace, expert):
    page = await expert.do_task("/lines", **CRITERIA)
    assert page.status_code == 200
    assert page.text.count("<td>s1</td>") == 2
    criteria = {"first": "2017-12-10", "last": "2017-12-10", "store": "s1", "department": ""}
    assert expert.audit_notes()[-1] == (
        NAME,
        "read_lines",
        subject_of_member(web_workspace.engine.context.signer, AINO),
        {**criteria, "why": "complaint", "case": "R-1024"},
    )


@pytest.mark.parametrize(
    "other",
    [{"store": "s2"}, {"store": "", "department": "TOYS"}, {"first": "2017-12-11", "last": "2017-12-12"},
     {"store": "' OR 1=1 --"}, {"store": "%"}],
)  # fmt: skip
async def test_a25_lines_outside_the_criteria_are_not_shown(expert, other):
    page = await expert.do_task("/lines", **{**CRITERIA, **other})
    assert page.status_code == 200
    assert "<td>" not in page.text


async def test_the_lines_of_a_day_include_its_evening(web_workspace, web):
    web_workspace.import_rows(
        "purchases",
        [
            {
                "member_id": AINO, "purchased_at": at, "basket_id": at, "product_id": "COFFEE", "quantity": 1,
                "amount": "1.00", "store_id": "s9",
            }
            for at in ("2017-12-19T23:59", "2017-12-20T00:00", "2017-12-20T23:59", "2017-12-21T00:00")
        ],
    )  # fmt: skip
    desk = await open_desk_session(web_workspace, web, Role.EXPERT)
    await desk.open_member()
    page = await desk.do_task("/lines", **{**CRITERIA, "first": "2017-12-20", "last": "2017-12-20", "store": "s9"})
    assert page.text.count("<td>s9</td>") == 2


INVALID_CHANGES = {
    "no purpose": {"purpose": ""},
    "another purpose": {"purpose": "curiosity"},
    "no case": {"case": ""},
    "a name for a case": {"case": "Aino"},
    "neither store nor department": {"store": " "},
    "too many days": {"first": "2017-11-09"},
    "last day before the first": {"first": "2017-12-11"},
    "no day": {"first": ""},
    "an impossible day": {"last": "2017-12-32"},
}


@pytest.mark.parametrize("change", INVALID_CHANGES.values(), ids=INVALID_CHANGES)
async def test_a25_incomplete_or_too_wide_criteria_are_refused_and_read_nothing(expert, change):
    page = await expert.do_task("/lines", **{**CRITERIA, **change})
    assert page.status_code == 400
    assert "<td>" not in page.text
    assert [row[1] for row in expert.audit_notes()] == ["look_up"]


async def test_special_category_products_are_not_shown(web_workspace, web):
    desk = await open_desk_session(web_workspace, web, Role.EXPERT)
    await desk.open_member(MEMBERS[-1])
    page = await desk.do_task("/lines", **CRITERIA)
    assert page.text.count("<td>s1</td>") == 1  # beer, and not the medicine
    assert "PHARMACY" not in page.text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.EXPERT}))
async def test_a25_no_other_role_reads_lines(web_workspace, web, role):
    desk = await open_desk_session(web_workspace, web, role)
    await desk.open_member()
    page = await desk.do_task("/lines", **CRITERIA)
    assert page.status_code == 403
    assert "read_lines" not in {row[1] for row in desk.audit_notes()}


async def test_the_number_of_lines_is_limited(web_workspace, web):
    web_workspace.import_rows(
        "purchases",
        [
            {
                "member_id": AINO, "purchased_at": "2017-12-20T12:00", "basket_id": f"b{number}",
                "product_id": "COFFEE", "quantity": 1, "amount": "1.00", "store_id": "s9",
            }
            for number in range(MAX_LINES + 5)
        ],
    )  # fmt: skip
    desk = await open_desk_session(web_workspace, web, Role.EXPERT)
    await desk.open_member()
    page = await desk.do_task("/lines", **{**CRITERIA, "first": "2017-12-20", "last": "2017-12-20", "store": "s9"})
    assert page.text.count("<td>s9</td>") == MAX_LINES
    assert "There are more lines" in page.text


@pytest.mark.hostile
async def test_fi12_no_line_is_shown_while_special_goods_are_unprotected(web_workspace, web):
    rows = [
        {"product_id": "PHARMACY", "department": "FOOD", "product_category": "LÄÄKKEET", "product_type": "pillerit"}
    ]
    web_workspace.import_rows("products", [{"brand": "National", **row} for row in rows])
    desk = await open_desk_session(web_workspace, web, Role.EXPERT)
    await desk.open_member(MEMBERS[-1])
    page = await desk.do_task("/lines", **CRITERIA)
    assert page.status_code == 400
    assert "<td>" not in page.text
    assert "pillerit" not in page.text
    assert "read_lines" not in {row[1] for row in desk.audit_notes()}
