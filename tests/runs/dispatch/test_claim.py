"""Changes between plan and claim: an objection withdraws the delivery and promotes no other member."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from audiences.consent.suppressions import AddressKind
from campaigns.channels.outcome import Accepted, Outcome, Refused, RetryLater
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.operations.scheduler import Scheduler
from campaigns.runs.dispatch import run_transitions
from campaigns.store.runs.run_file_tables import RUN_FILE
from campaigns.store.runs.run_tables import Run
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

BY_SMS = MARKETING.replace("[email]", "[sms]").replace("email: hello", "sms: hello")
BY_POST = MARKETING.replace("[email]", "[post]").replace("email: hello", "post: survey")
COFFEE = MARKETING.replace("{register: [owners, customers]}", "{bought: {where: {product_category: COFFEE}}}")
OWNERS = """\
purpose: owner_post
schedule: {at: "2018-01-05 10:30"}
audience: {register: owners}
channels: [post]
content: {post: survey}
"""
SURVEY = (
    MARKETING.replace("marketing", "survey")
    .replace("[email]", "[phone]")
    .replace("email: hello", "phone: survey_script")
)

Change = Callable[[SampleWorkspace], None]
CHANGES: dict[str, tuple[str, Change, str]] = {
    "withdraws e-mail": (
        MARKETING,
        lambda workspace: workspace.record_choices("m05", "email_own", on=False),
        "consent_withdrawn",
    ),
    "withdraws SMS": (
        BY_SMS,
        lambda workspace: workspace.record_choices("m05", "sms_own", on=False),
        "consent_withdrawn",
    ),
    "wants no direct mail": (
        BY_POST,
        lambda workspace: workspace.record_choices("m05", "no_direct_mail"),
        "objected_channel",
    ),
    "wants no calls": (
        SURVEY,
        lambda workspace: workspace.record_choices("m05", "no_surveys_or_phone"),
        "objected_channel",
    ),
    "hides the address": (
        BY_POST,
        lambda workspace: workspace.record_choices("m05", "address_secret"),
        "address_secret",
    ),
    "is no owner any more": (
        OWNERS,
        lambda workspace: workspace.change_contact("m05", register="customers"),
        "not_entitled",
    ),
    "wants no marketing": (
        MARKETING,
        lambda workspace: workspace.record_choices("m05", "no_marketing"),
        "not_processed",
    ),
    "restricts processing": (
        MARKETING,
        lambda workspace: workspace.record_choices("m05", "restricted"),
        "not_processed",
    ),
    "dies": (MARKETING, lambda workspace: workspace.record_choices("m05", "deceased"), "not_processed"),
    "is erased": (MARKETING, lambda workspace: workspace.erase("m05"), "not_processed"),
    "closes the purchase lines": (
        COFFEE,
        lambda workspace: workspace.record_choices("m05", "no_purchase_detail"),
        "purchase_data_forbidden",
    ),
    "has no e-mail address any more": (
        MARKETING,
        lambda workspace: workspace.change_contact("m05", email=None),
        "no_address",
    ),
    "has no number any more": (BY_SMS, lambda workspace: workspace.change_contact("m05", phone=None), "no_address"),
    "has a fixed line now": (
        BY_SMS,
        lambda workspace: workspace.change_contact("m05", phone="+35891234567"),
        "invalid_address",
    ),
    "has a number of another country now": (
        BY_SMS,
        lambda workspace: workspace.change_contact("m05", phone="+2482512345"),
        "country_not_served",
    ),
    "has a satellite telephone now": (
        BY_SMS,
        lambda workspace: workspace.change_contact("m05", phone="+88213123456"),
        "country_not_served",
    ),
    "has a premium-rate number now": (
        BY_SMS,
        lambda workspace: workspace.change_contact("m05", phone="+358600123456"),
        "invalid_address",
    ),
    "has moved to an unknown address": (
        BY_POST,
        lambda workspace: workspace.change_contact("m05", street=None, address_key=None),
        "no_address",
    ),
    "address bounces": (
        MARKETING,
        lambda workspace: workspace.suppress(AddressKind.EMAIL, "M05@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE),
        "suppressed",
    ),
    "number is blocked": (
        BY_SMS,
        lambda workspace: workspace.suppress(AddressKind.PHONE, "+358401230005", SkipReason.SUPPRESSED_MANUAL),
        "suppressed",
    ),
    "letter box is blocked": (
        BY_POST,
        lambda workspace: workspace.suppress(
            AddressKind.ADDRESS, "Kylätie 5, 00850 Kylä", SkipReason.SUPPRESSED_MANUAL
        ),
        "suppressed",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("change_name", CHANGES)
def test_objection_after_planning_withdraws_the_delivery(workspace, change_name):
    campaign, change, reason = CHANGES[change_name]
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", campaign)
    planned = set(workspace.channels(run))
    assert "m05" in planned
    workspace.clock.advance(minutes=1)
    change(workspace)
    assert workspace.send(run).closed
    assert workspace.end_states(run)["m05"] == ("withdrawn", reason)
    assert "m05" not in provider.received
    assert {member for member, (state, _) in workspace.end_states(run).items() if state == "accepted"} == planned - {
        "m05"
    }
    workspace.balance(run)


def test_purchase_data_forbidden_touches_only_decisions_that_used_it(workspace):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.record_choices("m05", "no_purchase_detail")
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("accepted", None)


def test_suppression_of_marketing_does_not_stop_service(workspace):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING.replace("marketing", "service"))
    workspace.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_COMPLAINT, "marketing")
    workspace.suppress(AddressKind.EMAIL, "m06@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("accepted", None)
    assert workspace.end_states(run)["m06"] == ("withdrawn", "suppressed")


def test_withdrawal_promotes_no_other_member_of_the_address(workspace):
    workspace.change_contact("m06", email="m05@example.org")
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    assert workspace.skips(run) == {"m06": "address_dedup"}
    workspace.record_choices("m05", "email_own", on=False)
    workspace.send(run)
    assert not {"m05", "m06"} & set(provider.received)
    assert len(provider.received) == len(MEMBERS) - 2


def test_message_goes_to_the_address_at_claim_time(workspace):
    addresses = []
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.change_contact("m05", email="new@example.org", first_name="Uusi")
    provider.answer = lambda message: addresses.append((message.claimed.address, message.text)) or _accepted()
    workspace.send(run)
    (text,) = [text for address, text in addresses if address == "new@example.org"]
    assert text.startswith("Uusi ")
    assert "5.50" in text


def test_two_campaigns_cannot_both_take_the_last_message_of_a_cap(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days, of: marketing}}\n"
    first, second = plan_both_then_start(workspace, capped)
    workspace.send(first)
    workspace.send(second)
    assert sorted(provider.received) == sorted(MEMBERS)
    assert set(workspace.end_states(second).values()) == {("withdrawn", "frequency_cap")}
    workspace.balance(second)


def test_refused_delivery_does_not_count_against_a_cap(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider(lambda _: Refused(EndReason.PROVIDER_REJECTED, "no")))
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days, of: marketing}}\n"
    first, second = plan_both_then_start(workspace, capped)
    workspace.send(first)
    assert set(workspace.end_states(first).values()) == {("refused", "provider_rejected")}
    provider.answer = lambda _: _accepted()
    workspace.send(second)
    assert set(workspace.end_states(second).values()) == {("accepted", None)}


def test_pr10_owner_post_by_email_has_its_own_unsubscribe_list(workspace):
    """Only members who chose electronic owner post get it; one click ends it and no newsletter."""
    headers = []

    def answer(message) -> Outcome:
        headers.append(dict(message.headers))
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    electronic = ("m01", "m02")
    for member in electronic:
        workspace.record_choices(member, "electronic_owner_post")
    run = workspace.start("post", OWNERS.replace("[post]", "[email]").replace("post: survey", "email: hello"))
    workspace.send(run)
    assert sorted(provider.received) == [
        member for member in electronic if workspace.contact(member)["register"] == "owners"
    ]
    assert provider.received
    for header in headers:
        assert header["List-Id"].endswith("<owner_post.kyla.example.org>")
        assert header["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert header["List-Unsubscribe"].startswith("<http")


def test_pr11_returned_letters_stop_post_until_the_address_changes(workspace):
    """The printer's list is a normal import: a planned letter is withdrawn, and the next plan skips the member."""
    run = workspace.start("first", BY_POST)
    row = {"kind": "address", "value": "Kylätie 5, 00850 Kylä", "reason": "suppressed_invalid"}
    workspace.import_rows("suppressions", [{**row, "scope": "all", "at": "2018-01-01", "source": "returned mail"}])
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("withdrawn", "suppressed")
    workspace.clock.advance(minutes=1)
    second, _ = workspace.plan("second", BY_POST)
    assert workspace.skips(second) == {"m05": "suppressed_invalid"}
    workspace.import_rows("members", [{**member_row(workspace, "m05"), "street": "Uusitie 1"}])
    workspace.clock.advance(minutes=1)
    moved, _ = workspace.plan("moved", BY_POST)
    assert workspace.skips(moved) == {}


