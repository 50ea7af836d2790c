"""Service desk in a browser by keyboard alone: a call, a duplicate, a death, a request and a complaint.

axe-core checks every page on the way.
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
DUPLICATE, DECEASED = MEMBERS[5], MEMBERS[6]


class Agent(BrowserUser):
    """Desk agent who works by keyboard."""

    def type_text(self, selector: str, text: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def sign_in(self, name: str, language: Language = Language.EN) -> None:
        self.open_page(f"/desk?lang={language}")
        self.type_text("#name", name)
        self.type_text("#password", PASSWORD)
        self.press("main form button")

    def find_member(self, by: str, typed: str, ground: str = "call") -> None:
        self.open_page("/desk?lang=en")
        self.choose("#by", by)
        self.type_text("#typed", typed)
        self.choose("#ground", ground)
        self.press("form[action*=find] button")
        self.keep_screenshot("desk-found")

    def choose(self, selector: str, value: str) -> None:
        """Press the down arrow until an option is selected."""
        self.tab_to(selector)
        for _ in range(12):
            if self.page.input_value(selector) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not among the options of {selector}")

    def check_caller(self) -> None:
        """Check the caller by an identity document."""
        self.keep_screenshot("desk-check")
        self.choose("#document-kind", "passport")
        self.press("#document button")

    def unfold(self, form: str) -> None:
        self.tab_to(f"details:has({form}) > summary")
        self.page.keyboard.press("Enter")
        self.check_page()


@pytest.fixture
def agent(browser: Any, web_workspace: WebWorkspace) -> Iterator[Agent]:
    with Agent.of(web_workspace, browser) as agent:
        yield agent


def test_an_agent_works_by_keyboard_alone(web_workspace: WebWorkspace, agent: Agent) -> None:
    aino = web_workspace.contact(AINO)
    born = {"member_id": DUPLICATE, "register": "owners", "birth_date": "1951-01-01"}
    web_workspace.import_rows("members", [born])
    web_workspace.change_contact(DUPLICATE, **{name: aino[name] for name in ("street", "postal_code", "address_key")})
    staff_accounts.add(web_workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    agent.sign_in("helmi")
    agent.keep_screenshot("desk-find")
    agent.find_member("phone", "040 123 0001")
    agent.press("form[action*=member] button")
    agent.check_caller()
    assert agent.heading == "Nimi1 Mäki"
    agent.unfold("#choices")
    agent.tick(Choice.TRACKING)
    agent.tick(Choice.SMS_OWN)
    agent.keep_screenshot("desk-member")
    agent.press("#choices button")
    assert {(entry.choice, entry.on, entry.agent) for entry in web_workspace.record()} == {
        ("tracking", True, "helmi"), ("sms_own", False, "helmi")
    }  # fmt: skip
    agent.unfold("#contact")
    agent.type_text("#new-email", "uusi@example.org")
    agent.press("#contact button")
    assert web_workspace.contact(AINO)["email"] == "uusi@example.org"
    agent.keep_screenshot("desk-unproven")
    agent.unfold("#file")
    agent.choose("#kind", RequestKind.ACCESS)
    agent.press("#file button")
    agent.unfold("#merge")
    agent.type_text("#other", DUPLICATE)
    agent.press("#merge button")
    agent.keep_screenshot("desk-merge")
    agent.press("main form:has([name=confirmed]) button")
    assert agent.page.inner_text(".done") == "The numbers are one now."
    agent.find_member("name", "Nimi7 Mäki")
    agent.press("form[action*=member] button")
    agent.check_caller()
    agent.unfold("#deceased")
    agent.press("#deceased button")
    agent.press("main form:has([name=confirmed]) button")
    assert web_workspace.contact(DECEASED)["deceased"]
    agent.press("form[action*=out] button")
    assert agent.heading == "Sign in"
    check_audit_log(web_workspace)


def check_audit_log(web_workspace: WebWorkspace) -> None:
    actions = [row[3] for row in web_workspace.ledger_dump()["audit"] if row[2] == "helmi"]
    assert actions == [
        "log_in", "find", "look_up", "caller_check", "change_choices", "change_contact", "file_request", "look_up",
        "merge", "find", "look_up", "caller_check", "mark",
    ]  # fmt: skip
    audit_seals.seal_all(
        web_workspace.engine.context.ledger, web_workspace.engine.context.signer, web_workspace.clock.time
    )
    with web_workspace.engine.context.ledger.read() as connection:
        assert audit_seals.verify(connection, web_workspace.engine.context.signer).fault is None
    recipients = {to for to, _ in web_workspace.notices()}
    assert recipients == {f"{AINO}@example.org", "uusi@example.org", "+358401230006"}  # the duplicate's number


def test_the_privacy_officer_handles_requests_and_processor_tasks_by_keyboard_alone(
    web_workspace: WebWorkspace, agent: Agent
) -> None:
    run = web_workspace.run("texts")
    web_workspace.send(run)
    with web_workspace.engine.context.ledger.write() as connection:
        delivery_values = {"provider": "twilio", "provider_ref": "SM0123456789abcdef0123456789abcdef"}
        connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**delivery_values))
    for member, kind in ((AINO, RequestKind.ACCESS), (DUPLICATE, RequestKind.ERASE)):
        requests.file(web_workspace.engine.context, member, kind, requests.ConsentSource.WEB, "Kiitos")
    staff_accounts.add(web_workspace.engine.context, "oiva", [Role.PRIVACY_OFFICER], PASSWORD)
    agent.sign_in("oiva")
    agent.press("form[action*=requests] button")
    agent.keep_screenshot("desk-requests")
    agent.press("form[action*=erase] button")
    agent.press("main form:has([name=confirmed]) button")
    with pytest.raises(Exception, match="no member"):
        web_workspace.contact(DUPLICATE)
    agent.unfold("form[action*=close]")
    agent.press("form[action*=close] button")
    agent.unfold("form[action*=told]")
    agent.keep_screenshot("desk-processors")
    agent.choose("select[name=answer]", ProcessorAnswer.HELD_NOTHING)
    agent.press("form[action*=told] button")
    assert agent.page.inner_text(".lead") == "Nothing waits"


def test_the_expert_reads_purchase_lines_by_keyboard_alone(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine.context, "elsa", [Role.DESK, Role.EXPERT], PASSWORD)
    agent.sign_in("elsa")
    agent.find_member("number", AINO)
    agent.press("form[action*=member] button")
    agent.check_caller()
    agent.unfold("#lines")
    for field in ("#first", "#last"):
        agent.tab_to(field)
        agent.page.fill(field, "2017-12-10")
    agent.type_text("#department", "food")
    agent.choose("#purpose", "complaint")
    agent.type_text("#lines-case", "R-1")
    agent.press("#lines button")
    assert agent.page.locator("tbody tr, table tr").count() == 3
    agent.keep_screenshot("desk-lines")


@pytest.mark.parametrize("language", Language)
def test_the_desk_works_in_three_languages_and_dark_mode(
    web_workspace: WebWorkspace, browser: Any, language: Language
) -> None:
    staff_accounts.add(web_workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    with Agent.of(web_workspace, browser, "dark") as agent:
        agent.sign_in("helmi", language)
        assert agent.page.get_attribute("html", "lang") == language
        agent.type_text("#typed", AINO)
        agent.choose("#ground", "visit")
        agent.press("form[action*=find] button")
        agent.press("form[action*=member] button")
        agent.keep_screenshot(f"desk-check-{language}")
        agent.check_caller()
        for form in ("#choices", "#contact", "#file"):
            agent.unfold(form)
        assert agent.page.locator("details[open]").count() == 3
