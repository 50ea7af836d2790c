"""Every skip reason can occur, and a skip carries exactly one (A-04, A-05)."""

from collections.abc import Callable

import pytest

from audiences.consent.suppressions import AddressKind
from campaigns.core.model.reasons import SkipReason
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

HEAD = """\
purpose: {purpose}
schedule: {{at: "2018-01-05 10:30"}}
audience: {{register: [owners, customers]}}
channels: [{channel}]
content: {{{channel}: {template}}}
"""
MARKETING = HEAD.format(purpose="marketing", channel="email", template="hello")
BY_SMS = HEAD.format(purpose="marketing", channel="sms", template="hello")
BY_POST = HEAD.format(purpose="marketing", channel="post", template="survey")
MAGAZINE = HEAD.format(purpose="magazine", channel="post", template="survey")
VARIANTS = MARKETING.replace(
    "content: {email: hello}", "variants: [{name: families, when: {household_size: {at_least: 2}}, email: hello}]"
)


def _suppressed(reason: SkipReason) -> Callable[[SampleWorkspace], None]:
    return lambda workspace: workspace.suppress(AddressKind.EMAIL, "m05@example.org", reason)


def _send_earlier_message(workspace: SampleWorkspace) -> None:
    with_scripted_provider(workspace, ScriptedProvider())
    workspace.write_campaign(
        "before", MARKETING.replace("{register: [owners, customers]}", "{all: [{region: Lappi}, {age: 62}]}")
    )
    run, _ = workspace.plan("before")
    assert list(workspace.channels(run)) == ["m05"]
    workspace.engine.run_control.start(run)
    workspace.send(run)
    workspace.clock.advance(hours=1)


def _no_change(_workspace: SampleWorkspace) -> None:
    """Change nothing: the campaign alone causes the skip."""


# Campaign and change that cause each reason for m05, which gets a message otherwise.
CAUSES: dict[SkipReason, tuple[str, Callable[[SampleWorkspace], None]]] = {
    SkipReason.MISSING_VARIANT: (
        VARIANTS,
        lambda workspace: workspace.import_rows("members", [_row("m05", household_size=1)]),
    ),
    SkipReason.AGE_RESTRICTED: (
        MARKETING,
        lambda workspace: workspace.import_rows("members", [_row("m05", birth_date="2010-01-01")]),
    ),
    SkipReason.NO_ADDRESS: (MARKETING, lambda workspace: workspace.change_contact("m05", email=None)),
    SkipReason.INVALID_ADDRESS: (BY_SMS, lambda workspace: workspace.change_contact("m05", phone="+35891234567")),
    SkipReason.COUNTRY_NOT_SERVED: (BY_SMS, lambda workspace: workspace.change_contact("m05", phone="+46701234567")),
    SkipReason.NO_CONSENT: (
        HEAD.format(purpose="newsletter\nnewsletter: food", channel="email", template="hello"),
        lambda workspace: [
            workspace.record_choices(member, "newsletter:food") for member in MEMBERS if member != "m05"
        ],
    ),
    SkipReason.CONSENT_WITHDRAWN: (MARKETING, lambda workspace: workspace.record_choices("m05", "email_own", on=False)),
    SkipReason.OBJECTED_CHANNEL: (BY_POST, lambda workspace: workspace.record_choices("m05", "no_direct_mail")),
    SkipReason.NOT_ENTITLED: (
        MAGAZINE,
        lambda workspace: workspace.import_rows("members", [_row("m05", register="customers")]),
    ),
    SkipReason.ADDRESS_SECRET: (BY_POST, lambda workspace: workspace.record_choices("m05", "address_secret")),
    SkipReason.SUPPRESSED_HARD_BOUNCE: (MARKETING, _suppressed(SkipReason.SUPPRESSED_HARD_BOUNCE)),
    SkipReason.SUPPRESSED_COMPLAINT: (MARKETING, _suppressed(SkipReason.SUPPRESSED_COMPLAINT)),
    SkipReason.SUPPRESSED_INVALID: (MARKETING, _suppressed(SkipReason.SUPPRESSED_INVALID)),
    SkipReason.SUPPRESSED_MANUAL: (MARKETING, _suppressed(SkipReason.SUPPRESSED_MANUAL)),
    SkipReason.ADDRESS_DEDUP: (MARKETING, lambda workspace: workspace.change_contact("m05", email="m01@example.org")),
    SkipReason.HOUSEHOLD_DEDUP: (
        BY_POST + "one_per: household\n",
        lambda workspace: workspace.import_rows(
            "members", [_row(member, household_id="together") for member in ("m02", "m05")]
        ),
    ),
    SkipReason.HOLDOUT_GLOBAL: (MARKETING, lambda workspace: workspace.add_setting("holdout: 15 percent")),
    SkipReason.HOLDOUT_CAMPAIGN: (MARKETING + "holdout: 100 percent\n", _no_change),
    SkipReason.FREQUENCY_CAP: (
        MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days}}\n",
        _send_earlier_message,
    ),
    SkipReason.TOO_FEW_OFFERS: (
        MARKETING.replace("hello", "offers") + "offers: {product_category: [BREAD], at_least: 2}\n",
        _no_change,
    ),
}


def _row(member: str, **columns: object) -> dict[str, object]:
    return {"member_id": member, "register": "owners", **columns}


@pytest.mark.parametrize("reason", SkipReason)
def test_every_skip_reason_occurs(workspace, reason):
    campaign, change = CAUSES[reason]
    change(workspace)
    run, plan_counts = workspace.plan("hi", campaign)
    skips = workspace.skips(run)
    assert skips.get("m05") == reason.value or reason is SkipReason.HOLDOUT_GLOBAL  # its members are drawn by chance
    assert plan_counts.skips[reason] == list(skips.values()).count(reason.value) >= 1
    _check_one_reason_per_skip(workspace, run, plan_counts)


@pytest.mark.long
@pytest.mark.parametrize("reason", sorted(CAUSES))
def test_no_skip_occurs_without_its_cause(workspace, reason):
    campaign, _ = CAUSES[reason]
    if reason is SkipReason.NO_CONSENT:
        workspace.record_choices("m05", "newsletter:food")
    if reason is SkipReason.HOLDOUT_CAMPAIGN:
        campaign = campaign.replace("100 percent", "0 percent")
    if reason is SkipReason.TOO_FEW_OFFERS:
        campaign = campaign.replace("at_least: 2", "at_least: 1")
    if reason is SkipReason.MISSING_VARIANT:
        workspace.import_rows("members", [_row("m05", household_size=2)])
    run, plan_counts = workspace.plan("hi", campaign)
    assert workspace.decisions(run)["m05"]["kind"] == "send"
    _check_one_reason_per_skip(workspace, run, plan_counts)


def _check_one_reason_per_skip(workspace, run, plan_counts):
    decisions = workspace.decisions(run)
    assert plan_counts.matched == len(decisions) == plan_counts.sent + plan_counts.skipped
    for decision in decisions.values():
        assert (decision["reason"] is None) == (decision["kind"] == "send")
        assert decision["reason"] is None or decision["reason"] in set(SkipReason)
    assert sum(plan_counts.sends.values()) == sum(plan_counts.variants.values()) == len(workspace.deliveries(run))
