"""One-time codes: recipients, use and limits; answers do not reveal which addresses are known (C-11, GD-08)."""

from datetime import timedelta

import pytest

from audiences.access import one_time_codes
from audiences.access.code_allowances import MESSAGES_A_DAY, signed_in_member
from audiences.access.one_time_codes import CodeAim, CodeRequest, IssuedCode, TypedCode
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.page_context import PageContext
from tests.support.page_client import browser_from
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.web_client import AINO, MAIL, SHARERS

WRONG_CODE = "0000 0000"


async def test_a_code_by_email_opens_the_members_choices(web_workspace, web):
    page = await sign_in(web_workspace, web, MAIL.upper())
    assert page.status_code == 200
    assert MAIL in page.text


async def test_a_code_by_sms_signs_in(web_workspace, web):
    await sign_in(web_workspace, web, "040 123 0001")
    assert [to for to, _ in web_workspace.notices()] == ["+358401230001"]


@pytest.mark.parametrize(
    "address", ["nobody@example.org", "+358509876543", "no address", "", "m01@example.org\nBcc: x"]
)
async def test_an_unknown_address_gets_no_code_and_the_same_answer(web_workspace, web, address):
    known = await web.post("/me/code", data={"address": MAIL})
    unknown = await web.post("/me/code", data={"address": address})
    known_challenge, unknown_challenge = (hidden_fields(page.text)["challenge"][0] for page in (known, unknown))
    assert known.text.replace(known_challenge, "") == unknown.text.replace(unknown_challenge, "")
    assert len(web_workspace.codes()) == 1


async def test_a_wrong_code_gets_the_same_answer_for_known_and_unknown_addresses(web_workspace, web):
    answers = set()
    for address in (MAIL, "nobody@example.org"):
        challenge = await ask_for_code(web, address)
        answer = await web.post("/me/session", data={"challenge": challenge, "code": WRONG_CODE})
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        answers.add(answer.text.replace(challenge, ""))
    assert len(answers) == 1


