"""Rehearsal: every provider fault at once, and the accounts agree (DL, SG, TW)."""

import pytest

from campaigns.demo.rehearsal.doubles_process import running_doubles
from campaigns.demo.rehearsal.rehearse import doubles_environment, listening_socket, loopback_url, send_and_reconcile
from tests.support.sample_workspace import MEMBERS

pytestmark = pytest.mark.server_process
CAMPAIGN = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [%s]
content: {%s: hello}
"""


def test_a_rehearsal_matches_arrivals_with_outcomes_and_settles_uncertain_ones(workspace):
    for channel in ("email", "sms"):
        workspace.write_campaign(f"by_{channel}", CAMPAIGN % (channel, channel))
    with (
        running_doubles() as doubles,
        doubles_environment(doubles.secrets),
        listening_socket("127.0.0.1", 0) as listener,
    ):
        for double in (doubles.sendgrid, doubles.twilio):
            double.fault_plan.shares = {fault: 4 * share for fault, share in double.fault_plan.shares.items()}
        settings = workspace.root / "config/settings.yaml"
        text = settings.read_text("utf-8").replace("http://localhost:8000", loopback_url(listener))
        for channel, name, double in (("email", "sendgrid", doubles.sendgrid), ("sms", "twilio", doubles.twilio)):
            with_provider = f"  {channel}: {{provider: {name}, {name}: {{base_url: '{double.url}'}}, "
            text = text.replace(f"  {channel}: {{", with_provider)
        settings.write_text(text, "utf-8")
        workspace.engine.context.reload_files()
        workspace.use(clock=type(workspace.engine.context.clock)())
        rehearsal = send_and_reconcile(workspace.engine, ("by_email", "by_sms"), doubles, listener, lambda _: None)
    assert rehearsal.succeeded
    assert [balance.planned for balance in rehearsal.accounts] == [len(MEMBERS)] * 2
    assert all(balance.most_per_mailbox == 1 for balance in rehearsal.accounts)
    before, after = (
        sum(getattr(balance, moment).by_state["uncertain"] for balance in rehearsal.accounts)
        for moment in ("sent", "settled")
    )
    assert after < before
    assert workspace.engine.queries.recent_runs()[0].state == "closed"
