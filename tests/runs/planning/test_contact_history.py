"""Contact history: messages sent, possibly sent or under way count, whatever became of their run."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from campaigns.runs.dispatch import run_transitions
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


def contacted_members(workspace) -> set[str]:
    return set(contact_history.sent_messages(workspace.engine.context.ledger).column("member_id").to_pylist())


def test_planned_run_is_not_in_the_history_and_a_started_run_is(workspace):
    run, _ = workspace.plan("hi", MARKETING)
    assert contacted_members(workspace) == set()
    workspace.engine.run_control.start(run)
    assert contacted_members(workspace) == set(MEMBERS)


def test_cancelled_run_counts_only_the_messages_sent_before(workspace):
    def answer(message):
        if len(provider.received) == 3:
            workspace.engine.run_control.transition(run_transitions.cancel, run.run_id)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert workspace.state(run) == "cancelled"
    assert contacted_members(workspace) == set(provider.received)
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days}}\n"
    workspace.clock.advance(hours=1)
    second, _ = workspace.plan("second", capped)
    assert set(workspace.skips(second)) == set(provider.received)


def test_received_rule_sees_messages_of_the_minute_of_the_plan(workspace):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.clock.advance(seconds=20)
    workspace.send(run)
    rule = "{not: {received: {campaign: hi, within: 3 days}}}"
    text = MARKETING.replace("{register: [owners, customers]}", rule)
    minute = workspace.clock.time.replace(second=0)
    assert workspace.plan("next", text, minute)[1].matched == 0
    assert workspace.plan("before", text, minute - timedelta(minutes=1))[1].matched == len(MEMBERS)


@pytest.mark.parametrize(("state", "counts"), [("accepted", True), ("uncertain", False), ("refused", False)])
def test_received_rule_matches_accepted_messages_only(workspace, state, counts):
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.member_id == "m05").values(state=state))
    workspace.clock.advance(hours=1)
    rule = "{not: {received: {campaign: hi, within: 3 days}}}"
    _, plan_counts = workspace.plan("next", MARKETING.replace("{register: [owners, customers]}", rule))
    assert plan_counts.matched == (0 if counts else 1)


def test_workspace_cap_for_one_purpose_does_not_limit_another(workspace):
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
