"""Tasks to notify processors that hold messages of a member whose right was carried out (GD-14)."""

import pytest
from sqlalchemy import select, update

from audiences.consent.consent_state import ConsentSource
from audiences.people import member_erasure
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Choice
from campaigns.core.model.privacy_rights import ProcessorAnswer, RequestKind, RequestOutcome
from campaigns.core.model.reasons import EndReason
from campaigns.people.desk import changes
from campaigns.people.privacy import erasure as privacy_erasure
from campaigns.people.privacy import merging, processors, requests
from campaigns.people.privacy.subject_access import collect_export
from campaigns.store.people import audit
from campaigns.store.people.people_tables import AUDIT, PROCESSOR_TASK
from campaigns.store.runs.run_tables import DELIVERY, Run
from campaigns.store.runs.states import DeliveryState
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

pytestmark = pytest.mark.long

AINO, OTHER = MEMBERS[0], MEMBERS[1]
SERVICE = "purpose: service\nschedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers, household]}\n"
CONTENT = {"email": "hello", "sms": "hello", "post": "survey"}


def send_run(workspace: SampleWorkspace, channel: str, **delivery_values: object) -> Run:
    """Send a run to everybody; `delivery_values` overwrite the result in its deliveries."""
    text = f"{SERVICE}channels: [{channel}]\ncontent: {{{channel}: {CONTENT[channel]}}}\n"
    run = workspace.start(f"by_{channel}", text)
    workspace.send(run)
    if delivery_values:
        with workspace.engine.context.ledger.write() as connection:
            connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**delivery_values))
    return run


def set_provider(workspace: SampleWorkspace, channel: str, provider: str) -> None:
    """Configure another provider for a channel."""
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace(f"{channel}: {{", f"{channel}: {{provider: {provider}, "), "utf-8")
    workspace.reload()


def open_tasks(workspace: SampleWorkspace) -> list[tuple[str, str, str]]:
    return sorted(
        (task.member_id, task.kind, task.processor) for task in processors.open_tasks(workspace.engine.context)
    )


def test_gd14_an_erasure_creates_tasks_without_personal_data_for_processors_with_messages(
    workspace: SampleWorkspace,
):
    send_run(workspace, "email", provider="sendgrid", provider_ref="filter-1")
    send_run(workspace, "post")
    before = workspace.contact(AINO)
    privacy_erasure.erase(workspace.engine.context, AINO)
    alias = member_erasure.pseudonym(workspace.engine.context.signer, AINO)
    assert open_tasks(workspace) == [(alias, "erase", "print_house"), (alias, "erase", "sendgrid")]
    tasks = {task.processor: task for task in processors.open_tasks(workspace.engine.context)}
    (message,) = tasks["sendgrid"].messages
    assert message.reference == "filter-1"
    assert (
        workspace.engine.queries.run(message.run).number
        == workspace.engine.context.signer.read_delivery_reference(message.name).run_number
    )
    assert {task.due_on.isoformat() for task in tasks.values()} == {"2018-02-01"}
    personal = {str(before[name]) for name in ("member_id", "first_name", "last_name", "email", "phone", "street")}
    with workspace.engine.context.ledger.read() as connection:
        stored = f"{tasks} {connection.execute(select(PROCESSOR_TASK)).all()}"
    assert [value for value in personal if value in stored] == []


def test_gd14_processors_without_messages_get_no_task(workspace: SampleWorkspace):
    send_run(workspace, "email")  # into a local folder
    planned = workspace.start("later", f"{SERVICE}channels: [sms]\ncontent: {{sms: hello}}\n")
    assert planned
    privacy_erasure.erase(workspace.engine.context, AINO)
    assert open_tasks(workspace) == []


@pytest.mark.parametrize(
    ("state", "reason", "has_task"),
    [
        (DeliveryState.ACCEPTED, None, True),
        (DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME, True),
        (DeliveryState.REFUSED, EndReason.PROVIDER_REJECTED, True),
        (DeliveryState.REFUSED, EndReason.TEMPLATE_ERROR, False),
        (DeliveryState.WITHDRAWN, EndReason.CONSENT_WITHDRAWN, False),
        (DeliveryState.EXPIRED, EndReason.EXPIRED, False),
    ],
)
def test_gd14_every_message_handed_to_a_provider_counts_even_if_refused(
    workspace: SampleWorkspace, state, reason, has_task
):
    send_run(workspace, "sms", provider="twilio", state=state, reason=reason)
    privacy_erasure.erase(workspace.engine.context, AINO)
    assert bool(open_tasks(workspace)) is has_task


def test_gd14_an_uncertain_message_creates_a_task_for_the_channels_current_provider(workspace: SampleWorkspace):
    send_run(workspace, "sms", provider=None, state=DeliveryState.UNCERTAIN, reason=EndReason.UNKNOWN_OUTCOME)
    set_provider(workspace, "sms", "twilio")
    privacy_erasure.erase(workspace.engine.context, AINO)
    assert [processor for *_, processor in open_tasks(workspace)] == ["twilio"]
    assert [len(task.messages) for task in processors.open_tasks(workspace.engine.context)] == [1]


