"""A changed contact is proven before codes go to it, refused by the former one, and data waits for 72 hours (C-11)."""

from datetime import timedelta

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.desk import changes
from campaigns.people.privacy import contact_proofs, merging, requests
from tests.support.contact_links import code_to, links_to, recipients
from tests.support.desk_session import open_desk_session
from tests.support.page_walk import hidden_fields, sign_in
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO

MAIL, PHONE = f"{AINO}@example.org", "+358401230001"
EVIL, EVIL_PHONE = "evil@example.net", "+358509876543"
OTHER = MEMBERS[6]
SHOW_ALL, EXPORT, ERASE = "/me/data/whole", "/me/data/file", "/me/erase"
WAIT = timedelta(hours=72)


def set_at_desk(web_workspace, member=AINO, **values):
    changes.change_contact(web_workspace.engine.context, member, values, [])


async def ask_code(web, address):
    return hidden_fields((await web.post("/me/code", data={"address": address})).text)["challenge"][0]


async def fresh_code(web_workspace, web, by="sms"):
    """Step a session up by a code; return the CSRF token."""
    proof = hidden_fields((await web.get("/me/data")).text)["proof"][0]
    page = await web.post("/me/data/code", data={"proof": proof, "by": by})
    typed = {"proof": proof, "challenge": hidden_fields(page.text)["challenge"][0], "code": web_workspace.codes()[-1]}
    assert (await web.post("/me/data/proof", data=typed)).status_code == 303
    return proof


def is_proven(web_workspace, field="email", member=AINO):
    with web_workspace.engine.context.ledger.read() as connection:
        return contact_changes.is_proven(connection, member, field)


SIGN_IN_CODE = "Logga in i meddelandeinställningarna med koden"
STEP_UP_CODE = "öppnar alla dina uppgifter"


# no code goes to an unproven address


@pytest.mark.hostile
@pytest.mark.parametrize(("field", "value"), [("email", EVIL), ("phone", EVIL_PHONE)])
async def test_c11_a_contact_set_at_the_desk_gets_no_code_before_it_is_proven(web_workspace, web, field, value):
    set_at_desk(web_workspace, **{field: value})
    await ask_code(web, value)
    assert recipients(web_workspace, SIGN_IN_CODE) == []


