"""Messages of an earlier system count: for `received` and for caps, once however often they are imported."""

from campaigns.core.model.reasons import SkipReason
from tests.support.sample_workspace import MEMBERS, Village

CAMPAIGN = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {not: {received: {campaign: winter_letter, within: 7 days}}}
channels: [email]
content: {email: hello}
"""
SENT = {"campaign": "winter_letter", "purpose": "marketing", "channel": "email", "sent_at": "2017-12-30 12:00"}


def test_received_knows_what_an_earlier_system_sent(village: Village) -> None:
    village.bring("sent", [{"member_id": MEMBERS[0], **SENT}])
    run, _ = village.plan("greeting", CAMPAIGN)
    assert MEMBERS[0] not in village.decisions(run)
    assert MEMBERS[1] in village.decisions(run)


def test_a_cap_counts_what_an_earlier_system_sent_once(village: Village) -> None:
    text = CAMPAIGN.replace("winter_letter", "summer_letter") + "limits: {per_member: {messages: 2, rolling: 7 days}}\n"
    for _ in range(2):
        village.bring("sent", [{"member_id": MEMBERS[0], **SENT}])
    run, _ = village.plan("greeting", text)
    assert MEMBERS[0] not in village.skips(run)
    village.bring("sent", [{"member_id": MEMBERS[0], **SENT, "sent_at": "2017-12-31 12:00"}])
    again, _ = village.plan("greeting", text)
    assert village.skips(again)[MEMBERS[0]] == SkipReason.FREQUENCY_CAP
