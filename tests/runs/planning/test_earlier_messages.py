"""Messages of an earlier system count for `received` and for caps, once however often they are imported."""

from campaigns.core.model.reasons import SkipReason
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

CAMPAIGN = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {not: {received: {campaign: winter_letter, within: 7 days}}}
channels: [email]
content: {email: hello}
"""
EARLIER_MESSAGE = {
    "campaign": "winter_letter",
    "purpose": "marketing",
    "channel": "email",
    "sent_at": "2017-12-30 12:00",
}


def test_received_rule_matches_messages_of_an_earlier_system(workspace: SampleWorkspace) -> None:
    workspace.import_rows("sent", [{"member_id": MEMBERS[0], **EARLIER_MESSAGE}])
    run, _ = workspace.plan("greeting", CAMPAIGN)
    assert MEMBERS[0] not in workspace.decisions(run)
    assert MEMBERS[1] in workspace.decisions(run)


def test_cap_counts_an_imported_message_once(workspace: SampleWorkspace) -> None:
    text = CAMPAIGN.replace("winter_letter", "summer_letter") + "limits: {per_member: {messages: 2, rolling: 7 days}}\n"
    for _ in range(2):
        workspace.import_rows("sent", [{"member_id": MEMBERS[0], **EARLIER_MESSAGE}])
    run, _ = workspace.plan("greeting", text)
    assert MEMBERS[0] not in workspace.skips(run)
    workspace.import_rows("sent", [{"member_id": MEMBERS[0], **EARLIER_MESSAGE, "sent_at": "2017-12-31 12:00"}])
    second, _ = workspace.plan("greeting", text)
    assert workspace.skips(second)[MEMBERS[0]] == SkipReason.FREQUENCY_CAP
