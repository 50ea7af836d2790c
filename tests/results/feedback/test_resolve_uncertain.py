"""What a person does about messages that may have gone: nothing of it sends, and all of it is in the audit log."""

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
from campaigns.store.runs.run_tables import AUDIT, DELIVERY
from campaigns.store.runs.states import DeliveryState
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import LOST, SMS
from tests.support.wired_workspace import connect_doubles

LATE = sorted(LOST)


def noted(workspace):
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.seq)).mappings().all()
    return [(row["action"], row["subject"], row["detail"]) for row in rows][-1]


def test_those_that_may_have_gone_are_listed_by_the_name_that_the_provider_knows(sending):
    listed = resolve_uncertain.uncertain_deliveries(sending.workspace.engine.context, sending.run.run_id)
    assert sorted(row["member_id"] for row in listed) == LATE
    assert {row["delivery"] for row in listed} == {sending.name(member) for member in LATE}
    assert {row["detail"] for row in listed} == {"no answer"}


def test_what_is_marked_by_hand_says_so_and_stands_in_the_audit_log(sending):
    workspace, run = sending.workspace, sending.run.run_id
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.ACCEPTED, LATE[:2]) == 2
    assert noted(workspace) == ("mark uncertain", run, {"state": "accepted", "deliveries": 2})
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED) == 10
    assert workspace.balance(sending.run) == {"accepted": 14, "refused": 10}
    assert workspace.deliveries(sending.run)[LATE[5]]["detail"] == "marked by hand"
    assert resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED) == 0
    with pytest.raises(UserError, match="no uncertain delivery"):
        resolve_uncertain.set_outcome(workspace.engine.context, run, DeliveryState.REFUSED, [MEMBERS[0]])


def test_reconciling_uses_the_events_that_came_while_nobody_looked(sending):
    workspace = sending.workspace
    row = (DELIVERY.c.run_number == sending.run.number) & (DELIVERY.c.member_id == LATE[0])
    _state(workspace, row, "sending", None)
    sending.ingest(sending.event(LATE[0], EventKind.DELIVERED))
    _state(workspace, row, "uncertain", "unknown_outcome")
    assert resolve_uncertain.reconcile(
        workspace.engine.context, sending.run.run_id
    ) == resolve_uncertain.ReconcileResult(1, 0, 11)
    assert noted(workspace)[2] == {"by_events": 1, "by_provider": 0, "left": 11}
    assert sending.end(LATE[0]) == ("accepted", None)


def _state(workspace, row, state, reason):
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state=state, reason=reason))


async def test_tw10_twilio_is_asked_for_the_messages_whose_answer_was_lost(workspace, monkeypatch):
    """Of three whose answers are lost two have arrived; that the third is not in the list is no proof."""
    async with connect_doubles(workspace, monkeypatch) as wired:
        wired.twilio.fault_plan.script_faults(ProviderFault.DROP_AFTER, ProviderFault.DROP, ProviderFault.DROP_AFTER)
        run = await wired.send("texts", SMS)
        lost = [
            row["member_id"] for row in resolve_uncertain.uncertain_deliveries(workspace.engine.context, run.run_id)
        ]
        assert len(lost) == 3
        went = {each["to"] for each in wired.twilio.messages}
        arrived = {member for member in lost if workspace.contact(member)["phone"] in went}
        assert len(arrived) == 2
        found = await to_thread(resolve_uncertain.reconcile, workspace.engine, run.run_id)
        assert found == resolve_uncertain.ReconcileResult(0, 2, 1)
        assert {member for member in lost if workspace.end_states(run)[member] == ("accepted", None)} == arrived
        sids = {each["sid"] for each in wired.twilio.messages}
        assert {workspace.deliveries(run)[member]["provider_ref"] for member in arrived} <= sids
        assert wired.twilio.mailboxes.duplicates == {}
        again = await to_thread(resolve_uncertain.reconcile, workspace.engine, run.run_id)
        assert again == resolve_uncertain.ReconcileResult(0, 0, 1)


