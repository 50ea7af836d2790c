"""Service desk in a browser by keyboard alone: a call, a duplicate, a death, a request and a complaint.

axe-core checks every page on the way.
"""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind
from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.desk.caller_identity import draw_questions
from campaigns.people.privacy import requests
from campaigns.store.people import audit_seals
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.browser import DESKTOP_SIZE, PHONE_SIZE, BrowserUser, needs_browser
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

    def find_member(self, typed: str, ground: str = "visit") -> None:
        """Search by keyboard: the reason stays chosen after the first time."""
        self.open_page("/desk?lang=en")
        if not self.page.is_checked(f"#ground-{ground}"):
            self.tab_to("[name=ground]")
            self.page.focus(f"#ground-{ground}")
            self.page.keyboard.press("Space")
        self.type_text("#typed", typed)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.check_page()

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
    agent.find_member("040 123 0001")
    agent.check_caller()
    assert agent.heading == "Nimi1 Mäki"
    agent.tick(Choice.TRACKING)
    agent.tick(Choice.SMS_OWN)
    agent.keep_screenshot("desk-member")
    agent.press("#choices button")
    assert {(entry.choice, entry.on, entry.agent) for entry in web_workspace.record()} == {
        ("tracking", True, "helmi"), ("sms_own", False, "helmi")
    }  # fmt: skip
    agent.unfold("#contact")
    agent.tab_to("#new-email")
    agent.page.keyboard.press("Control+A")
    agent.page.keyboard.type("uusi@example.org")
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
    assert agent.page.evaluate("(wide => wide.scrollWidth <= wide.clientWidth)(document.querySelector('.wide'))")
    agent.press("main form:has([name=confirmed]) button")
    assert agent.page.inner_text(".done") == "The numbers are one now."
    agent.find_member("Nimi7 Mäki")
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
        "log_in", "look_up", "caller_check", "change_choices", "change_contact", "file_request", "look_up", "merge",
        "look_up", "caller_check", "mark",
    ]  # fmt: skip
    audit_seals.seal_all(
        web_workspace.engine.context.ledger, web_workspace.engine.context.signer, web_workspace.clock.time
    )
    with web_workspace.engine.context.ledger.read() as connection:
        assert audit_seals.verify(connection, web_workspace.engine.context.signer).fault is None
    recipients = {to for to, _ in web_workspace.notices()}
    duplicate = {"m06@example.org", "+358401230006"}  # is told of the merge, and may refuse it
    assert recipients == {f"{AINO}@example.org", "uusi@example.org"} | duplicate


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
    agent.find_member(AINO)
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
        agent.keep_screenshot(f"desk-home-{language}-dark")
        agent.page.focus("#ground-visit")
        agent.page.keyboard.press("Space")
        agent.type_text("#typed", AINO)
        agent.press("#find button")
        agent.keep_screenshot(f"desk-check-{language}")
        agent.check_caller()
        agent.keep_screenshot(f"desk-member-{language}-dark")
        for form in ("#contact", "#file"):
            agent.unfold(form)
        agent.unfold("kbd")
        assert agent.page.locator("details[open]").count() == 3
        agent.unfold("#deceased")
        agent.press("#deceased button")


