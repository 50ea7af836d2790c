"""Warnings of a plan: nobody, no offers, a sudden change, and members of another campaign of the day."""

from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import and_, update

from campaigns.runs.dispatch import run_transitions
from campaigns.store.runs.run_tables import DELIVERY, RUN, Run
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
NOBODY: Final = CAMPAIGN.replace("{register: [owners, customers]}", "{age: {from: 150}}")
CUSTOMERS: Final = CAMPAIGN.replace("[owners, customers]", "customers")
OFFERS: Final = CAMPAIGN.replace("email: hello", "email: offers")
NO_OFFERS: Final = "offers: {department: [COSMETICS]}\n"


def warnings(workspace: SampleWorkspace, run: Run) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in workspace.engine.queries.plan_warnings(run)]


def set_sends(workspace: SampleWorkspace, run: Run, number: int, **values: object) -> Run:
    """Change the stored number of sends of a run."""
    with workspace.engine.context.ledger.write() as connection:
        counts = {**run.counts, "sends": {"email": number}, "variants": {"everyone": number}}
        connection.execute(update(RUN).where(RUN.c.number == run.number).values(counts=counts, **values))
    return workspace.engine.queries.run(run.run_id)


def ask_for_offers_in_template(workspace: SampleWorkspace) -> None:
    """Let the template ask whether there are any offers."""
    for file in (workspace.root / "templates" / "email" / "offers").glob("body.*"):
        text = file.read_text("utf-8").replace("{% for", "{% if offers %}{% for")
        file.write_text(text.replace("endfor %}", "endfor %}{% endif %}"), "utf-8")


def test_plan_without_anything_odd_has_no_warning(workspace: SampleWorkspace) -> None:
    assert warnings(workspace, workspace.plan("hi", CAMPAIGN)[0]) == []


def test_plan_of_nobody_says_that_no_member_matches(workspace: SampleWorkspace) -> None:
    run, _ = workspace.plan("hi", NOBODY)
    assert warnings(workspace, run) == [("nobody", "nobody gets this: no member matches the audience")]


def test_plan_of_nobody_says_why_most_are_skipped(workspace: SampleWorkspace) -> None:
    for member in MEMBERS:
        workspace.record_choices(member, "email_own", on=False)
    run, _ = workspace.plan("ho", CAMPAIGN)
    message = "nobody gets this: all 24 members who match are skipped, 24 as `consent_withdrawn`"
    assert warnings(workspace, run) == [("nobody", message)]


def test_plan_says_how_many_members_would_get_a_message_without_any_offer(workspace: SampleWorkspace) -> None:
    run, plan_counts = workspace.plan("hi", OFFERS + NO_OFFERS)
    message = "24 members would get `everyone` without any offer, and its template shows offers"
    assert (plan_counts.without_offers, warnings(workspace, run)) == ({"everyone": 24}, [("no_offers", message)])


def test_members_whose_channel_has_a_template_without_offers_are_not_counted(workspace: SampleWorkspace) -> None:
    for member in MEMBERS[:5]:
        workspace.record_choices(member, "email_own", on=False)
    text = OFFERS.replace("[email]", "[email, sms]").replace("email: offers", "email: offers, sms: hello")
    run, plan_counts = workspace.plan("hi", text + NO_OFFERS)
    assert (plan_counts.sent, plan_counts.without_offers) == (24, {"everyone": 19})
    assert [code for code, _ in warnings(workspace, run)] == ["no_offers"]


def test_campaign_that_asks_for_no_offers_has_no_warning(workspace: SampleWorkspace) -> None:
    ask_for_offers_in_template(workspace)
    run, plan_counts = workspace.plan("hi", OFFERS)
    assert (plan_counts.without_offers, warnings(workspace, run)) == ({}, [])


def test_newsletter_whose_template_shows_offers_and_that_asks_for_none_is_warned_of(workspace: SampleWorkspace) -> None:
    ask_for_offers_in_template(workspace)
    for member in MEMBERS:
        workspace.record_choices(member, "newsletter:food")
    run, plan_counts = workspace.plan("news", OFFERS.replace("marketing", "newsletter\nnewsletter: food"))
    assert plan_counts.without_offers == {"everyone": plan_counts.sent} != {"everyone": 0}
    assert [code for code, _ in warnings(workspace, run)] == ["no_offers"]


