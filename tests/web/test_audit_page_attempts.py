"""Attempts on the audit log's page: other roles, patterns, forged rows, formulas and seals (A-25)."""

import csv
import io
import json
import re

import pyotp
import pytest
from sqlalchemy import update

from campaigns.core.model.roles import Role
from campaigns.people.accounts import second_factor, staff_accounts
from campaigns.people.desk import changes
from campaigns.store.people.audit import record, subject_of_member
from campaigns.store.people.people_tables import AUDIT
from tests.support.desk_session import NAME, open_desk_session
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO

pytestmark = pytest.mark.hostile


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/export"])
@pytest.mark.parametrize("role", [Role.DESK, Role.EXPERT, Role.ANALYST, Role.APPROVER])
async def test_the_audit_log_is_closed_to_other_roles(web_workspace, web, path, role):
    desk = await open_desk_session(web_workspace, web, role)
    assert (await desk.post(path, form="csv")).status_code == 403
    assert 'action="/desk/audit' not in (await desk.page("")).text


@pytest.mark.parametrize("path", ["/audit/verify", "/audit/export"])
@pytest.mark.parametrize("ticket", ["", "x", "of a member"])
async def test_the_audit_log_is_neither_verified_nor_exported_without_its_page(web_workspace, officer, path, ticket):
    await officer.open_member()
    before = len(officer.audit_notes())
    answer = await officer.post(path, form="csv", ticket=officer.ticket if ticket == "of a member" else ticket)
    assert answer.status_code == 403
    assert len(officer.audit_notes()) == before


async def open_audit(officer, **fields):
    page = await officer.post("/audit", **fields)
    return page, hidden_fields(page.text).get("ticket", [""])[0]


@pytest.mark.parametrize(
    "fields",
    [{"first": "2018-13-01"}, {"last": "yesterday"}, {"first": "0001-01-01"}, {"last": "9999-12-31"},
     {"actor": "Aino Mäki"}, {"actor": "aino@example.org"}, {"actor": "x' OR 1=1 --"}, {"actor": "a" * 300}],
    ids=lambda fields: "=".join(next(iter(fields.items())))[:40],
)  # fmt: skip
async def test_an_audit_search_that_is_invalid_shows_and_notes_nothing(officer, fields):
    page, _ = await open_audit(officer, **fields)
    assert page.status_code == 400
    assert "<table" not in page.text
    assert "aria-invalid" in page.text
    assert officer.audit_notes() == []


@pytest.mark.parametrize("action", ["x", "look_up' OR 1=1 --", "%", "drop table"])
async def test_an_unknown_act_is_refused(officer, action):
    assert (await officer.post("/audit", action=action)).status_code == 400
    assert officer.audit_notes() == []


@pytest.mark.parametrize("subject", ["%", "member:%", "' OR 1=1 --", "m0", "*", "\u202e", "a" * 4000])
async def test_a_pattern_finds_no_row_of_the_audit_log(officer, subject):
    await officer.open_member()
    page, _ = await open_audit(officer, subject=subject)
    assert "No row matches" in page.text


async def test_an_audit_search_for_a_member_is_noted_without_the_number(web_workspace, officer):
    await officer.open_member()
    page, _ = await open_audit(officer, subject=AINO, action="look_up", first="2018-01-01", last="2018-01-01")
    assert page.text.count('data-title="Row"') == 1
    actor, action, subject, detail = officer.audit_notes()[-1]
    assert (actor, action) == (NAME, "read_audit")
    assert subject == subject_of_member(web_workspace.engine.context.signer, AINO)
    assert AINO not in str(web_workspace.ledger_dump()["audit"])
    assert detail["action"] == "look_up"


async def test_the_audit_page_names_contact_fields_and_staff_actions_as_the_desk_does(web_workspace, officer):
    changes.change_contact(web_workspace.engine.context, AINO, {"email": "uusi@example.org"}, [])
    staff_accounts.add(web_workspace.engine.context, "helena", [Role.DESK], "neljä sanaa on hyvä")
    enrolment = second_factor.begin(web_workspace.engine.context, "helena")
    second_factor.confirm(web_workspace.engine.context, enrolment, pyotp.TOTP(enrolment.key).now())
    page, _ = await open_audit(officer)
    assert "Details: E-mail address" in page.text
    assert "An authenticator app was added" in page.text
    assert "set_second_factor</td>" not in page.text


@pytest.mark.parametrize("before", ["x", "-1", "1; DROP TABLE audit", "9" * 400, "٣", "1.5", "0x10"])
async def test_an_invalid_row_number_shows_the_newest_page(officer, before):
    page, ticket = await open_audit(officer)
    answer = await officer.web.get(f"/desk/log/{ticket}", params={"lang": "en", "before": before})
    assert (answer.status_code, answer.text.count('data-title="Row"')) == (200, page.text.count('data-title="Row"'))


