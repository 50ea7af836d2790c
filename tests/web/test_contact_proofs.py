"""Proofs of a changed contact: no code goes to it before its owner confirms it (C-11)."""

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import requests
from tests.support.changed_contacts import EVIL, EVIL_PHONE, assert_works_once, is_proven, set_at_desk
from tests.support.contact_links import code_to, links_to, recipients
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, MAIL, PHONE

OTHER = MEMBERS[6]


SIGN_IN_CODE = "Logga in i meddelandeinställningarna med koden"
STEP_UP_CODE = "öppnar alla dina uppgifter"


# no code goes to an unproven address


@pytest.mark.hostile
@pytest.mark.parametrize(("field", "value"), [("email", EVIL), ("phone", EVIL_PHONE)])
async def test_c11_a_contact_set_at_the_desk_gets_no_code_before_it_is_proven(web_workspace, web, field, value):
    set_at_desk(web_workspace, **{field: value})
    await ask_for_code(web, value)
    assert recipients(web_workspace, SIGN_IN_CODE) == []


@pytest.mark.hostile
async def test_c11_an_agent_who_changes_the_email_and_asks_a_code_to_it_gets_none(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    challenge = await ask_for_code(web, EVIL)
    proof_code = code_to(web_workspace, EVIL)  # of the message that asks to confirm
    answer = await web.post("/me/session", data={"challenge": challenge, "code": proof_code})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.hostile
async def test_c11_no_step_up_code_goes_to_an_unproven_address(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    set_at_desk(web_workspace, email=EVIL)
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    await web.post("/me/data/code", data={"proof": proof, "by": "email"})
    assert recipients(web_workspace, SIGN_IN_CODE) == [PHONE]
    assert recipients(web_workspace, STEP_UP_CODE) == []


@pytest.mark.hostile
async def test_c11_no_code_by_a_settings_link_goes_to_an_unproven_address(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await web.post(f"{web_workspace.link('offers', scope='preferences')}/code", data={"by": "email"})
    assert recipients(web_workspace, SIGN_IN_CODE) == []


@pytest.mark.hostile
async def test_c11_a_code_asked_before_the_change_does_not_follow_the_new_address(web_workspace, web):
    await ask_for_code(web, MAIL)
    set_at_desk(web_workspace, email=EVIL)
    assert recipients(web_workspace, SIGN_IN_CODE) == []


async def test_c11_the_other_proven_address_still_signs_in(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    assert (await sign_in(web_workspace, web, PHONE)).status_code == 200


async def test_the_members_pages_say_that_an_address_is_not_confirmed_and_until_when_data_waits(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    set_at_desk(web_workspace, email=EVIL)
    for path in ("/me", "/me/data"):
        page = (await web.get(f"{path}?lang=en")).text
        assert "Your e-mail address is not confirmed yet" in page
        assert "4 January 2018" in page
        assert "11:00" in page  # Helsinki


@pytest.mark.parametrize(
    ("language", "ways_out"),
    [
        ("fi", ("sulje sivu. Mikään ei muutu", "sulje sivu. Sinun ei tarvitse tehdä mitään")),
        ("sv", ("stänga sidan. Inget ändras", "stänga sidan. Du behöver inte göra något")),
        ("en", ("close the page. Nothing changes", "close the page. You need not do anything")),
    ],
)
async def test_a_link_of_a_notice_says_what_to_do_when_it_is_not_needed(web_workspace, web, language, ways_out):
    set_at_desk(web_workspace, email=EVIL)
    for (to, path), way_out in zip(((EVIL, "confirm"), (f"{AINO}@example.org", "not-me")), ways_out, strict=True):
        (link,) = links_to(web_workspace, to, path)
        assert way_out in (await web.get(f"{link}?lang={language}")).text


# proof


async def test_a_link_sent_to_the_new_address_proves_it(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, EVIL, "confirm")
    assert "Yes, confirm it" in (await web.get(f"{link}?lang=en")).text
    assert (await web.post(link)).status_code == 200
    assert is_proven(web_workspace)
    assert (await sign_in(web_workspace, web, EVIL)).status_code == 200


@pytest.mark.hostile
async def test_the_message_to_an_unproven_address_names_nobody(web_workspace):
    set_at_desk(web_workspace, email=EVIL, phone=EVIL_PHONE)
    contact = web_workspace.contact(AINO)
    texts = [text for to, text in web_workspace.notices() if to in {EVIL, EVIL_PHONE}]
    assert len(texts) == 2
    for text in texts:
        assert contact["first_name"] not in text
        assert AINO not in text


async def test_a_link_sent_to_a_new_number_is_in_the_text_message(web_workspace, web):
    set_at_desk(web_workspace, phone=EVIL_PHONE)
    (link,) = links_to(web_workspace, EVIL_PHONE, "confirm")
    assert (await web.post(link)).status_code == 200
    assert is_proven(web_workspace, "phone")


@pytest.mark.hostile
async def test_a_scanner_that_opens_the_proof_link_proves_nothing(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, EVIL, "confirm")
    await web.get(link)
    await web.head(link)
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_replayed_proof_link_changes_nothing(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, EVIL, "confirm")
    await assert_works_once(web_workspace, web, link)


@pytest.mark.hostile
async def test_a_proof_link_does_not_prove_another_members_address(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    set_at_desk(web_workspace, OTHER, email="victim@example.net")
    signer = web_workspace.engine.context.signer
    (link,) = links_to(web_workspace, EVIL, "confirm")
    own = signer.read_link("confirm", link.rpartition("/")[2])
    forged = signer.link_token("confirm", own.run_number, own.position + 1)  # even the signing key needs the nonce
    assert (await web.post(f"/confirm/{forged}")).status_code == 410
    assert not is_proven(web_workspace, member=OTHER)


@pytest.mark.hostile
@pytest.mark.parametrize("path", ["not-me", "stop-request", "join", "u", "p"])
async def test_a_proof_token_opens_no_other_page(web_workspace, web, path):
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, EVIL, "confirm")
    before = web_workspace.ledger_dump()
    assert (await web.post(f"/{path}/{link.rpartition('/')[2]}")).status_code == 404
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
async def test_a_proof_link_is_void_once_the_code_is_sent_again(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    await desk.do_task("/proof/send", field="email")
    first, second = links_to(web_workspace, EVIL, "confirm")
    assert (await web.post(first)).status_code == 410
    assert not is_proven(web_workspace)
    assert (await web.post(second)).status_code == 200


@pytest.mark.hostile
async def test_a_proof_link_is_void_after_two_days(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, EVIL, "confirm")
    web_workspace.clock.time += contact_changes.PROOF_LIFETIME
    assert (await web.post(link)).status_code == 410
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_the_proof_of_an_earlier_address_does_not_prove_a_later_one(web_workspace, web):
    set_at_desk(web_workspace, email="mine@example.net")
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, "mine@example.net", "confirm")
    assert (await web.post(link)).status_code == 410
    assert not is_proven(web_workspace)


async def test_the_desk_proves_an_address_by_the_code_read_out(web_workspace, desk):
    await desk.open_member()
    page = await desk.do_task("/contact", email=EVIL)
    assert "not yet confirmed" in page.text
    answer = await desk.do_task("/proof/code", field="email", code=code_to(web_workspace, EVIL))
    assert "The address is confirmed" in answer.text
    assert "not yet confirmed" not in answer.text
    assert is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_proof_code_is_void_after_five_wrong_ones(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    code = code_to(web_workspace, EVIL)
    wrong = "0000 0000" if code != "0000 0000" else "1111 1111"
    for _ in range(contact_changes.MAX_TRIES):
        assert (await desk.do_task("/proof/code", field="email", code=wrong)).status_code == 400
    assert (await desk.do_task("/proof/code", field="email", code=code)).status_code == 400
    assert not is_proven(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize("code", ["", "0", "1234 567", "١٢٣٤ ٥٦٧٨", "' OR 1=1 --", "9" * 400])
async def test_codes_of_another_form_prove_nothing(web_workspace, desk, code):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    assert (await desk.do_task("/proof/code", field="email", code=code)).status_code == 400
    assert not is_proven(web_workspace)


@pytest.mark.hostile
@pytest.mark.parametrize("path", ["/proof/send", "/proof/code"])
@pytest.mark.parametrize("field", ["", "street", "member_id", "language"])
async def test_only_an_email_and_a_phone_are_proven(desk, path, field):
    await desk.open_member()
    assert (await desk.do_task(path, field=field, code="1234 5678")).status_code == 400


@pytest.mark.hostile
async def test_the_code_for_the_email_does_not_prove_the_phone(web_workspace, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL, phone=EVIL_PHONE)
    code = code_to(web_workspace, EVIL)
    assert (await desk.do_task("/proof/code", field="phone", code=code)).status_code == 400
    assert not is_proven(web_workspace, "phone")


async def test_the_former_proven_address_needs_no_new_proof(web_workspace):
    set_at_desk(web_workspace, email="typo@example.net")
    set_at_desk(web_workspace, email=MAIL)
    assert is_proven(web_workspace)


@pytest.mark.hostile
async def test_two_changes_do_not_make_an_unproven_address_the_former_proven_one(web_workspace):
    set_at_desk(web_workspace, email=EVIL)
    set_at_desk(web_workspace, email="second@example.net")
    set_at_desk(web_workspace, email=EVIL)
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_an_import_of_the_same_address_does_not_prove_it(web_workspace):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.import_rows("members", [{"member_id": AINO, "register": "owners", "email": EVIL}])
    assert not is_proven(web_workspace)


async def test_the_former_address_gets_notices_while_the_new_one_is_unproven(web_workspace):
    set_at_desk(web_workspace, email=EVIL)
    requests.file(web_workspace.engine.context, AINO, RequestKind.ACCESS, ConsentSource.DESK)
    assert recipients(web_workspace, "tagit emot din begäran") == [EVIL, MAIL]