@pytest.mark.hostile
async def test_c11_an_agent_who_changes_the_email_and_asks_a_code_to_it_gets_none(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    challenge = await ask_code(web, EVIL)
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
    await ask_code(web, MAIL)
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
    await web.post(link)
    before = web_workspace.ledger_dump()
    assert (await web.post(link)).status_code == 410
    assert web_workspace.ledger_dump() == before


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


# refusal by the former address


async def test_the_former_address_refuses_a_change_which_restores_it_and_tells_the_desk(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    set_at_desk(web_workspace, email=EVIL)
    (link,) = links_to(web_workspace, MAIL, "not-me")
    assert "It was not me, stop the change" in (await web.get(f"{link}?lang=en")).text
    assert web_workspace.contact(AINO)["email"] == EVIL
    assert (await web.post(link)).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)
    assert web_workspace.ledger_dump()["member_session"] == []
    (filed,) = requests.list_open(web_workspace.engine.context)
    assert (filed.kind, filed.member_id) == ("correct", AINO)
    assert "en vaihtanut yhteystietojani" in filed.words


@pytest.mark.hostile
async def test_a_refused_address_can_no_longer_be_proven_by_its_link(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    assert (await web.post(proving)).status_code == 410
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
async def test_sending_the_proof_again_does_not_void_the_refusing_link(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    await desk.do_task("/proof/send", field="email")
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    assert (await web.post(refusing)).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
async def test_a_proven_stranger_is_blocked_by_the_former_address(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    await web.post(proving)
    await sign_in(web_workspace, web, EVIL)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    assert "Your one-time" not in (await web.get("/me?lang=en")).text
    assert web_workspace.ledger_dump()["member_session"] == []
    codes = len(web_workspace.codes())
    await ask_code(web, EVIL)
    assert len(web_workspace.codes()) == codes
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_blocked_address_is_not_proven_again_at_the_desk(web_workspace, web, desk):
    await desk.open_member()
    await desk.do_task("/contact", email=EVIL)
    code = code_to(web_workspace, EVIL)
    await desk.do_task("/proof/code", field="email", code=code)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    page = await desk.page(f"/member/{desk.ticket}")
    assert "stopped" in page.text
    assert "Nothing has changed" in (await desk.do_task("/proof/send", field="email")).text
    assert (await desk.do_task("/proof/code", field="email", code=code)).status_code == 400
    assert not is_proven(web_workspace)


async def prove_by_link(web_workspace, web, address):
    (proving,) = links_to(web_workspace, address, "confirm")
    assert (await web.post(proving)).status_code == 200


@pytest.mark.hostile
async def test_after_a_refusal_the_former_address_is_told_of_the_next_change_and_refuses_it(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await prove_by_link(web_workspace, web, EVIL)
    await web.post(links_to(web_workspace, MAIL, "not-me")[0])
    set_at_desk(web_workspace, email="second@example.net")
    await prove_by_link(web_workspace, web, "second@example.net")
    _, refusing = links_to(web_workspace, MAIL, "not-me")
    assert (await web.post(refusing)).status_code == 200
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_blocked_address_refuses_no_change_and_is_not_restored(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await prove_by_link(web_workspace, web, EVIL)
    await web.post(links_to(web_workspace, MAIL, "not-me")[0])
    set_at_desk(web_workspace, email=MAIL)
    assert links_to(web_workspace, EVIL, "not-me") == []
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)


def file_correction(web_workspace, number, length):
    words = f"{number} " + "x" * length
    requests.file(web_workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.WEB, words)


def fill_corrections(web_workspace):
    """File corrections until the request takes no more."""
    for number in range(5):
        file_correction(web_workspace, number, 1_900)
    file_correction(web_workspace, 5, 400)
    with pytest.raises(UserError, match="too long together"):
        file_correction(web_workspace, 6, 50)


@pytest.mark.hostile
async def test_a_flood_of_corrections_hinders_no_refusal(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    fill_corrections(web_workspace)
    assert (await web.post(links_to(web_workspace, MAIL, "not-me")[0])).status_code == 200
    assert web_workspace.contact(AINO)["email"] == MAIL
    (filed,) = requests.list_open(web_workspace.engine.context)
    assert "en vaihtanut yhteystietojani" in filed.words


@pytest.mark.hostile
async def test_a_flood_of_corrections_hinders_no_stop_of_a_held_request(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    contact_proofs.hold_while_waiting(web_workspace.engine.context, AINO, RequestKind.ERASE)
    fill_corrections(web_workspace)
    assert (await web.post(links_to(web_workspace, MAIL, "stop-request")[0])).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []


@pytest.mark.hostile
async def test_a_merge_into_unproven_addresses_is_told_to_the_addresses_of_the_merged_id(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL, phone=EVIL_PHONE)
    merged = web_workspace.contact(OTHER)
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    for address in (merged["email"], merged["phone"]):
        assert len(links_to(web_workspace, address, "not-me")) == 1


@pytest.mark.hostile
async def test_a_merge_voids_no_refusing_link_of_the_merged_id(web_workspace, web):
    former = web_workspace.contact(OTHER)["email"]
    set_at_desk(web_workspace, OTHER, email=EVIL)
    (refusing,) = links_to(web_workspace, former, "not-me")
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    await sign_in(web_workspace, web, PHONE)
    web_workspace.clock.time += timedelta(hours=70)
    assert (await web.post(refusing)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    assert web_workspace.contact(AINO)["email"] == MAIL
    assert is_proven(web_workspace)
    context = web_workspace.engine.context
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT
    (filed,) = requests.list_open(context)
    assert filed.member_id == AINO


@pytest.mark.hostile
async def test_a_merged_ids_proof_link_proves_nothing_of_the_member_who_stays(web_workspace, web):
    set_at_desk(web_workspace, OTHER, email=EVIL)
    set_at_desk(web_workspace, email="unproven@example.net")
    (proving,) = links_to(web_workspace, EVIL, "confirm")
    merging.merge(web_workspace.engine.context, OTHER, AINO, approved=True)
    assert (await web.post(proving)).status_code == 410
    assert not is_proven(web_workspace)


@pytest.mark.hostile
async def test_a_replayed_refusal_changes_nothing(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    (refusing,) = links_to(web_workspace, MAIL, "not-me")
    await web.post(refusing)
    before = web_workspace.ledger_dump()
    assert (await web.post(refusing)).status_code == 410
    assert web_workspace.ledger_dump() == before


@pytest.mark.hostile
async def test_refusing_the_first_of_two_changes_brings_back_the_first_address(web_workspace, web):
    set_at_desk(web_workspace, email="step@example.net")
    set_at_desk(web_workspace, email=EVIL)
    refusing = links_to(web_workspace, MAIL, "not-me")
    assert len(refusing) == 2  # the proven address is told of both; the unproven one of none
    assert links_to(web_workspace, "step@example.net", "not-me") == []
    await web.post(refusing[0])
    assert web_workspace.contact(AINO)["email"] == MAIL


@pytest.mark.hostile
@pytest.mark.parametrize("token", ["", "x", "A" * 34, "../../me", "%00", "A" * 5000])
@pytest.mark.parametrize("path", ["confirm", "not-me", "stop-request"])
async def test_forged_contact_links_are_not_found_and_change_nothing(web_workspace, web, path, token):
    set_at_desk(web_workspace, email=EVIL)
    before = web_workspace.ledger_dump()
    assert (await web.post(f"/{path}/{token}")).status_code in {404, 405}
    assert web_workspace.ledger_dump() == before


# the wait of 72 hours


@pytest.mark.hostile
@pytest.mark.parametrize("path", [SHOW_ALL, EXPORT, ERASE])
@pytest.mark.parametrize("passed", [timedelta(0), timedelta(hours=71), WAIT - timedelta(seconds=1)], ids=str)
async def test_c11_data_waits_for_72_hours_after_a_change_of_contact(web_workspace, web, path, passed):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += passed
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    answer = await web.post(f"{path}?lang=en", data={"proof": proof, "form": "json", "word": "ERASE"})
    assert answer.status_code == 403
    assert "Your request waits" in answer.text
    assert "11:00" in answer.text
    assert "CHEESE" not in answer.text
    assert web_workspace.contact(AINO)["email"] == EVIL


@pytest.mark.parametrize("path", [SHOW_ALL, EXPORT, ERASE])
async def test_data_is_handed_out_after_the_wait_by_a_fresh_code(web_workspace, web, path):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += WAIT
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    assert (await web.post(path, data={"proof": proof, "form": "json", "word": "ERASE"})).status_code == 200


@pytest.mark.hostile
async def test_a_session_with_a_fresh_code_from_before_the_change_exports_nothing(web_workspace, web):
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    set_at_desk(web_workspace, email=EVIL)
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403


@pytest.mark.hostile
async def test_a_waiting_request_does_not_open_without_another_fresh_code(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    await web.post(EXPORT, data={"proof": proof, "form": "json"})
    web_workspace.clock.time += WAIT
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403
    assert "attachment" not in (await web.post(EXPORT, data={"proof": proof, "form": "json"})).headers


@pytest.mark.hostile
async def test_a_second_change_starts_the_wait_anew(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += timedelta(hours=71)
    set_at_desk(web_workspace, email="again@example.net")
    web_workspace.clock.time += timedelta(hours=2)
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    assert (await web.post(EXPORT, data={"proof": proof, "form": "json"})).status_code == 403


@pytest.mark.hostile
@pytest.mark.parametrize("change", ["own", "removed", "import", "merge"])
async def test_every_kind_of_change_of_contact_starts_the_wait(web_workspace, change):
    context = web_workspace.engine.context
    if change == "own":
        set_at_desk(web_workspace, phone=EVIL_PHONE)
    elif change == "removed":
        changes.change_contact(context, AINO, {}, ["email"])
    elif change == "import":
        web_workspace.import_rows("members", [{"member_id": AINO, "register": "owners", "phone": "0501234567"}])
    else:
        merging.merge(context, OTHER, AINO, approved=True)
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT


@pytest.mark.parametrize(
    "row",
    [{"member_id": "new1", "email": "new@example.org"}, {"member_id": AINO, "email": MAIL.upper(), "phone": PHONE}],
    ids=["a new member", "the same values"],
)
async def test_an_import_that_changes_no_known_contact_starts_no_wait(web_workspace, row):
    web_workspace.import_rows("members", [{"register": "owners", **row}])
    context = web_workspace.engine.context
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, row["member_id"], context.clock.now()) is None


async def test_a_held_request_is_told_to_every_known_address_once(web_workspace, web):
    set_at_desk(web_workspace, email=EVIL)
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    for _ in range(3):
        await web.post(EXPORT, data={"proof": proof, "form": "json"})
    assert sorted(recipients(web_workspace, "väntar den: den kan uppfyllas")) == sorted([EVIL, MAIL, PHONE])
    page = await web.get("/me/data?lang=en")
    assert "The copy of your data waits" in page.text


@pytest.mark.hostile
@pytest.mark.parametrize("address", [MAIL, EVIL, PHONE])
async def test_any_known_address_cancels_a_held_request_and_starts_the_wait_anew(web_workspace, web, address):
    set_at_desk(web_workspace, email=EVIL)
    web_workspace.clock.time += timedelta(hours=70)
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    await web.post(ERASE, data={"proof": proof, "word": "ERASE"})
    (link,) = links_to(web_workspace, address, "stop-request")
    await web.get(link)
    assert web_workspace.ledger_dump()["member_session"] != []  # a scanner stops nothing
    assert (await web.post(link)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    web_workspace.clock.time += timedelta(hours=70)
    await sign_in(web_workspace, web, PHONE)
    proof = await fresh_code(web_workspace, web)
    assert (await web.post(ERASE, data={"proof": proof, "word": "ERASE"})).status_code == 403
    assert web_workspace.contact(AINO)
    assert [filed.kind for filed in requests.list_open(web_workspace.engine.context)] == ["correct"]


@pytest.mark.hostile
async def test_a_merge_voids_no_link_that_cancels_a_held_request_of_the_merged_id(web_workspace, web):
    context = web_workspace.engine.context
    set_at_desk(web_workspace, OTHER, phone=EVIL_PHONE)
    contact_proofs.hold_while_waiting(context, OTHER, RequestKind.ACCESS)
    (link,) = links_to(web_workspace, web_workspace.contact(OTHER)["email"], "stop-request")
    merging.merge(context, OTHER, AINO, approved=True)
    await sign_in(web_workspace, web, PHONE)
    web_workspace.clock.time += timedelta(hours=70)
    assert (await web.post(link)).status_code == 200
    assert web_workspace.ledger_dump()["member_session"] == []
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) == context.clock.now() + WAIT
    merging.unmerge(context, OTHER)
    with context.ledger.read() as connection:
        assert contact_changes.opens_at(connection, OTHER, context.clock.now()) == context.clock.now() + WAIT
        assert contact_changes.opens_at(connection, AINO, context.clock.now()) is None


@pytest.mark.hostile
@pytest.mark.parametrize(("kind", "path"), [("access", "copy"), ("erase", "erase")])
async def test_the_queue_of_the_desk_waits_as_well(web_workspace, web, kind, path):
    officer = await open_desk_session(web_workspace, web, Role.PRIVACY_OFFICER)
    filed = requests.file(web_workspace.engine.context, AINO, RequestKind(kind), ConsentSource.PHONE)
    set_at_desk(web_workspace, email=EVIL)
    answer = await officer.post(f"/requests/{path}", number=filed.number, form="json", confirmed="yes")
    assert answer.status_code == 400
    assert "less than 72 hours ago" in answer.text
    assert web_workspace.contact(AINO)
