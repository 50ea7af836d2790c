"""Manual resolution of uncertain deliveries: it sends nothing, and all of it is in the audit log."""

import csv
import io
import json
from asyncio import to_thread
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaigns.channels.events import EventKind
from campaigns.cli.main import run as command
from campaigns.core.errors import UserError
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from campaigns.operations.doctor import stores
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.operations.nightly import NightlyJobs
from campaigns.results.feedback import resolve_uncertain
from campaigns.results.feedback.run_events import read_run_events
from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import LOST, SMS
from tests.support.wired_workspace import connect_doubles

LOST_MEMBERS = sorted(LOST)


def last_audit_note(workspace):
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings().all()
    return [(row["action"], row["subject"], row["detail"]) for row in rows][-1]


def test_uncertain_deliveries_are_listed_by_their_delivery_reference(sent_run):
    rows = resolve_uncertain.uncertain_deliveries(sent_run.workspace.engine.context, sent_run.run.run_id)
    assert sorted(row["member_id"] for row in rows) == LOST_MEMBERS
    assert {row["delivery"] for row in rows} == {sent_run.name(member) for member in LOST_MEMBERS}
    assert {row["detail"] for row in rows} == {"no answer"}


def test_manual_outcome_is_marked_as_manual_and_audited(sent_run):
    workspace, run = sent_run.workspace, sent_run.run.run_id
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.ACCEPTED, LOST_MEMBERS[:2]) == 2
    assert last_audit_note(workspace) == ("mark uncertain", run, {"state": "accepted", "deliveries": 2})
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED) == 10
    assert workspace.balance(sent_run.run) == {"accepted": 14, "refused": 10}
    assert workspace.deliveries(sent_run.run)[LOST_MEMBERS[5]]["detail"] == "marked by hand"
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED) == 0
    with pytest.raises(UserError, match="no uncertain delivery"):
        resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED, [MEMBERS[0]])


def test_reconciliation_applies_events_received_earlier(sent_run):
    workspace = sent_run.workspace
    row = (DELIVERY.c.run_number == sent_run.run.number) & (DELIVERY.c.member_id == LOST_MEMBERS[0])
    _set_state(workspace, row, "sending", None)
    sent_run.ingest(sent_run.event(LOST_MEMBERS[0], EventKind.DELIVERED))
    _set_state(workspace, row, "uncertain", "unknown_outcome")
    assert resolve_uncertain.reconcile(
        workspace.engine.context, sent_run.run.run_id
    ) == resolve_uncertain.ReconcileResult(1, 0, 11)
    assert last_audit_note(workspace)[2] == {"by_events": 1, "by_provider": 0, "left": 11}
    assert sent_run.end(LOST_MEMBERS[0]) == ("accepted", None)


def _set_state(workspace, row, state, reason):
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state=state, reason=reason))


async def test_tw10_twilio_is_queried_for_messages_without_an_answer(workspace, monkeypatch):
    """Two of three unanswered messages arrived; the absence of the third from the list proves nothing."""
    async with connect_doubles(workspace, monkeypatch) as wired:
        wired.twilio.fault_plan.script_faults(ProviderFault.DROP_AFTER, ProviderFault.DROP, ProviderFault.DROP_AFTER)
        run = await wired.send("texts", SMS)
        lost = [
            row["member_id"] for row in resolve_uncertain.uncertain_deliveries(workspace.engine.context, run.run_id)
        ]
        assert len(lost) == 3
        delivered_numbers = {message["to"] for message in wired.twilio.messages}
        arrived = {member for member in lost if workspace.contact(member)["phone"] in delivered_numbers}
        assert len(arrived) == 2
        result = await to_thread(resolve_uncertain.reconcile, workspace.engine.context, run.run_id)
        assert result == resolve_uncertain.ReconcileResult(0, 2, 1)
        assert {member for member in lost if workspace.end_states(run)[member] == ("accepted", None)} == arrived
        sids = {message["sid"] for message in wired.twilio.messages}
        assert {workspace.deliveries(run)[member]["provider_ref"] for member in arrived} <= sids
        assert wired.twilio.mailboxes.duplicates == {}
        second_result = await to_thread(resolve_uncertain.reconcile, workspace.engine.context, run.run_id)
        assert second_result == resolve_uncertain.ReconcileResult(0, 0, 1)