def member_row(workspace: SampleWorkspace, member: str) -> dict[str, object]:
    """Return a member's row as the register exports it."""
    contact = workspace.contact(member)
    names = ("member_id", "register", "first_name", "language", "email", "phone", "street", "postal_code", "city")
    return {name: contact[name] for name in names} | {"bonus_last_month": 1}


@pytest.mark.parametrize(("channel", "campaign"), [(Channel.EMAIL, MARKETING), (Channel.POST, BY_POST)])
def test_a_paused_run_claims_nothing_and_a_resumed_one_goes_on(workspace, channel, campaign):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", campaign)
    workspace.engine.run_control.transition(run_transitions.pause, run.run_id)
    workspace.send(run)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    assert provider.received == []
    workspace.engine.run_control.transition(run_transitions.resume, run.run_id)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": len(MEMBERS)}


@pytest.mark.parametrize("campaign", [MARKETING, BY_POST])
def test_a16_cancelled_run_sends_nothing_and_deletes_its_fields(workspace, campaign):
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", campaign)
    assert has_frozen_fields(workspace, run)
    assert workspace.engine.run_control.transition(run_transitions.cancel, run.run_id) == len(MEMBERS)
    workspace.send(run)
    assert provider.received == []
    assert set(workspace.end_states(run).values()) == {("withdrawn", "cancelled")}
    Scheduler(workspace.engine).send()
    assert not has_frozen_fields(workspace, run)


