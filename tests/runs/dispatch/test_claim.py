"""What changes between plan and claim is heeded: the one who objects is not written to, and nobody else is instead."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from audiences.consent.suppressions import AddressKind
from campaigns.channels.outcome import Accepted, Outcome, Refused, RetryLater
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.operations.scheduler import Scheduler
from campaigns.runs.dispatch import control
from campaigns.store.runs.run_file_tables import RUN_FILE
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import MEMBERS, Village
from tests.support.scripted_provider import Wire, accept, wired

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
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

Change = Callable[[Village], None]
CHANGES: dict[str, tuple[str, Change, str]] = {
    "withdraws e-mail": (MARKETING, lambda v: v.say("m05", "email_own", on=False), "consent_withdrawn"),
    "withdraws SMS": (BY_SMS, lambda v: v.say("m05", "sms_own", on=False), "consent_withdrawn"),
    "wants no direct mail": (BY_POST, lambda v: v.say("m05", "no_direct_mail"), "objected_channel"),
    "wants no calls": (SURVEY, lambda v: v.say("m05", "no_surveys_or_phone"), "objected_channel"),
    "hides the address": (BY_POST, lambda v: v.say("m05", "address_secret"), "address_secret"),
    "is no owner any more": (OWNERS, lambda v: v.move("m05", register="customers"), "not_entitled"),
    "wants no marketing": (MARKETING, lambda v: v.say("m05", "no_marketing"), "not_processed"),
    "restricts processing": (MARKETING, lambda v: v.say("m05", "restricted"), "not_processed"),
    "dies": (MARKETING, lambda v: v.say("m05", "deceased"), "not_processed"),
    "is erased": (MARKETING, lambda v: v.erase("m05"), "not_processed"),
    "closes the purchase lines": (COFFEE, lambda v: v.say("m05", "no_purchase_detail"), "purchase_data_forbidden"),
    "has no e-mail address any more": (MARKETING, lambda v: v.move("m05", email=None), "no_address"),
    "has no number any more": (BY_SMS, lambda v: v.move("m05", phone=None), "no_address"),
    "has a fixed line now": (BY_SMS, lambda v: v.move("m05", phone="+35891234567"), "invalid_address"),
    "has moved nobody knows where": (BY_POST, lambda v: v.move("m05", street=None, address_key=None), "no_address"),
    "address bounces": (
        MARKETING,
        lambda v: v.suppress(AddressKind.EMAIL, "M05@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE),
        "suppressed",
    ),
    "number is blocked": (
        BY_SMS,
        lambda v: v.suppress(AddressKind.PHONE, "+358401230005", SkipReason.SUPPRESSED_MANUAL),
        "suppressed",
    ),
    "letter box is blocked": (
        BY_POST,
        lambda v: v.suppress(AddressKind.ADDRESS, "Kylätie 5, 00850 Kylä", SkipReason.SUPPRESSED_MANUAL),
        "suppressed",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_who_objects_after_the_plan_is_not_written_to_and_nobody_is_instead(village, what):
    campaign, change, reason = CHANGES[what]
    wire = wired(village, Wire())
    run = village.start("hi", campaign)
    planned = set(village.channels(run))
    assert "m05" in planned
    village.hands.go(minutes=1)
    change(village)
    assert village.send(run).closed
    assert village.ends(run)["m05"] == ("withdrawn", reason)
    assert "m05" not in wire.heard
    assert {member for member, (state, _) in village.ends(run).items() if state == "accepted"} == planned - {"m05"}
    village.balance(run)


def test_purchase_data_forbidden_touches_only_decisions_that_used_it(village):
    wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.say("m05", "no_purchase_detail")
    village.send(run)
    assert village.ends(run)["m05"] == ("accepted", None)


def test_suppression_of_marketing_does_not_stop_service(village):
    wired(village, Wire())
    run = village.start("hi", MARKETING.replace("marketing", "service"))
    village.suppress(AddressKind.EMAIL, "m05@example.org", SkipReason.SUPPRESSED_COMPLAINT, "marketing")
    village.suppress(AddressKind.EMAIL, "m06@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    village.send(run)
    assert village.ends(run)["m05"] == ("accepted", None)
    assert village.ends(run)["m06"] == ("withdrawn", "suppressed")


def test_a_withdrawal_promotes_nobody_else_of_the_address(village):
    village.move("m06", email="m05@example.org")
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING)
    assert village.skips(run) == {"m06": "address_dedup"}
    village.say("m05", "email_own", on=False)
    village.send(run)
    assert not {"m05", "m06"} & set(wire.heard)
    assert len(wire.heard) == len(MEMBERS) - 2


def test_the_message_goes_to_the_address_of_the_claim(village):
    addresses = []
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.move("m05", email="new@example.org", first_name="Uusi")
    wire.answer = lambda message: addresses.append((message.claimed.address, message.text)) or _accepted()
    village.send(run)
    (text,) = [text for address, text in addresses if address == "new@example.org"]
    assert text.startswith("Uusi ")
    assert "5.50" in text


def test_two_campaigns_cannot_both_take_the_last_message_of_a_cap(village):
    wire = wired(village, Wire())
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days, of: marketing}}\n"
    first, second = planned_together(village, capped)
    village.send(first)
    village.send(second)
    assert sorted(wire.heard) == sorted(MEMBERS)
    assert set(village.ends(second).values()) == {("withdrawn", "frequency_cap")}
    village.balance(second)


def test_what_was_refused_does_not_count_against_a_cap(village):
    wire = wired(village, Wire(lambda _: Refused(EndReason.PROVIDER_REJECTED, "no")))
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days, of: marketing}}\n"
    first, second = planned_together(village, capped)
    village.send(first)
    assert set(village.ends(first).values()) == {("refused", "provider_rejected")}
    wire.answer = lambda _: _accepted()
    village.send(second)
    assert set(village.ends(second).values()) == {("accepted", None)}


def test_pr10_the_owners_post_by_email_can_be_left_by_a_list_of_its_own(village):
    """Only who asked for it electronically gets it so, and one click is about it and no newsletter."""
    headers = []

    def answer(message) -> Outcome:
        headers.append(dict(message.headers))
        return accept(message)

    wire = wired(village, Wire(answer))
    electronic = ("m01", "m02")
    for member in electronic:
        village.say(member, "electronic_owner_post")
    run = village.start("post", OWNERS.replace("[post]", "[email]").replace("post: survey", "email: hello"))
    village.send(run)
    assert sorted(wire.heard) == [member for member in electronic if village.contact(member)["register"] == "owners"]
    assert wire.heard
    for each in headers:
        assert each["List-Id"].endswith("<owner_post.kyla.example.org>")
        assert each["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert each["List-Unsubscribe"].startswith("<http")


def test_pr11_returned_letters_end_paper_until_the_address_is_another(village):
    """The list of the print house is imported like any other; a planned letter is withdrawn, the next plan skips."""
    run = village.start("first", BY_POST)
    row = {"kind": "address", "value": "Kylätie 5, 00850 Kylä", "reason": "suppressed_invalid"}
    village.bring("suppressions", [{**row, "scope": "all", "at": "2018-01-01", "source": "returned mail"}])
    village.send(run)
    assert village.ends(run)["m05"] == ("withdrawn", "suppressed")
    village.hands.go(minutes=1)
    again, _ = village.plan("again", BY_POST)
    assert village.skips(again) == {"m05": "suppressed_invalid"}
    village.bring("members", [{**member_row(village, "m05"), "street": "Uusitie 1"}])
    village.hands.go(minutes=1)
    moved, _ = village.plan("moved", BY_POST)
    assert village.skips(moved) == {}


def member_row(village: Village, member: str) -> dict[str, object]:
    """A member as the register would tell of them again."""
    contact = village.contact(member)
    names = ("member_id", "register", "first_name", "language", "email", "phone", "street", "postal_code", "city")
    return {name: contact[name] for name in names} | {"bonus_last_month": 1}


@pytest.mark.parametrize(("channel", "campaign"), [(Channel.EMAIL, MARKETING), (Channel.POST, BY_POST)])
def test_a_paused_run_claims_nothing_and_a_resumed_one_goes_on(village, channel, campaign):
    wire = wired(village, Wire())
    run = village.start("hi", campaign)
    village.engine.hand(control.pause, run.run_id)
    village.send(run)
    assert village.balance(run) == {"pending": len(MEMBERS)}
    assert wire.heard == []
    village.engine.hand(control.resume, run.run_id)
    assert village.send(run).closed
    assert village.balance(run) == {"accepted": len(MEMBERS)}


@pytest.mark.parametrize("campaign", [MARKETING, BY_POST])
def test_a16_a_cancelled_run_sends_nothing_and_forgets_its_fields(village, campaign):
    wire = wired(village, Wire())
    run = village.start("hi", campaign)
    assert frozen(village, run)
    assert village.engine.hand(control.cancel, run.run_id) == len(MEMBERS)
    village.send(run)
    assert wire.heard == []
    assert set(village.ends(run).values()) == {("withdrawn", "cancelled")}
    Scheduler(village.engine).send()
    assert not frozen(village, run)


def frozen(village: Village, run: Run) -> bool:
    """Whether anything of the members is still kept for a run, in its folder or in a ledger that carries files."""
    if not village.engine.ledger.is_shared:
        return village.engine.run_files(run).fields.exists()
    kept = select(RUN_FILE.c.part).where(RUN_FILE.c.name == "fields", RUN_FILE.c.run_number == run.number)
    with village.engine.ledger.read() as connection:
        return connection.execute(kept).first() is not None


def test_a16_a_pause_in_the_middle_lets_what_is_under_way_end_and_claims_no_more(village):
    def answer(message):
        if len(wire.heard) == 3:
            village.engine.hand(control.pause, run.run_id)
        return _accepted()

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    counted = village.balance(run)
    assert counted["accepted"] == len(wire.heard) < len(MEMBERS)
    assert counted["accepted"] + counted["pending"] == len(MEMBERS)


def test_what_comes_back_to_a_cancelled_run_is_withdrawn(village):
    def answer(message):
        if village.state(run) == "sending":
            village.engine.hand(control.cancel, run.run_id)
        return RetryLater(5, "busy")

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    assert wire.heard
    assert set(village.ends(run).values()) == {("withdrawn", "cancelled")}
    village.balance(run)


def test_a_closed_run_keeps_its_definition_and_no_fields(village):
    wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.send(run)
    files = village.engine.run_files(run)
    assert village.state(run) == "closed"
    assert not files.fields.exists()
    assert (files.definition / "config/campaigns/hi.yaml").exists()


def planned_together(village: Village, campaign: str) -> list[Run]:
    """Two runs of which each was planned before the other was started."""
    planned = [village.plan(name, campaign)[0] for name in ("one", "two")]
    for run in planned:
        village.engine.start(run)
    return planned


def _accepted() -> Outcome:
    return Accepted("ref")
