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
from tests.support.browser import IN_A_BROWSER, Visitor
from tests.support.sample_workspace import MEMBERS
from tests.support.web_client import AINO, Town

pytestmark = IN_A_BROWSER

PASSWORD = "neljä sanaa on hyvä"
DUPLICATE, DEAD = MEMBERS[5], MEMBERS[6]


class Agent(Visitor):
    """An agent at a keyboard."""

    def types(self, selector: str, text: str) -> None:
        self.tabs_to(selector)
        self.page.keyboard.type(text)

    def signs_in(self, name: str, language: Language = Language.EN) -> None:
        self.goes(f"/desk?lang={language}")
        self.types("#name", name)
        self.types("#password", PASSWORD)
        self.presses("main form button")

    def finds(self, by: str, typed: str, ground: str = "call") -> None:
        self.goes("/desk?lang=en")
        self.chooses("#by", by)
        self.types("#typed", typed)
        self.chooses("#ground", ground)
        self.presses("form[action*=find] button")
        self.keeps("desk-found")

    def chooses(self, selector: str, value: str) -> None:
        """Arrow down to an option."""
        self.tabs_to(selector)
        for _ in range(12):
            if self.page.input_value(selector) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not among the options of {selector}")

    def unfolds(self, form: str) -> None:
        self.tabs_to(f"details:has({form}) > summary")
        self.page.keyboard.press("Enter")
        self.looks()


@pytest.fixture
def agent(browser: Any, town: Town) -> Iterator[Agent]:
    with Agent.of(town, browser) as agent:
        yield agent


def test_an_agents_day_by_keyboard_alone(town: Town, agent: Agent) -> None:
    staff_accounts.add(town.engine, "helmi", [Role.DESK], PASSWORD)
    agent.signs_in("helmi")
    agent.keeps("desk-find")
    agent.finds("phone", "040 123 0001")
    agent.presses("form[action*=member] button")
    assert agent.heading == "Nimi1 Mäki"
    agent.unfolds("#choices")
    agent.ticks(Choice.TRACKING)
    agent.ticks(Choice.SMS_OWN)
    agent.keeps("desk-member")
    agent.presses("#choices button")
    assert {(entry.choice, entry.on, entry.agent) for entry in town.record()} == {
        ("tracking", True, "helmi"), ("sms_own", False, "helmi")
    }  # fmt: skip
    agent.unfolds("#contact")
    agent.types("#new-email", "uusi@example.org")
    agent.presses("#contact button")
    assert town.contact(AINO)["email"] == "uusi@example.org"
    agent.unfolds("#file")
    agent.chooses("#kind", RequestKind.ACCESS)
    agent.presses("#file button")
    agent.unfolds("#merge")
    agent.types("#other", DUPLICATE)
    agent.presses("#merge button")
    agent.presses("main form:has([name=confirmed]) button")
    assert agent.page.inner_text(".done") == "The numbers are one now."
    agent.finds("name", "Nimi7 Mäki")
    agent.presses("form[action*=member] button")
    agent.unfolds("#deceased")
    agent.presses("#deceased button")
    agent.presses("main form:has([name=confirmed]) button")
    assert town.contact(DEAD)["deceased"]
    agent.presses("form[action*=out] button")
    assert agent.heading == "Sign in"
    all_is_noted(town)


def all_is_noted(town: Town) -> None:
    noted = [row[3] for row in town.everything()["audit"] if row[2] == "helmi"]
    assert noted == [
        "log_in", "find", "look_up", "change_choices", "change_contact", "file_request", "look_up", "merge",
        "find", "look_up", "mark",
    ]  # fmt: skip
    audit_seals.seal_all(town.engine.ledger, town.engine.signer, town.hands.at)
    with town.engine.ledger.read() as connection:
        assert audit_seals.verify(connection, town.engine.signer).fault is None
    sent = {to for to, _ in town.notes()}
    assert sent == {f"{AINO}@example.org", "uusi@example.org"}


def test_the_privacy_officer_answers_requests_and_tells_processors_by_keyboard_alone(town: Town, agent: Agent) -> None:
    run = town.run("texts")
    town.send(run)
    with town.engine.ledger.write() as connection:
        carried = {"provider": "twilio", "provider_ref": "SM0123456789abcdef0123456789abcdef"}
        connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**carried))
    for member, kind in ((AINO, RequestKind.ACCESS), (DUPLICATE, RequestKind.ERASE)):
        requests.file(town.engine, member, kind, requests.ConsentSource.WEB, "Kiitos")
    staff_accounts.add(town.engine, "oiva", [Role.PRIVACY_OFFICER], PASSWORD)
    agent.signs_in("oiva")
    agent.presses("form[action*=requests] button")
    agent.keeps("desk-requests")
    agent.presses("form[action*=erase] button")
    agent.presses("main form:has([name=confirmed]) button")
    with pytest.raises(Exception, match="no member"):
        town.contact(DUPLICATE)
    agent.unfolds("form[action*=close]")
    agent.presses("form[action*=close] button")
    agent.unfolds("form[action*=told]")
    agent.keeps("desk-processors")
    agent.chooses("select[name=answer]", ProcessorAnswer.HELD_NOTHING)
    agent.presses("form[action*=told] button")
    assert agent.page.inner_text(".lead") == "Nothing waits"


def test_the_expert_reads_the_lines_of_one_day_by_keyboard_alone(town: Town, agent: Agent) -> None:
    staff_accounts.add(town.engine, "elsa", [Role.DESK, Role.EXPERT], PASSWORD)
    agent.signs_in("elsa")
    agent.finds("number", AINO)
    agent.presses("form[action*=member] button")
    agent.unfolds("#lines")
    for field in ("#first", "#last"):
        agent.tabs_to(field)
        agent.page.fill(field, "2017-12-10")
    agent.types("#department", "food")
    agent.chooses("#purpose", "complaint")
    agent.types("#lines-case", "R-1")
    agent.presses("#lines button")
    assert agent.page.locator("tbody tr, table tr").count() == 3
    agent.keeps("desk-lines")


@pytest.mark.parametrize("language", Language)
def test_the_desk_speaks_three_languages_and_is_read_in_the_dark(town: Town, browser: Any, language: Language) -> None:
    staff_accounts.add(town.engine, "helmi", [Role.DESK], PASSWORD)
    with Agent.of(town, browser, "dark") as agent:
        agent.signs_in("helmi", language)
        assert agent.page.get_attribute("html", "lang") == language
        agent.types("#typed", AINO)
        agent.chooses("#ground", "visit")
        agent.presses("form[action*=find] button")
        agent.presses("form[action*=member] button")
        for form in ("#choices", "#contact", "#file"):
            agent.unfolds(form)
        assert agent.page.locator("details[open]").count() == 3
