"""Codes asked for behind a link: they go to the member's own address, which is shown masked at most (C-05)."""

import pytest

from tests.support.page_walk import hidden_fields
from tests.support.stopped_choices import settings_link
from tests.support.web_client import AINO, SHARERS


async def test_c05_after_a_link_the_code_goes_to_the_members_own_masked_address(web_workspace, web):
    link = settings_link(web_workspace)
    page = await web.post(f"{link}/code?lang=en", data={"by": "email"})
    assert "m•••@e•••.org" in page.text
    assert f"{AINO}@example.org" not in page.text
    assert f'href="{link}?lang=en"' in page.text
    assert 'href="/me?lang=en">' not in page.text
    challenge = hidden_fields(page.text)["challenge"][0]
    wrong = await web.post("/me/session?lang=en", data={**fields(page.text), "challenge": challenge, "code": "1"})
    assert wrong.status_code == 400
    assert f'href="{link}?lang=en"' in wrong.text


def fields(page):
    return {name: values[0] for name, values in hidden_fields(page).items()}


@pytest.mark.hostile
@pytest.mark.parametrize(
    "link", ["https://evil.example/", "//evil.example", "x" * 34, "../../me", "' autofocus onfocus='x", ""]
)
async def test_a_code_page_leads_back_to_no_address_but_a_valid_link(web_workspace, web, link):
    page = await web.post(f"{settings_link(web_workspace)}/code?lang=en", data={"by": "email"})
    challenge = hidden_fields(page.text)["challenge"][0]
    wrong = await web.post("/me/session?lang=en", data={"challenge": challenge, "link": link, "code": "1"})
    assert wrong.status_code == 400
    assert "evil" not in wrong.text
    assert "onfocus" not in wrong.text
    assert 'href="/me?lang=en"' in wrong.text


@pytest.mark.hostile
async def test_a_way_that_the_message_did_not_take_does_not_show_whether_we_have_a_number(web_workspace, web):
    web_workspace.change_contact(SHARERS[0], phone=None)
    pages = [
        (await web.post(f"{settings_link(web_workspace, member)}/code?lang=en", data={"by": "sms"})).text
        for member in (AINO, SHARERS[0])
    ]
    assert all("If we know the address or number" in page for page in pages)
    assert "•" not in "".join(pages)
