"""What members have heard is what went or may have gone, whatever became of its run, and what is on its way."""

import pytest
from sqlalchemy import update

from campaigns.runs.dispatch import control
from campaigns.runs.planning import contact_history
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.sample_workspace import MEMBERS
from tests.support.scripted_provider import Wire, accept, wired

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
NEWSLETTER = MARKETING.replace("marketing", "newsletter\nnewsletter: food")


def heard(village) -> set[str]:
    return set(contact_history.sent_messages(village.engine.ledger).column("member_id").to_pylist())


def test_a_plan_alone_is_not_heard_and_a_run_under_way_is(village):
    run, _ = village.plan("hi", MARKETING)
    assert heard(village) == set()
    village.engine.start(run)
    assert heard(village) == set(MEMBERS)


def test_what_went_out_before_a_run_was_cancelled_was_heard_and_the_rest_was_not(village):
    def answer(message):
        if len(wire.heard) == 3:
            village.engine.hand(control.cancel, run.run_id)
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    assert village.state(run) == "cancelled"
    assert heard(village) == set(wire.heard)
    capped = MARKETING + "limits: {per_member: {messages: 1, rolling: 7 days}}\n"
    village.hands.go(hours=1)
    again, _ = village.plan("again", capped)
    assert set(village.skips(again)) == set(wire.heard)


@pytest.mark.parametrize(("state", "counts"), [("accepted", True), ("uncertain", False), ("refused", False)])
def test_a_rule_about_what_was_received_asks_for_what_was_accepted(village, state, counts):
    wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.send(run)
    with village.engine.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.member_id == "m05").values(state=state))
    village.hands.go(hours=1)
    rule = "{not: {received: {campaign: hi, within: 3 days}}}"
    _, tally = village.plan("next", MARKETING.replace("{register: [owners, customers]}", rule))
    assert tally.matched == (0 if counts else 1)


def test_a_cap_of_the_workspace_for_one_purpose_keeps_no_other_back(village):
    village.set("per_member: [{messages: 1, rolling: 7 days, of: marketing}]")
    wired(village, Wire())
    village.send(village.start("hi", MARKETING))
    for member in MEMBERS:
        village.say(member, "newsletter:food")
    village.hands.go(hours=1)
    letter, _ = village.plan("letter", NEWSLETTER)
    assert village.skips(letter) == {}
    more, _ = village.plan("more", MARKETING)
    assert set(village.skips(more).values()) == {"frequency_cap"}