async def test_a_code_works_once_and_only_in_the_browser_that_requested_it(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    async with browser_from(web_workspace) as other:
        other_challenge = await ask_for_code(other, "nobody@example.org")
    code = web_workspace.codes()[0]
    attempts = [(other_challenge, code), (challenge, code), (challenge, code), ("", code)]
    statuses = [
        (await web.post("/me/session", data={"challenge": challenge, "code": code})).status_code
        for challenge, code in attempts
    ]
    assert statuses == [400, 303, 400, 400]


async def test_five_wrong_tries_invalidate_the_code(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    for _ in range(one_time_codes.MAX_TRIES):
        await web.post("/me/session", data={"challenge": challenge, "code": WRONG_CODE})
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


async def test_an_expired_code_is_refused(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    (code,) = web_workspace.codes()
    web_workspace.clock.time += one_time_codes.CODE_LIFETIME
    answer = await web.post("/me/session", data={"challenge": challenge, "code": code})
    assert answer.status_code == 400


async def test_used_codes_do_not_count_towards_the_limit(web_workspace, web):
    for _ in range(MESSAGES_A_DAY + 2):
        web.cookies.clear()
        await sign_in(web_workspace, web, MAIL)
    assert len(web_workspace.codes()) == MESSAGES_A_DAY + 2


async def test_members_sharing_a_mailbox_each_get_their_own_code(web_workspace, web):
    page = await sign_in(web_workspace, web, "PERHE@example.org", place=0)
    names = {web_workspace.contact(member)["first_name"] for member in SHARERS}
    assert {next(name for name in names if name in text) for _, text in web_workspace.notices()} == names
    shown = [name for name in names if f"{name} " in page.text]
    assert len(shown) == 1


async def test_a_message_link_sends_the_code_to_the_members_own_address(web_workspace, web):
    for by in ("email", "sms"):
        page = await web.post(f"{web_workspace.link('letters', scope='preferences')}/code", data={"by": by})
        assert MAIL not in page.text
    assert [to for to, _ in web_workspace.notices()] == [MAIL, "+358401230001"]
    challenge = hidden_fields(page.text)["challenge"][0]
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[1]})
    assert answer.status_code == 303


async def test_a_code_for_a_new_address_signs_nobody_in(web_workspace, web):
    request = CodeRequest("a challenge", AINO, CodeAim.EMAIL, "new@example.org")
    requester = signed_in_member(web_workspace.engine.context.signer, AINO, "new@example.org")
    OneTimeCodes(PageContext(web_workspace.engine)).send_to_new_address(request, requester)
    answer = await web.post("/me/session", data={"challenge": request.challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "typed",
    [{"aims": {CodeAim.STEP_UP}}, {"aims": {CodeAim.EMAIL}, "member_id": SHARERS[0]}],
    ids=["another aim", "another member"],
)
def test_a_code_typed_for_another_aim_or_member_is_not_used_up(web_workspace, typed):
    signer, ledger, request = (
        web_workspace.engine.context.signer,
        web_workspace.engine.context.ledger,
        CodeRequest("c", AINO, CodeAim.EMAIL, "new@example.org"),
    )
    code = one_time_codes.code_digits(signer, request)
    with ledger.write() as connection:
        one_time_codes.issue_code(connection, signer, request, web_workspace.clock.time)
        assert (
            one_time_codes.redeem_code(connection, signer, TypedCode("c", code, **typed), web_workspace.clock.time)
            is None
        )
        assert (
            one_time_codes.redeem_code(
                connection, signer, TypedCode("c", code, {CodeAim.EMAIL}, AINO), web_workspace.clock.time
            )
            == request
        )


def test_codes_are_stored_as_hashes_and_removed_after_a_day(web_workspace):
    signer, ledger = web_workspace.engine.context.signer, web_workspace.engine.context.ledger
    with ledger.write() as connection:
        assert one_time_codes.issue_code(connection, signer, CodeRequest("a", AINO), web_workspace.clock.time)
    assert one_time_codes.code_digits(signer, CodeRequest("a", AINO)) not in str(
        web_workspace.ledger_dump()["one_time_code"]
    )
    with ledger.write() as connection:
        one_time_codes.issue_code(
            connection, signer, CodeRequest("b", AINO), web_workspace.clock.time + timedelta(days=1, seconds=1)
        )
    assert [row[1] for row in web_workspace.ledger_dump()["one_time_code"]] == ["b"]


@pytest.mark.hostile
def test_a_code_that_was_ended_is_not_issued_again(web_workspace):
    signer, now, request = web_workspace.engine.context.signer, web_workspace.clock.time, CodeRequest("a", AINO)
    with web_workspace.engine.context.ledger.write() as connection:
        _, first = one_time_codes.issue_code(connection, signer, request, now)
        one_time_codes.end_codes(connection, AINO)
        issued, second = one_time_codes.issue_code(connection, signer, request, now)
    assert issued is IssuedCode.NEW
    assert one_time_codes.code_digits(signer, first) != one_time_codes.code_digits(signer, second)


async def test_networks_are_counted_across_processes(web_workspace):
    one, other = PageContext(web_workspace.engine), PageContext(web_workspace.engine)
    now = web_workspace.clock.time
    numbers = [round(context.attempt_throttle.count("4:1", now).number) for _ in range(3) for context in (one, other)]
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert round(one.attempt_throttle.count("4:2", now).number) == 1
    assert round(one.code_request_throttle.count("4:1", now).number) == 1
    web_workspace.clock.advance(minutes=15)
    assert round(other.attempt_throttle.count("4:1", web_workspace.clock.time).number) == 1


async def test_counted_networks_are_stored_as_keyed_hashes(web_workspace):
    async with browser_from(web_workspace, "203.0.113.77") as web:
        await ask_for_code(web, "nobody@example.org")
    dump = str(web_workspace.ledger_dump())
    assert "203.0.113" not in dump
    assert "nobody@" not in dump


async def test_old_attempts_are_deleted(web_workspace):
    assert PageContext(web_workspace.engine).attempt_throttle.allows("4:1", web_workspace.clock.time)
    web_workspace.clock.advance(minutes=15)
    assert PageContext(web_workspace.engine).code_request_throttle.allows("4:2", web_workspace.clock.time)
    assert len(web_workspace.ledger_dump()["tried"]) == 1