def test_export_holds_no_address_and_no_formula(sent_run, tmp_path):
    workspace, file = sent_run.workspace, tmp_path / "left.csv"
    row = (DELIVERY.c.run_number == sent_run.run.number) & (DELIVERY.c.member_id == LOST_MEMBERS[0])
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(detail='=HYPERLINK("http://x")'))
    assert resolve_uncertain.export(workspace.engine.context, sent_run.run.run_id, file) == 12
    text = file.read_text("utf-8-sig")
    assert "@" not in text
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["member_id"] for row in rows] == LOST_MEMBERS
    assert rows[0]["detail"] == '\'=HYPERLINK("http://x")'
    with pytest.raises(UserError, match="cannot be written"):
        resolve_uncertain.export(workspace.engine.context, sent_run.run.run_id, file)


def _run_json(workspace, capsys, *arguments: str) -> dict:
    with pytest.raises(SystemExit) as ended:
        command(["--workspace", str(workspace.root), *arguments, "--json"])
    assert ended.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_uncertain_command_lists_marks_reconciles_and_exports(sent_run, capsys, tmp_path):
    workspace, run = sent_run.workspace, sent_run.run.run_id
    assert len(_run_json(workspace, capsys, "uncertain", run)["uncertain"]) == 12
    output = _run_json(workspace, capsys, "uncertain", run, "--mark", "refused", "--member", LOST_MEMBERS[0])
    assert (output["marked_refused"], len(output["uncertain"])) == (1, 11)
    output = _run_json(workspace, capsys, "uncertain", run, "--reconcile", "--export", str(tmp_path / "left.csv"))
    assert (output["settled_by_events"], output["settled_by_the_provider"], output["exported"]) == (0, 0, 11)


def make_inconsistent(sent_run) -> None:
    """Leave old accepted deliveries without events, and give a refused delivery an event."""
    with sent_run.workspace.engine.context.ledger.write() as connection:
        accepted = (DELIVERY.c.run_number == sent_run.run.number) & (DELIVERY.c.state == "accepted")
        long_ago = sent_run.workspace.clock.time.replace(year=2017)
        connection.execute(update(DELIVERY).where(accepted).values(provider="sendgrid", ended_at=long_ago))
    assert (
        resolve_uncertain.set_outcome(sent_run.workspace.engine.context, sent_run.run.run_id, DeliveryState.REFUSED)
        == 12
    )
    sent_run.ingest(sent_run.event(LOST_MEMBERS[0], EventKind.DELIVERED))


def test_op04_nightly_job_and_doctor_report_inconsistent_runs(sent_run, caplog):
    workspace, run = sent_run.workspace, sent_run.run.run_id
    nightly = NightlyJobs(workspace.engine.context)
    nightly.run_if_due()
    assert stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time).level is FindingLevel.OK
    make_inconsistent(sent_run)
    workspace.clock.time = workspace.clock.time.replace(hour=1, minute=30) + timedelta(days=1)
    nightly.run_if_due()
    assert f"{run}: needs attention: the provider reported no event for 12 of 12 messages over a day old" in caplog.text
    result = stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time)
    assert (result.level, run in result.said) == (FindingLevel.WARN, True)
    workspace.clock.advance(days=9)
    assert stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time).level is FindingLevel.OK


def test_op04_closed_run_with_pending_deliveries_raises_an_alarm(sent_run):
    workspace = sent_run.workspace
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.member_id == MEMBERS[0]).values(state="pending"))
    assert read_run_events(workspace.engine.context, sent_run.run.run_id).alarms == [
        "the run has ended, and 1 of its deliveries have not"
    ]


def test_op04_status_shows_events_and_alarms(sent_run, capsys):
    workspace, run = sent_run.workspace, sent_run.run.run_id
    for member in MEMBERS[:3]:
        sent_run.ingest(sent_run.event(member, EventKind.TAKEN), sent_run.event(member, EventKind.DELIVERED))
    output = _run_json(workspace, capsys, "status", run)
    assert (output["events"], output["alarms"]) == ({"delivered": 3, "taken": 3}, [])
    make_inconsistent(sent_run)
    assert _run_json(workspace, capsys, "status", run)["alarms"] == [
        "the provider reported no event for 9 of 12 messages over a day old",
        "the provider says that 1 messages went; they are not accepted here",
    ]
