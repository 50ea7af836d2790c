"""One-time codes: who gets one, what it opens and how often, and that no answer tells who is known (C-11, GD-08)."""

from datetime import timedelta

import pytest

from audiences.access import one_time_codes
from audiences.access.one_time_codes import CodeAim, CodeRequest, TypedCode
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.page_context import PageContext
from tests.support.page_walk import ask_for_code, hidden_fields, sign_in
from tests.support.web_client import AINO, SHARERS

MAIL = f"{AINO}@example.org"
WRONG = "0000 0000"


async def test_a_code_opens_the_members_choices(web_workspace, web):
    page = await sign_in(web_workspace, web, MAIL.upper())
    assert page.status_code == 200
    assert MAIL in page.text


async def test_a_code_by_text_message_opens_them_too(web_workspace, web):
    await sign_in(web_workspace, web, "040 123 0001")
    assert [to for to, _ in web_workspace.notices()] == ["+358401230001"]


@pytest.mark.parametrize(
    "address", ["nobody@example.org", "+358509876543", "no address", "", "m01@example.org\nBcc: x"]
)
async def test_a_stranger_gets_no_code_and_the_same_answer(web_workspace, web, address):
    known = await web.post("/me/code", data={"address": MAIL})
    stranger = await web.post("/me/code", data={"address": address})
    one, other = (hidden_fields(page.text)["challenge"][0] for page in (known, stranger))
    assert known.text.replace(one, "") == stranger.text.replace(other, "")
    assert len(web_workspace.codes()) == 1


async def test_a_wrong_code_gets_the_answer_of_a_stranger(web_workspace, web):
    answers = set()
    for address in (MAIL, "nobody@example.org"):
        challenge = await ask_for_code(web, address)
        answer = await web.post("/me/session", data={"challenge": challenge, "code": WRONG})
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers
        answers.add(answer.text.replace(challenge, ""))
    assert len(answers) == 1