@pytest.mark.parametrize("size", [PHONE_SIZE, DESKTOP_SIZE], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", Language)
def test_from_typing_to_the_saved_choice_takes_three_presses(
    web_workspace: WebWorkspace, agent: Agent, language: Language, size: dict[str, int]
) -> None:
    staff_accounts.add(web_workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    agent.desktop(size)
    agent.sign_in("helmi", language)
    page = agent.page
    for member in (AINO, MEMBERS[1]):  # the reason stays chosen for the next caller
        page.goto(f"{agent.address}/desk?lang={language}")
        if member == AINO:
            page.click("#ground-call")
        assert page.is_checked("#ground-call")
        page.click("#typed")
        page.keyboard.type(web_workspace.contact(member)["phone"])
        page.keyboard.press("Enter")
        for name, answer in answers_of(web_workspace, member).items():
            page.fill(f"#answer-{name}", answer)
        presses = (
            partial(page.keyboard.press, "Enter"),
            partial(page.click, 'input[value="sms_own"]'),
            partial(page.click, "#choices button"),
        )
        for press in presses:
            press()
        page.wait_for_selector(".done")
        assert [entry.choice for entry in web_workspace.record(member)] == ["sms_own"]
        assert len(presses) <= 3
    agent.keep_screenshot(f"desk-saved-{language}-{size['width']}")


def test_a_caller_who_wants_less_is_served_by_two_presses(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    agent.sign_in("helmi")
    agent.page.click("#ground-call")
    agent.page.fill("#typed", web_workspace.contact(AINO)["phone"])
    for selector in ("#find button", '#stop button[value="email_own"]'):
        agent.page.click(selector)
    agent.page.wait_for_selector(".done")
    assert [(entry.choice, entry.on) for entry in web_workspace.record()] == [("email_own", False)]


def test_back_and_reload_work_without_sending_a_form_again(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine.context, "helmi", [Role.DESK], PASSWORD)
    agent.sign_in("helmi")
    page = agent.page
    agent.find_member(AINO)
    agent.check_caller()
    member_page = page.url
    page.click("summary[accesskey=y]")
    page.fill("#new-email", "no address")
    page.click("#contact button")
    assert page.input_value("#new-email") == "no address"
    assert page.evaluate("document.activeElement.id") == "new-email"
    agent.check_page()
    agent.keep_screenshot("desk-wrong-field")
    audited = len(web_workspace.ledger_dump()["audit"])
    page.reload()
    assert page.input_value("#new-email") == "no address"
    page.goto(f"{agent.address}/desk?lang=en")
    page.go_back()
    assert page.url == member_page
    assert agent.heading == "Nimi1 Mäki"
    assert len(web_workspace.ledger_dump()["audit"]) == audited


@pytest.mark.parametrize("language", Language)
def test_desk_pages_reflow_at_320_pixels_with_targets_of_24(
    web_workspace: WebWorkspace, agent: Agent, language: Language
) -> None:
    staff_accounts.add(web_workspace.engine.context, "oiva", [Role.PRIVACY_OFFICER], PASSWORD)
    requests.file(web_workspace.engine.context, AINO, RequestKind.ACCESS, requests.ConsentSource.WEB, "Kiitos")
    agent.sign_in("oiva", language)
    page = agent.page
    for name, selector in (
        ("home", None),
        ("member", "#find button"),
        ("queue", "[accesskey=q]"),
        ("audit", "[accesskey=g]"),
    ):
        if selector == "#find button":
            page.click("#ground-call")
            page.fill("#typed", MEMBERS[2])
        if selector:
            page.click(selector)
        for summary in page.locator("summary").all():
            summary.click()
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate(SMALL_TARGETS) == [], name
        agent.keep_screenshot(f"desk-{name}-{language}")
        page.set_viewport_size(PHONE_SIZE)
        agent.check_page()
        if os.environ.get("VIESTI_PICTURES"):
            page.screenshot(path=f"{os.environ['VIESTI_PICTURES']}/desk-{name}-{language}-phone.png", full_page=True)


def answers_of(web_workspace: WebWorkspace, member: str) -> dict[str, str]:
    """Return what the member answers to the questions of the caller check."""
    known = {**web_workspace.contact(member), "birth_date": f"{member[1:]}.01.19{50 + int(member[1:])}"}
    questions = draw_questions(web_workspace.engine.context, member, with_purchases=False)
    return {question.name: known[question.name] for question in questions}


SMALL_TARGETS = """
    [...document.querySelectorAll("main a, main button, main summary, main select, main input:not([type=hidden])")]
        .map(each => each.labels?.length && /checkbox|radio/.test(each.type) ? each.closest(".choice, .reason") : each)
        .filter(each => {
            const {width, height} = each.getBoundingClientRect();
            const inline = getComputedStyle(each).display == "inline" && each.closest("p, h2");
            return !inline && width && (width < 24 || height < 24);
        })
        .map(each => each.outerHTML.slice(0, 120))
"""


def test_the_audit_page_is_searched_verified_and_paged(web_workspace: WebWorkspace, agent: Agent) -> None:
    staff_accounts.add(web_workspace.engine.context, "oiva", [Role.PRIVACY_OFFICER], PASSWORD)
    agent.sign_in("oiva")
    agent.find_member(AINO)
    agent.press("[accesskey=g]")
    agent.type_text("#subject", AINO)
    agent.press("#audit-search button")
    assert agent.page.locator("table.audit tr").count() == 3  # the head, the look-up and the search itself
    agent.keep_screenshot("desk-audit")
    agent.unfold("#verify")
    agent.press("#verify button")
    assert "The chain is whole" in agent.page.inner_text(".done")
    agent.keep_screenshot("desk-audit-verified")
