"""A day at the desk in a real browser, by keyboard alone: a call, a duplicate, a death, a request, a complaint.

axe-core looks at every page on the way.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.privacy import requests
from campaigns.store.people import audit_seals
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.browser import BrowserUser, needs_browser
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, WebWorkspace

pytestmark = needs_browser

PASSWORD = "neljä sanaa on hyvä"
DUPLICATE, DEAD = MEMBERS[5], MEMBERS[6]


class Agent(BrowserUser):
    """An agent at a keyboard."""

    def types(self, selector: str, text: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def signs_in(self, name: str, language: Language = Language.EN) -> None:
        self.open_page(f"/desk?lang={language}")
        self.types("#name", name)
        self.types("#password", PASSWORD)
        self.press("main form button")

    def finds(self, by: str, typed: str, ground: str = "call") -> None:
        self.open_page("/desk?lang=en")
        self.chooses("#by", by)
        self.types("#typed", typed)
        self.chooses("#ground", ground)
        self.press("form[action*=find] button")
        self.keep_screenshot("desk-found")

    def chooses(self, selector: str, value: str) -> None:
        """Arrow down to an option."""
        self.tab_to(selector)
        for _ in range(12):
            if self.page.input_value(selector) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not among the options of {selector}")

    def unfolds(self, form: str) -> None:
        self.tab_to(f"details:has({form}) > summary")
        self.page.keyboard.press("Enter")
        self.check_page()


@pytest.fixture
def agent(browser: Any, web_workspace: WebWorkspace) -> Iterator[Agent]:
    with Agent.of(web_workspace, browser) as agent:
        yield agent


def test_an_agents_day_by_keyboard_alone(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine, "helmi", [Role.DESK], PASSWORD)
    agent.signs_in("helmi")
    agent.keep_screenshot("desk-find")
    agent.finds("phone", "040 123 0001")
    agent.press("form[action*=member] button")
    assert agent.heading == "Nimi1 Mäki"
    agent.unfolds("#choices")
    agent.tick(Choice.TRACKING)
    agent.tick(Choice.SMS_OWN)
    agent.keep_screenshot("desk-member")
    agent.press("#choices button")
    assert {(entry.choice, entry.on, entry.agent) for entry in web_workspace.record()} == {
        ("tracking", True, "helmi"), ("sms_own", False, "helmi")
    }  # fmt: skip
    agent.unfolds("#contact")
    agent.types("#new-email", "uusi@example.org")
    agent.press("#contact button")
    assert web_workspace.contact(AINO)["email"] == "uusi@example.org"
    agent.unfolds("#file")
    agent.chooses("#kind", RequestKind.ACCESS)
    agent.press("#file button")
    agent.unfolds("#merge")
    agent.types("#other", DUPLICATE)
    agent.press("#merge button")
    agent.press("main form:has([name=confirmed]) button")
    assert agent.page.inner_text(".done") == "The numbers are one now."
    agent.finds("name", "Nimi7 Mäki")
    agent.press("form[action*=member] button")
    agent.unfolds("#deceased")
    agent.press("#deceased button")
    agent.press("main form:has([name=confirmed]) button")
    assert web_workspace.contact(DEAD)["deceased"]
    agent.press("form[action*=out] button")
    assert agent.heading == "Sign in"
    all_is_noted(web_workspace)


def all_is_noted(web_workspace: WebWorkspace) -> None:
    noted = [row[3] for row in web_workspace.ledger_dump()["audit"] if row[2] == "helmi"]
    assert noted == [
        "log_in", "find", "look_up", "change_choices", "change_contact", "file_request", "look_up", "merge",
        "find", "look_up", "mark",
    ]  # fmt: skip
    audit_seals.seal_all(web_workspace.engine.ledger, web_workspace.engine.signer, web_workspace.clock.time)
    with web_workspace.engine.ledger.read() as connection:
        assert audit_seals.verify(connection, web_workspace.engine.signer).fault is None
    sent = {to for to, _ in web_workspace.notices()}
    assert sent == {f"{AINO}@example.org", "uusi@example.org"}


def test_the_privacy_officer_answers_requests_and_tells_processors_by_keyboard_alone(
    web_workspace: WebWorkspace, agent: Agent
) -> None:
    run = web_workspace.run("texts")
    web_workspace.send(run)
    with web_workspace.engine.ledger.write() as connection:
        carried = {"provider": "twilio", "provider_ref": "SM0123456789abcdef0123456789abcdef"}
        connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**carried))
    for member, kind in ((AINO, RequestKind.ACCESS), (DUPLICATE, RequestKind.ERASE)):
        requests.file(web_workspace.engine, member, kind, requests.ConsentSource.WEB, "Kiitos")
    staff_accounts.add(web_workspace.engine, "oiva", [Role.PRIVACY_OFFICER], PASSWORD)
    agent.signs_in("oiva")
    agent.press("form[action*=requests] button")
    agent.keep_screenshot("desk-requests")
    agent.press("form[action*=erase] button")
    agent.press("main form:has([name=confirmed]) button")
    with pytest.raises(Exception, match="no member"):
        web_workspace.contact(DUPLICATE)
    agent.unfolds("form[action*=close]")
    agent.press("form[action*=close] button")
    agent.unfolds("form[action*=told]")
    agent.keep_screenshot("desk-processors")
    agent.chooses("select[name=answer]", ProcessorAnswer.HELD_NOTHING)
    agent.press("form[action*=told] button")
    assert agent.page.inner_text(".lead") == "Nothing waits"


def test_the_expert_reads_the_lines_of_one_day_by_keyboard_alone(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine, "elsa", [Role.DESK, Role.EXPERT], PASSWORD)
    agent.signs_in("elsa")
    agent.finds("number", AINO)
    agent.press("form[action*=member] button")
    agent.unfolds("#lines")
    for field in ("#first", "#last"):
        agent.tab_to(field)
        agent.page.fill(field, "2017-12-10")
    agent.types("#department", "food")
    agent.chooses("#purpose", "complaint")
    agent.types("#lines-case", "R-1")
    agent.press("#lines button")
    assert agent.page.locator("tbody tr, table tr").count() == 3
    agent.keep_screenshot("desk-lines")


@pytest.mark.parametrize("language", Language)
def test_the_desk_speaks_three_languages_and_is_read_in_the_dark(
    web_workspace: WebWorkspace, browser: Any, language: Language
) -> None:
    staff_accounts.add(web_workspace.engine, "helmi", [Role.DESK], PASSWORD)
    with Agent.of(web_workspace, browser, "dark") as agent:
        agent.signs_in("helmi", language)
        assert agent.page.get_attribute("html", "lang") == language
        agent.types("#typed", AINO)
        agent.chooses("#ground", "visit")
        agent.press("form[action*=find] button")
        agent.press("form[action*=member] button")
        for form in ("#choices", "#contact", "#file"):
            agent.unfolds(form)
        assert agent.page.locator("details[open]").count() == 3
