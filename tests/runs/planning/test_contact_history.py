"""What members have heard is what went or may have gone, whatever became of its run, and what is on its way."""

import pytest
from sqlalchemy import update

from campaigns.runs.dispatch import control
from campaigns.runs.planning import contact_history
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.sample_workspace import MEMBERS
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
NEWSLETTER = MARKETING.replace("marketing", "newsletter\nnewsletter: food")


def heard(workspace) -> set[str]:
    return set(contact_history.sent_messages(workspace.engine.context.ledger).column("member_id").to_pylist())


def test_a_plan_alone_is_not_heard_and_a_run_under_way_is(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    assert heard(workspace) == set()
    workspace.engine.run_control.start(run)
    assert heard(workspace) == set(MEMBERS)


def test_what_went_out_before_a_run_was_cancelled_was_heard_and_the_rest_was_not(workspace):
    def answer(message):
        if len(provider.heard) == 3:
            workspace.engine.run_control.transition(control.cancel, run.run_id)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert workspace.state(run) == "cancelled"
    assert heard(workspace) == set(provider.heard)
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days}}\n"
    workspace.clock.advance(hours=1)
    again, _ = workspace.plan("again", capped)
    assert set(workspace.skips(again)) == set(provider.heard)


@pytest.mark.parametrize(("state", "counts"), [("accepted", True), ("uncertain", False), ("refused", False)])
def test_a_rule_about_what_was_received_asks_for_what_was_accepted(workspace, state, counts):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.member_id == "m05").values(state=state))
    workspace.clock.advance(hours=1)
    rule = "{not: {received: {campaign: hi, within: 3 days}}}"
    _, tally = workspace.plan("next", MARKETING.replace("{register: [owners, customers]}", rule))
    assert tally.matched == (0 if counts else 1)


def test_a_cap_of_the_workspace_for_one_purpose_keeps_no_other_back(workspace):
    workspace.add_setting("per_member: [{messages: 1, rolling: 7 days, of: marketing}]")
    with_scripted_provider(workspace, ScriptedProvider())
    workspace.send(workspace.start("hi", MARKETING))
    for member in MEMBERS:
        workspace.record_choices(member, "newsletter:food")
    workspace.clock.advance(hours=1)
    letter, _ = workspace.plan("letter", NEWSLETTER)
    assert workspace.skips(letter) == {}
    more, _ = workspace.plan("more", MARKETING)
    assert set(workspace.skips(more).values()) == {"frequency_cap"}
