"""Processors are told of a right that was carried out, where they have messages of the member's (GD-14)."""

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
from campaigns.people.privacy import processors, requests
from campaigns.people.privacy.subject_access import collect_export
from campaigns.store.people import audit
from campaigns.store.people.people_tables import PROCESSOR_TASK
from campaigns.store.runs.run_tables import AUDIT, DELIVERY, Run
from campaigns.store.runs.states import DeliveryState
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO, OTHER = MEMBERS[0], MEMBERS[1]
SERVICE = "purpose: service\nschedule: {at: '2018-01-05 10:30'}\naudience: {register: [owners, customers, household]}\n"
CONTENT = {"email": "hello", "sms": "hello", "post": "survey"}


def sent(workspace: SampleWorkspace, channel: str, **settled: object) -> Run:
    """A run that was sent to everybody; `settled` is what a provider left in its deliveries."""
    text = f"{SERVICE}channels: [{channel}]\ncontent: {{{channel}: {CONTENT[channel]}}}\n"
    run = workspace.start(f"by_{channel}", text)
    workspace.send(run)
    if settled:
        with workspace.engine.ledger.write() as connection:
            connection.execute(update(DELIVERY).where(DELIVERY.c.run_number == run.number).values(**settled))
    return run


def carried_by(workspace: SampleWorkspace, channel: str, provider: str) -> None:
    """From now on another provider carries a channel."""
    path = workspace.root / "config" / "settings.yaml"
    path.write_text(path.read_text("utf-8").replace(f"{channel}: {{", f"{channel}: {{provider: {provider}, "), "utf-8")
    vars(workspace.engine).pop("library", None)


def waiting(workspace: SampleWorkspace) -> list[tuple[str, str, str]]:
    return sorted((each.member_id, each.kind, each.processor) for each in processors.open_tasks(workspace.engine))


def test_gd14_an_erasure_is_told_to_whoever_has_messages_and_the_task_says_nothing_of_the_member(
    workspace: SampleWorkspace,
):
    sent(workspace, "email", provider="sendgrid", provider_ref="filter-1")
    sent(workspace, "post")
    before = workspace.contact(AINO)
    privacy_erasure.erase(workspace.engine, AINO)
    alias = member_erasure.pseudonym(workspace.engine.signer, AINO)
    assert waiting(workspace) == [(alias, "erase", "print_house"), (alias, "erase", "sendgrid")]
    told = {each.processor: each for each in processors.open_tasks(workspace.engine)}
    (message,) = told["sendgrid"].messages
    assert message.reference == "filter-1"
    assert (
        workspace.engine.run(message.run).number
        == workspace.engine.signer.read_delivery_reference(message.name).run_number
    )
    assert {each.due_on.isoformat() for each in told.values()} == {"2018-02-01"}
    personal = {str(before[name]) for name in ("member_id", "first_name", "last_name", "email", "phone", "street")}
    with workspace.engine.ledger.read() as connection:
        kept = f"{told} {connection.execute(select(PROCESSOR_TASK)).all()}"
    assert [value for value in personal if value in kept] == []


def test_gd14_nobody_is_told_of_whom_they_never_had(workspace: SampleWorkspace):
    sent(workspace, "email")  # into a folder of our own
    planned = workspace.start("later", f"{SERVICE}channels: [sms]\ncontent: {{sms: hello}}\n")
    assert planned
    privacy_erasure.erase(workspace.engine, AINO)
    assert waiting(workspace) == []


@pytest.mark.parametrize(
    ("state", "reason", "is_told"),
    [
        (DeliveryState.ACCEPTED, None, True),
        (DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME, True),
        (DeliveryState.REFUSED, EndReason.PROVIDER_REJECTED, True),
        (DeliveryState.REFUSED, EndReason.TEMPLATE_ERROR, False),
        (DeliveryState.WITHDRAWN, EndReason.CONSENT_WITHDRAWN, False),
        (DeliveryState.EXPIRED, EndReason.EXPIRED, False),
    ],
)
def test_gd14_what_was_said_to_a_provider_counts_and_not_only_what_it_took(
    workspace: SampleWorkspace, state, reason, is_told
):
    sent(workspace, "sms", provider="twilio", state=state, reason=reason)
    privacy_erasure.erase(workspace.engine, AINO)
    assert bool(waiting(workspace)) is is_told


def test_gd14_a_message_that_died_under_way_is_told_to_whoever_carries_its_channel(workspace: SampleWorkspace):
    sent(workspace, "sms", provider=None, state=DeliveryState.UNCERTAIN, reason=EndReason.UNKNOWN_OUTCOME)
    carried_by(workspace, "sms", "twilio")
    privacy_erasure.erase(workspace.engine, AINO)
    assert [processor for *_, processor in waiting(workspace)] == ["twilio"]
    assert [len(each.messages) for each in processors.open_tasks(workspace.engine)] == [1]