def test_gd14_confirmations_and_the_erasure_notice_count_as_messages(workspace: SampleWorkspace):
    requests.file(workspace.engine.context, OTHER, RequestKind.ACCESS, ConsentSource.DESK)
    workspace.engine.notice_sender.send_waiting()
    set_provider(workspace, "email", "smtp")
    privacy_erasure.erase(workspace.engine.context, OTHER)
    privacy_erasure.erase_and_notify(workspace.engine.context, AINO)
    names = {member_erasure.pseudonym(workspace.engine.context.signer, member) for member in (OTHER, AINO)}
    assert set(open_tasks(workspace)) == {(name, "erase", "smtp") for name in names}


def test_gd14_a_restriction_creates_a_task_when_filed_and_an_objection_none(
    workspace: SampleWorkspace,
):
    send_run(workspace, "post")
    requests.file(workspace.engine.context, AINO, RequestKind.OBJECT, ConsentSource.WEB)
    assert open_tasks(workspace) == []
    for _ in range(2):
        requests.file(workspace.engine.context, AINO, RequestKind.RESTRICT, ConsentSource.WEB)
    changes.mark(workspace.engine.context, AINO, Choice.RESTRICTED, ConsentSource.DESK, on=True)
    changes.mark(workspace.engine.context, OTHER, Choice.RESTRICTED, ConsentSource.DESK, on=True)
    changes.mark(workspace.engine.context, OTHER, Choice.RESTRICTED, ConsentSource.DESK, on=False)
    assert open_tasks(workspace) == [(member, "restrict", "print_house") for member in (AINO, OTHER)]


def test_gd11_gd14_each_correction_creates_a_task_when_done(workspace: SampleWorkspace):
    send_run(workspace, "post")
    for outcome in (RequestOutcome.DONE, RequestOutcome.REFUSED, RequestOutcome.DONE):
        request = requests.file(workspace.engine.context, AINO, RequestKind.CORRECT, ConsentSource.DESK, "Nimi on Aino")
        requests.close(workspace.engine.context, request.number or 0, outcome, "Sama nimi")
    assert open_tasks(workspace) == [(AINO, "correct", "print_house")] * 2


def test_gd14_a_processors_answer_is_recorded_once_and_audited(workspace: SampleWorkspace):
    send_run(workspace, "post")
    privacy_erasure.erase(workspace.engine.context, AINO)
    (task,) = processors.open_tasks(workspace.engine.context)
    processors.record_answer(workspace.engine.context, task.number, ProcessorAnswer.HELD_NOTHING)
    assert open_tasks(workspace) == []
    with pytest.raises(UserError, match="there is no open task"):
        processors.record_answer(workspace.engine.context, task.number, ProcessorAnswer.DONE)
    with workspace.engine.context.ledger.read() as connection:
        (stored,) = connection.execute(select(PROCESSOR_TASK)).mappings()
        newest = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc())).mappings().first()
    assert (stored["answer"], stored["closed_by"], stored["closed_at"]) == (
        "held_nothing",
        "tester",
        workspace.clock.time,
    )
    assert newest is not None
    assert (newest["action"], newest["actor"]) == ("tell_processor", "tester")
    assert newest["subject"] == audit.subject_of_member(workspace.engine.context.signer, task.member_id)
    assert newest["detail"]["processor"] == "print_house"


def test_gd12_gd14_open_tasks_continue_under_the_pseudonym_after_erasure(workspace: SampleWorkspace):
    send_run(workspace, "post")
    requests.file(workspace.engine.context, AINO, RequestKind.RESTRICT, ConsentSource.WEB)
    assert [row["kind"] for row in collect_export(workspace.engine.queries, AINO).sections["processor_task"]] == [
        "restrict"
    ]
    privacy_erasure.erase(workspace.engine.context, AINO)
    alias = member_erasure.pseudonym(workspace.engine.context.signer, AINO)
    assert open_tasks(workspace) == [(alias, "erase", "print_house"), (alias, "restrict", "print_house")]


def test_c12_merging_moves_a_duplicates_processor_tasks(workspace: SampleWorkspace):
    send_run(workspace, "post")
    requests.file(workspace.engine.context, OTHER, RequestKind.RESTRICT, ConsentSource.WEB)
    merging.merge(workspace.engine.context, OTHER, AINO, approved=True)
    assert open_tasks(workspace) == [(AINO, "restrict", "print_house")]


def test_gd14_every_channel_names_its_processor(workspace: SampleWorkspace):
    rows = {row["channel"]: row for row in processors.processors(workspace.engine.context.repository.settings)}
    assert set(rows) == set(Channel)
    assert {channel for channel, row in rows.items() if row["where"] == "here"} == {"email", "sms"}