async def test_the_audit_log_is_paged_without_gaps(web_workspace, officer):
    with web_workspace.engine.context.ledger.write() as connection:
        for number in range(120):
            record(connection, web_workspace.clock.time, "paging", "find", f"row{number}")
    page, ticket = await open_audit(officer, actor="paging")
    subjects = re.findall(r"row\d+", page.text)
    while older := re.search(r'before=(\d+)" rel="next"', page.text):
        page = await officer.web.get(f"/desk/log/{ticket}?lang=en&before={older[1]}")
        subjects += re.findall(r"row\d+", page.text)
    assert subjects == [f"row{number}" for number in range(119, -1, -1)]


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/export"])
async def test_work_on_the_audit_log_is_limited(officer, path):
    _, ticket = await open_audit(officer)
    answers = [(await officer.post(path, ticket=ticket, form="csv")).status_code for _ in range(31)]
    assert answers[-1] == 429


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "|calc", "%0A", "\t=1+1", '=HYPERLINK("//evil")'])
async def test_no_cell_of_an_audit_export_is_a_formula(web_workspace, officer, formula):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, formula, "find", formula, {"case": formula})
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    cells = [cell for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";") for cell in row]
    assert formula.strip() in str(cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "|", "%", "\t"))] == []


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb;c", 'a"b', "a\u2028b"])
async def test_a_line_break_in_a_row_makes_no_row_of_an_export(web_workspace, officer, text):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, text, "find", "nobody")
    _, ticket = await open_audit(officer)
    number = len(web_workspace.ledger_dump()["audit"])
    lines = (await officer.post("/audit/export", ticket=ticket, form="jsonl")).text.split("\n")
    assert [json.loads(line)["seq"] for line in lines[:-1]] == list(range(1, number + 1))
    sheet = (await officer.post("/audit/export", ticket=ticket, form="csv")).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(sheet), delimiter=";"))) == number + 2


@pytest.mark.parametrize(
    "form", ["", "xml", "csv\r\nX-Evil: 1", "../../etc/passwd", 'csv"; filename="evil.html', "html", "CSV"]
)
async def test_a_download_has_no_other_form_and_name(officer, form):
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form=form)
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers


async def test_an_export_is_noted_and_named_by_us_alone(web_workspace, officer):
    _, ticket = await open_audit(officer, subject='x"; filename="evil.html')
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="viesti-audit-2018-01-01.csv"'
    assert officer.audit_notes()[-1][1:] == ("export_audit", "audit", {"form": "csv", "rows": 0})


async def test_an_export_that_would_be_cut_is_refused(web_workspace, officer, monkeypatch):
    monkeypatch.setattr("campaigns.people.accounts.audit_log.MAX_EXPORT", 3)
    _, ticket = await open_audit(officer)
    answer = await officer.post("/audit/export", ticket=ticket, form="csv")
    assert answer.status_code == 400
    assert "Choose fewer days" in answer.text
    assert officer.audit_notes()[-1][1] == "read_audit"


async def test_a_changed_row_is_named_with_its_number(web_workspace, officer):
    _, ticket = await open_audit(officer)
    whole = await officer.post("/audit/verify", ticket=ticket)
    assert "The chain is whole" in whole.text
    with web_workspace.engine.context.ledger.write() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.seq == 2).values(actor="nobody"))
    broken = await officer.post("/audit/verify", ticket=ticket)
    assert "The chain breaks at row 2. The row was changed." in broken.text
    assert officer.audit_notes()[-1][1] == "verify_audit"


@pytest.mark.parametrize("seal", ["x", "12", ":", "1:", "-1:abc", "١:abc"[1:], "<script>", "9" * 90])
async def test_a_malformed_seal_is_refused_at_its_field(officer, seal):
    _, ticket = await open_audit(officer)
    page = await officer.post("/audit/verify", ticket=ticket, seal=seal)
    assert page.status_code == 400
    assert '<p class="wrong" id="seal-wrong">A seal is written like' in page.text
    assert "<script>" not in page.text


async def test_a_seal_of_another_log_breaks_the_chain(officer):
    _, ticket = await open_audit(officer)
    page = await officer.post("/audit/verify", ticket=ticket, seal="1:abcdef")
    assert "not the one that was written down" in page.text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "{{ 7*7 }}"])
async def test_a_row_of_the_audit_log_is_shown_as_text(web_workspace, officer, text):
    with web_workspace.engine.context.ledger.write() as connection:
        record(connection, web_workspace.clock.time, text, text, text, {"case": text})
    page, _ = await open_audit(officer)
    for tag in ("<script", "<img"):
        assert tag not in page.text
    assert "49" not in re.findall(r"<td>(.*?)</td>", page.text)