def test_plan_says_which_offers_nobody_gets_and_which_have_ended(workspace: SampleWorkspace) -> None:
    text = OFFERS + "offers: {department: [FOOD], at_most: 1}\n"
    run, plan_counts = workspace.plan("hi", text)
    shown = dict(plan_counts.sends_by_offer)
    unseen = [offer for offer, sends in shown.items() if not sends]
    assert warnings(workspace, run) == [
        ("unseen_offers", f"nobody gets {len(unseen)} of its offers: {', '.join(unseen)}"),
        ("expired_offers", "1 of the offers that it asks for ended before 2018-01-01: past"),
    ]
    run, _ = workspace.plan("hi", text, workspace.clock.time + timedelta(days=3650))
    assert [code for code, _ in warnings(workspace, run)] == ["no_offers"]


def test_plan_on_the_last_day_of_an_offer_says_that_it_ends(workspace: SampleWorkspace) -> None:
    offers = workspace.root / "config" / "offers.yaml"
    text = offers.read_text("utf-8")
    offers.write_text(text.replace("valid_to: 2018-01-31", "valid_to: 2018-01-01", 1), "utf-8")
    problems = dict(warnings(workspace, workspace.plan("hi", OFFERS + "offers: {at_most: 12, of_category: 12}\n")[0]))
    assert problems["ending_offers"] == "1 of the offers shown will end on 2018-01-01, the day it is due: coffee-a"


CHANGES: Final = (
    (40, 20, "half as many members or fewer: 20 now, 40 in hi-20180101T0800Z"),
    (20, 40, "twice as many members or more: 40 now, 20 in hi-20180101T0800Z"),
    (21, 40, None),
    (9, 1, None),
    (0, 10, "twice as many members or more: 10 now, 0 in hi-20180101T0800Z"),
)


def test_plan_says_that_it_is_half_or_double_the_last_run(workspace: SampleWorkspace) -> None:
    first, _ = workspace.plan("hi", CAMPAIGN)
    second, _ = workspace.plan("hi", as_of=workspace.clock.time + timedelta(days=1))
    for before, now, message in CHANGES:
        set_sends(workspace, first, before, state="closed")
        run = set_sends(workspace, second, now)
        assert warnings(workspace, run) == ([("sudden_change", message)] if message else [])


def test_change_since_a_plan_that_was_never_sent_is_no_warning(workspace: SampleWorkspace) -> None:
    first, _ = workspace.plan("hi", CAMPAIGN)
    second, _ = workspace.plan("hi", as_of=workspace.clock.time + timedelta(days=1))
    set_sends(workspace, first, 100)
    assert warnings(workspace, second) == []


def test_plan_counts_the_members_whom_other_campaigns_write_to_on_its_day(workspace: SampleWorkspace) -> None:
    workspace.plan("customers", CUSTOMERS)
    workspace.plan("everybody", CAMPAIGN)
    workspace.plan("service", CAMPAIGN.replace("marketing", "service"))
    workspace.plan("tomorrow", CAMPAIGN, workspace.clock.time + timedelta(days=1))
    run, _ = workspace.plan("hi", CAMPAIGN, workspace.clock.time + timedelta(hours=1))
    message = (
        "24 of its 24 members are written to by another campaign on 2018-01-01, too: "
        "24 in everybody-20180101T0800Z, 6 in customers-20180101T0800Z"
    )
    assert warnings(workspace, run) == [("overlap", message)]
    service, _ = workspace.plan("news", CAMPAIGN.replace("marketing", "service"))
    assert warnings(workspace, service) == []


def test_campaign_of_the_day_that_was_cancelled_before_it_began_is_no_overlap(workspace: SampleWorkspace) -> None:
    other, _ = workspace.plan("everybody", CAMPAIGN)
    workspace.engine.run_control.transition(run_transitions.cancel, other.run_id)
    assert warnings(workspace, workspace.plan("hi", CAMPAIGN)[0]) == []


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_overlap_counts_only_members_whom_the_other_run_reached_or_may_reach(
    workspace: SampleWorkspace, *, is_cancelled: bool
) -> None:
    other = workspace.start("everybody", CAMPAIGN)
    late = and_(DELIVERY.c.run_number == other.number, DELIVERY.c.position > 14)
    sent = and_(DELIVERY.c.run_number == other.number, DELIVERY.c.position <= 14)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(sent).values(state="accepted", ended_at=workspace.clock.time))
        if not is_cancelled:
            connection.execute(update(DELIVERY).where(late).values(state="withdrawn", reason="consent_withdrawn"))
    if is_cancelled:
        workspace.engine.run_control.transition(run_transitions.cancel, other.run_id)
    message = (
        "14 of its 24 members are written to by another campaign on 2018-01-01, too: 14 in everybody-20180101T0800Z"
    )
    assert warnings(workspace, workspace.plan("hi", CAMPAIGN)[0]) == [("overlap", message)]
