"""Link tokens open their own scope only, with any key still kept; other text opens nothing (C-07, E-21)."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.tokens import DeliveryLink, InvalidTokenError, Signer
from campaigns.runs.composing.template_context import LINK_PATHS
from tests.support.web_client import AINO

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
SIGNER = Signer({1: OLD, 2: NEW})
TOKEN = SIGNER.link_token("why", 7, 123_456)
numbers = st.integers(min_value=0, max_value=2**32 - 1)
PATHS = (*(f"/{path}" for path in LINK_PATHS.values()),)


@given(numbers, numbers, st.sampled_from(sorted(LINK_PATHS)))
def test_link_tokens_round_trip(run, position, scope):
    assert SIGNER.read_link(scope, SIGNER.link_token(scope, run, position)) == DeliveryLink(run, position)


def test_links_of_an_older_key_work_while_the_key_is_kept():
    token = Signer({1: OLD}).link_token("why", 7, 8)
    assert SIGNER.read_link("why", token) == DeliveryLink(7, 8)
    with pytest.raises(InvalidTokenError):
        Signer({2: NEW}).read_link("why", token)


@pytest.mark.parametrize("scope", [*sorted(set(LINK_PATHS) - {"why"}), "name", "code", ""])
def test_a_link_of_another_scope_is_invalid(scope):
    with pytest.raises(InvalidTokenError):
        SIGNER.read_link(scope, TOKEN)


@pytest.mark.parametrize("index", range(len(TOKEN)))
def test_a_link_with_a_changed_character_is_invalid(index):
    for other in "A-_9" if TOKEN[index] not in "A-_9" else "BzQ":
        with pytest.raises(InvalidTokenError):
            SIGNER.read_link("why", TOKEN[:index] + other + TOKEN[index + 1 :])


@given(st.text(max_size=80))
def test_random_text_is_no_link(text):
    with pytest.raises(InvalidTokenError):
        SIGNER.read_link("why", text)


@given(st.binary(min_size=25, max_size=25))
def test_random_bytes_of_the_right_length_are_no_link(content):
    with pytest.raises(InvalidTokenError):
        SIGNER.read_link("why", urlsafe_b64encode(content).decode().rstrip("="))


@pytest.mark.parametrize("token", [TOKEN[:-1], TOKEN[1:], TOKEN + "A", f"{TOKEN}==", f" {TOKEN}", TOKEN.swapcase()])
def test_a_truncated_or_extended_link_is_invalid(token):
    with pytest.raises(InvalidTokenError):
        SIGNER.read_link("why", token)


@pytest.mark.parametrize("path", PATHS)
async def test_invalid_links_change_nothing_and_get_the_same_answer(web_workspace, web, path):
    valid = web_workspace.link("letters").removeprefix("/u/")
    foreign = web_workspace.link("letters", scope="why").removeprefix("/w/") if path != "/w" else valid
    unplanned = web_workspace.engine.context.signer.link_token(
        next(scope for scope, at in LINK_PATHS.items() if f"/{at}" == path), 999, 0
    )
    before, answers = web_workspace.ledger_dump(), set()
    for token in (valid[:-1], "A" * 34, foreign, unplanned, "%00", "x" * 3000):
        for method in ("GET", "POST"):
            answer = await web.request(method, f"{path}/{token}", data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code in {404, 405}, (token, method)
            answers.add(answer.text)
    assert len(answers) <= 2  # the not-found page, and the one for a method that is not allowed
    assert web_workspace.ledger_dump() == before


async def test_invalid_links_are_rate_limited_and_valid_links_always_work(web_workspace, web):
    statuses = [(await web.get(f"/u/{number:034}")).status_code for number in range(301)]
    assert statuses == [404] * 300 + [429]
    assert (await web.get(web_workspace.link("letters", AINO))).status_code == 200
    web_workspace.clock.advance(minutes=2)
    assert (await web.get("/u/x")).status_code == 404