def test_gd14_a_confirmation_counts_as_a_message_and_so_does_the_last_word_after_an_erasure(workspace: SampleWorkspace):
    requests.file(workspace.engine, OTHER, RequestKind.ACCESS, ConsentSource.DESK)
    workspace.engine.courier.send_waiting()
    carried_by(workspace, "email", "smtp")
    privacy_erasure.erase(workspace.engine, OTHER)
    privacy_erasure.erase_and_notify(workspace.engine, AINO)
    names = {member_erasure.pseudonym(workspace.engine.signer, member) for member in (OTHER, AINO)}
    assert set(waiting(workspace)) == {(name, "erase", "smtp") for name in names}


def test_gd14_a_restriction_is_told_when_it_is_filed_and_an_objection_is_nobody_elses_affair(
    workspace: SampleWorkspace,
):
    sent(workspace, "post")
    requests.file(workspace.engine, AINO, RequestKind.OBJECT, ConsentSource.WEB)
    assert waiting(workspace) == []
    for _ in range(2):
        requests.file(workspace.engine, AINO, RequestKind.RESTRICT, ConsentSource.WEB)
    changes.mark(workspace.engine, AINO, Choice.RESTRICTED, ConsentSource.DESK, on=True)
    changes.mark(workspace.engine, OTHER, Choice.RESTRICTED, ConsentSource.DESK, on=True)
    changes.mark(workspace.engine, OTHER, Choice.RESTRICTED, ConsentSource.DESK, on=False)
    assert waiting(workspace) == [(member, "restrict", "print_house") for member in (AINO, OTHER)]


def test_gd11_gd14_a_correction_is_told_once_it_is_done_and_each_is_told(workspace: SampleWorkspace):
    sent(workspace, "post")
    for ending in (RequestOutcome.DONE, RequestOutcome.REFUSED, RequestOutcome.DONE):
        asked = requests.file(workspace.engine, AINO, RequestKind.CORRECT, ConsentSource.DESK, "Nimi on Aino")
        requests.close(workspace.engine, asked.number or 0, ending, "Sama nimi")
    assert waiting(workspace) == [(AINO, "correct", "print_house")] * 2


def test_gd14_an_answer_is_kept_once_and_audited(workspace: SampleWorkspace):
    sent(workspace, "post")
    privacy_erasure.erase(workspace.engine, AINO)
    (task,) = processors.open_tasks(workspace.engine)
    processors.record_answer(workspace.engine, task.number, ProcessorAnswer.HELD_NOTHING)
    assert waiting(workspace) == []
    with pytest.raises(UserError, match="there is no open task"):
        processors.record_answer(workspace.engine, task.number, ProcessorAnswer.DONE)
    with workspace.engine.ledger.read() as connection:
        (kept,) = connection.execute(select(PROCESSOR_TASK)).mappings()
        newest = connection.execute(select(AUDIT).order_by(AUDIT.c.seq.desc())).mappings().first()
    assert (kept["answer"], kept["closed_by"], kept["closed_at"]) == ("held_nothing", "tester", workspace.clock.time)
    assert newest is not None
    assert (newest["action"], newest["actor"]) == ("tell_processor", "tester")
    assert newest["subject"] == audit.subject_of_member(workspace.engine.signer, task.member_id)
    assert newest["detail"]["processor"] == "print_house"


def test_gd12_gd14_what_is_open_when_the_member_goes_goes_on_under_the_pseudonym(workspace: SampleWorkspace):
    sent(workspace, "post")
    requests.file(workspace.engine, AINO, RequestKind.RESTRICT, ConsentSource.WEB)
    assert [row["kind"] for row in collect_export(workspace.engine, AINO).sections["processor_task"]] == ["restrict"]
    privacy_erasure.erase(workspace.engine, AINO)
    alias = member_erasure.pseudonym(workspace.engine.signer, AINO)
    assert waiting(workspace) == [(alias, "erase", "print_house"), (alias, "restrict", "print_house")]


def test_c12_the_tasks_of_a_duplicate_go_over(workspace: SampleWorkspace):
    sent(workspace, "post")
    requests.file(workspace.engine, OTHER, RequestKind.RESTRICT, ConsentSource.WEB)
    privacy_erasure.merge(workspace.engine, OTHER, AINO)
    assert waiting(workspace) == [(AINO, "restrict", "print_house")]


def test_gd14_every_channel_says_who_carries_it(workspace: SampleWorkspace):
    told = {row["channel"]: row for row in processors.processors(workspace.engine.library.settings)}
    assert set(told) == set(Channel)
    assert {channel for channel, row in told.items() if row["where"] == "here"} == {"email", "sms"}