def has_frozen_fields(workspace: SampleWorkspace, run: Run) -> bool:
    """Return whether members' frozen fields are still stored for a run, in its folder or in a shared ledger."""
    if not workspace.engine.context.ledger.is_shared:
        return workspace.engine.run_definitions.files(run).fields.exists()
    fields = select(RUN_FILE.c.part).where(RUN_FILE.c.name == "fields", RUN_FILE.c.run_number == run.number)
    with workspace.engine.context.ledger.read() as connection:
        return connection.execute(fields).first() is not None


def test_a16_pause_finishes_messages_under_way_and_claims_no_more(workspace):
    def answer(message):
        if len(provider.received) == 3:
            workspace.engine.run_control.transition(run_transitions.pause, run.run_id)
        return _accepted()

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    balance = workspace.balance(run)
    assert balance["accepted"] == len(provider.received) < len(MEMBERS)
    assert balance["accepted"] + balance["pending"] == len(MEMBERS)


def test_retry_of_a_cancelled_run_is_withdrawn(workspace):
    def answer(message):
        if workspace.state(run) == "sending":
            workspace.engine.run_control.transition(run_transitions.cancel, run.run_id)
        return RetryLater(5, "busy")

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert provider.received
    assert set(workspace.end_states(run).values()) == {("withdrawn", "cancelled")}
    workspace.balance(run)


def test_a_closed_run_keeps_its_definition_and_no_fields(workspace):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    files = workspace.engine.run_definitions.files(run)
    assert workspace.state(run) == "closed"
    assert not files.fields.exists()
    assert (files.definition / "config/campaigns/hi.yaml").exists()


def plan_both_then_start(workspace: SampleWorkspace, campaign: str) -> list[Run]:
    """Plan two runs, then start both."""
    planned = [workspace.plan(name, campaign)[0] for name in ("one", "two")]
    for run in planned:
        workspace.engine.run_control.start(run)
    return planned


def _accepted() -> Outcome:
    return Accepted("ref")
