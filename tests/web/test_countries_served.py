"""Telephone numbers of other countries get no code, no proof and no campaign, and forms say so at the field."""

import pytest
from sqlalchemy import select, update

from audiences.access.code_allowances import signed_in_member
from audiences.access.one_time_codes import CodeAim, CodeRequest
from audiences.tables import CONTACT
from campaigns.core.model.enums import Channel
from campaigns.store.people.people_tables import NOTICE
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.page_context import PageContext
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL

PAID = {
    "satellite": "+88213123456",
    "Maldives": "+9607712345",
    "Seychelles": "+2482512345",
    "Jamaica": "+18765551234",
    "Somalia": "+252612345678",
}
paid_numbers = pytest.mark.parametrize("number", PAID.values(), ids=PAID.keys())
hostile = pytest.mark.hostile


@hostile
@paid_numbers
async def test_a_member_with_a_paid_number_gets_no_code_by_text_message(web_workspace, web, number):
    web_workspace.change_contact(AINO, phone=number)
    page = await web.post("/me/code", params={"lang": "en"}, data={"address": number})
    assert page.status_code == 400 or "is on its way" in page.text  # the satellite number is no number of a person
    link = web_workspace.link("letters", scope="preferences")
    await web.post(f"{link}/code", data={"by": "sms"})
    assert web_workspace.notices() == []


@hostile
@paid_numbers
async def test_a_session_sends_no_code_to_a_paid_number_it_names_as_new(web_workspace, web, number):
    page = await sign_in(web_workspace, web, MAIL)
    form = {"proof": hidden_fields(page.text)["proof"][0], "kind": "phone", "address": number}
    answer = await web.post("/me/contact", params={"lang": "en"}, data=form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert len(web_workspace.notices()) == 1  # the code that signed in


@hostile
async def test_a_step_up_code_goes_to_no_paid_number(web_workspace, web):
    page = await sign_in(web_workspace, web, MAIL)
    web_workspace.change_contact(AINO, phone=PAID["Somalia"])
    form = {"proof": hidden_fields(page.text)["proof"][0], "by": "sms"}
    assert (await web.post("/me/data/code", data=form)).status_code == 400
    assert 'value="sms"' not in (await web.get("/me/data")).text
    assert len(web_workspace.notices()) == 1


@hostile
@paid_numbers
def test_the_notice_sender_withdraws_a_code_to_a_paid_number(web_workspace, number):
    context = PageContext(web_workspace.engine)
    requester = signed_in_member(context.context.signer, AINO, number)
    request = CodeRequest("a challenge", AINO, CodeAim.PHONE, number)
    OneTimeCodes(context).send_to_requester(request, Channel.SMS, requester)
    assert web_workspace.notices() == []
    with web_workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(NOTICE.c.reason)).scalars().all() == ["country_not_served"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fi", "Tähän numeroon emme lähetä"),
        ("sv", "Vi skickar inga sms"),
        ("en", "We send no text messages"),
    ],
)
async def test_the_sign_in_page_says_at_the_field_that_a_number_is_not_served(web, language, text):
    page = await web.post("/me/code", params={"lang": language}, data={"address": "+46 70 123 45 67"})
    assert page.status_code == 400
    assert text in page.text
    assert 'value="+46 70 123 45 67"' in page.text


async def test_a_country_in_the_settings_is_served(web_workspace, web):
    path = web_workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace("sms: {", "sms: {countries: [FI, SE], "), "utf-8")
    web_workspace.reload()
    context = PageContext(web_workspace.engine)
    requester = signed_in_member(context.context.signer, AINO, "+46701234567")
    request = CodeRequest("a challenge", AINO, CodeAim.PHONE, "+46701234567")
    OneTimeCodes(context).send_to_requester(request, Channel.SMS, requester)
    assert [to for to, _ in web_workspace.notices()] == ["+46701234567"]


@hostile
@pytest.mark.parametrize("number", ["+46701234567", "+18765551234", "+2482512345"])
async def test_the_desk_refuses_a_number_that_is_not_served_at_its_field(web_workspace, desk, number):
    await desk.open_member()
    page = await desk.do_task("/contact", phone=number)
    assert page.status_code == 400
    assert "not of a country that we serve" in page.text
    assert web_workspace.contact(AINO)["phone"] == "+358401230001"


@hostile
def test_a_stored_class_that_is_wrong_is_caught_by_the_provider(web_workspace):
    """The last check reads the number itself."""
    with web_workspace.engine.context.ledger.write() as connection:
        change = update(CONTACT).where(CONTACT.c.member_id == AINO)
        connection.execute(change.values(phone=PAID["Jamaica"], phone_class="FI mobile"))
    run = web_workspace.run("texts")
    web_workspace.send(run)
    assert web_workspace.end_states(run)[AINO] == ("refused", "country_not_served")
    assert PAID["Jamaica"] not in "".join(file.read_text() for file in web_workspace.root.rglob("sms.jsonl"))