def test_the_file_holds_no_address_and_no_formula(sending, tmp_path):
    workspace, file = sending.workspace, tmp_path / "left.csv"
    row = (DELIVERY.c.run_number == sending.run.number) & (DELIVERY.c.member_id == LATE[0])
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(detail='=HYPERLINK("http://x")'))
    assert resolve_uncertain.export(workspace.engine.context, sending.run.run_id, file) == 12
    text = file.read_text("utf-8-sig")
    assert "@" not in text
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["member_id"] for row in rows] == LATE
    assert rows[0]["detail"] == '\'=HYPERLINK("http://x")'
    with pytest.raises(UserError, match="cannot be written"):
        resolve_uncertain.export(workspace.engine.context, sending.run.run_id, file)


def _said(workspace, capsys, *words: str) -> dict:
    with pytest.raises(SystemExit) as ended:
        command(["--workspace", str(workspace.root), *words, "--json"])
    assert ended.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_does_all_of_it(sending, capsys, tmp_path):
    workspace, run = sending.workspace, sending.run.run_id
    assert len(_said(workspace, capsys, "uncertain", run)["uncertain"]) == 12
    said = _said(workspace, capsys, "uncertain", run, "--mark", "refused", "--member", LATE[0])
    assert (said["marked_refused"], len(said["uncertain"])) == (1, 11)
    said = _said(workspace, capsys, "uncertain", run, "--reconcile", "--export", str(tmp_path / "left.csv"))
    assert (said["settled_by_events"], said["settled_by_the_provider"], said["exported"]) == (0, 0, 11)


def drifted(sending) -> None:
    """Of what a provider took long ago little was told, and something went that is refused here."""
    with sending.workspace.engine.context.ledger.write() as connection:
        accepted = (DELIVERY.c.run_number == sending.run.number) & (DELIVERY.c.state == "accepted")
        long_ago = sending.workspace.clock.time.replace(year=2017)
        connection.execute(update(DELIVERY).where(accepted).values(provider="sendgrid", ended_at=long_ago))
    assert (
        resolve_uncertain.set_outcome(sending.workspace.engine.context, sending.run.run_id, DeliveryState.REFUSED) == 12
    )
    sending.ingest(sending.event(LATE[0], EventKind.DELIVERED))


def test_op04_every_night_and_the_doctor_say_which_runs_do_not_agree(sending, caplog):
    workspace, run = sending.workspace, sending.run.run_id
    nightly = NightlyJobs(workspace.engine.context)
    nightly.run_if_due()
    assert stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time).level is FindingLevel.OK
    drifted(sending)
    workspace.clock.time = workspace.clock.time.replace(hour=1, minute=30) + timedelta(days=1)
    nightly.run_if_due()
    assert f"{run}: look at this: of 12 messages over a day old the provider told nothing about 12" in caplog.text
    found = stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time)
    assert (found.level, run in found.said) == (FindingLevel.WARN, True)
    workspace.clock.advance(days=9)
    assert stores.check_reconciliation(workspace.engine.context.ledger, workspace.clock.time).level is FindingLevel.OK


def test_op04_a_run_that_has_ended_and_left_somebody_waiting_is_told_of(sending):
    workspace = sending.workspace
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.member_id == MEMBERS[0]).values(state="pending"))
    assert read_run_events(workspace.engine.context, sending.run.run_id).alarms == [
        "the run has ended, and 1 of its deliveries have not"
    ]


def test_op04_status_says_what_was_told_and_what_does_not_agree(sending, capsys):
    workspace, run = sending.workspace, sending.run.run_id
    for member in MEMBERS[:3]:
        sending.ingest(sending.event(member, EventKind.TAKEN), sending.event(member, EventKind.DELIVERED))
    said = _said(workspace, capsys, "status", run)
    assert (said["events"], said["alarms"]) == ({"delivered": 3, "taken": 3}, [])
    drifted(sending)
    assert _said(workspace, capsys, "status", run)["alarms"] == [
        "of 12 messages over a day old the provider told nothing about 9",
        "the provider says that 1 messages went; they are not accepted here",
    ]