async def test_a_code_is_good_once_and_only_in_the_browser_that_asked(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    other = await ask_for_code(web, "nobody@example.org")
    code = web_workspace.codes()[0]
    tried = [(other, code), (challenge, code), (challenge, code), ("", code)]
    statuses = [(await web.post("/me/session", data={"challenge": at, "code": it})).status_code for at, it in tried]
    assert statuses == [400, 303, 400, 400]


async def test_after_five_wrong_tries_the_right_code_is_of_no_use(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    for _ in range(one_time_codes.MAX_TRIES):
        await web.post("/me/session", data={"challenge": challenge, "code": WRONG})
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


async def test_a_code_that_is_too_old_opens_nothing(web_workspace, web):
    challenge = await ask_for_code(web, MAIL)
    (code,) = web_workspace.codes()
    web_workspace.clock.time += one_time_codes.CODE_LIFETIME
    answer = await web.post("/me/session", data={"challenge": challenge, "code": code})
    assert answer.status_code == 400


async def test_a_member_is_sent_three_codes_in_a_quarter_of_an_hour_whoever_asks(web_workspace, web):
    for _ in range(one_time_codes.MAX_UNTYPED_CODES + 2):
        assert (await web.post("/me/code", data={"address": MAIL})).status_code == 200
    assert len(web_workspace.codes()) == one_time_codes.MAX_UNTYPED_CODES
    web_workspace.clock.advance(minutes=16)
    await web.post("/me/code", data={"address": MAIL})
    assert len(web_workspace.codes()) == one_time_codes.MAX_UNTYPED_CODES + 1


async def test_codes_that_were_typed_do_not_keep_their_member_from_the_next(web_workspace, web):
    for _ in range(one_time_codes.MAX_UNTYPED_CODES + 2):
        await sign_in(web_workspace, web, MAIL)
    assert len(web_workspace.codes()) == one_time_codes.MAX_UNTYPED_CODES + 2


async def test_one_stranger_asks_ten_times_and_then_has_to_wait(web):
    statuses = [(await web.post("/me/code", data={"address": f"x{n}@example.org"})).status_code for n in range(11)]
    assert statuses == [200] * 10 + [429]


async def test_one_stranger_tries_thirty_codes_and_then_has_to_wait(web):
    tried = {"challenge": "x", "code": WRONG}
    statuses = [(await web.post("/me/session", data=tried)).status_code for _ in range(31)]
    assert statuses == [400] * 30 + [429]


async def test_each_of_those_who_share_a_mailbox_gets_a_code_of_their_own(web_workspace, web):
    page = await sign_in(web_workspace, web, "PERHE@example.org", place=0)
    names = {web_workspace.contact(member)["first_name"] for member in SHARERS}
    assert {next(name for name in names if name in text) for _, text in web_workspace.notices()} == names
    shown = [name for name in names if f"{name} " in page.text]
    assert len(shown) == 1


async def test_the_link_of_a_message_sends_a_code_to_the_members_own_address(web_workspace, web):
    for by in ("email", "sms"):
        page = await web.post(f"{web_workspace.link('letters', scope='preferences')}/code", data={"by": by})
        assert MAIL not in page.text
    assert [to for to, _ in web_workspace.notices()] == [MAIL, "+358401230001"]
    challenge = hidden_fields(page.text)["challenge"][0]
    answer = await web.post("/me/session", data={"challenge": challenge, "code": web_workspace.codes()[1]})
    assert answer.status_code == 303


async def test_a_code_for_a_new_address_signs_nobody_in(web_workspace, web):
    asked = CodeRequest("a challenge", AINO, CodeAim.EMAIL, "new@example.org")
    OneTimeCodes(PageContext(web_workspace.engine)).send_to_new_address(asked)
    answer = await web.post("/me/session", data={"challenge": asked.challenge, "code": web_workspace.codes()[0]})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "typed",
    [{"aims": {CodeAim.STEP_UP}}, {"aims": {CodeAim.EMAIL}, "member_id": SHARERS[0]}],
    ids=["another aim", "another member"],
)
def test_a_code_typed_where_it_opens_nothing_is_not_used_up_there(web_workspace, typed):
    signer, ledger, asked = (
        web_workspace.engine.signer,
        web_workspace.engine.ledger,
        CodeRequest("c", AINO, CodeAim.EMAIL, "new@example.org"),
    )
    code = one_time_codes.code_digits(signer, asked)
    with ledger.write() as connection:
        one_time_codes.issue_code(connection, signer, asked, web_workspace.clock.time)
        assert (
            one_time_codes.redeem_code(connection, signer, TypedCode("c", code, **typed), web_workspace.clock.time)
            is None
        )
        assert (
            one_time_codes.redeem_code(
                connection, signer, TypedCode("c", code, {CodeAim.EMAIL}, AINO), web_workspace.clock.time
            )
            == asked
        )


def test_codes_are_kept_as_hashes_and_removed_after_a_day(web_workspace):
    signer, ledger = web_workspace.engine.signer, web_workspace.engine.ledger
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


async def test_what_a_stranger_may_try_holds_over_all_processes(web_workspace):
    one, other = PageContext(web_workspace.engine), PageContext(web_workspace.engine)
    allowed = [
        site.attempt_throttle.allows("192.0.2.1", web_workspace.clock.time) for _ in range(20) for site in (one, other)
    ]
    assert allowed == [True] * 30 + [False] * 10
    assert one.attempt_throttle.allows("192.0.2.2", web_workspace.clock.time)
    assert one.code_request_throttle.allows("192.0.2.1", web_workspace.clock.time)
    web_workspace.clock.advance(minutes=15)
    assert other.attempt_throttle.allows("192.0.2.1", web_workspace.clock.time)
    assert "192.0.2" not in str(web_workspace.ledger_dump())


async def test_what_was_tried_a_while_ago_is_forgotten(web_workspace):
    assert PageContext(web_workspace.engine).attempt_throttle.allows("192.0.2.1", web_workspace.clock.time)
    web_workspace.clock.advance(minutes=15)
    assert PageContext(web_workspace.engine).code_request_throttle.allows("192.0.2.2", web_workspace.clock.time)
    assert len(web_workspace.ledger_dump()["tried"]) == 1
