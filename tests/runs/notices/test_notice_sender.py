"""The courier: codes and confirmations reach the member over the chosen provider, at most once, or not at all."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from audiences.access import one_time_codes
from audiences.access.one_time_codes import CodeRequest
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.suppressions import AddressKind
from campaigns.channels.outcome import Unknown
from campaigns.channels.registry import EMAIL_PROVIDERS, SMS_PROVIDERS, ChannelProviders, ProviderContext
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.reasons import SkipReason
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from campaigns.rendering.notice_writer import NoticeValues, NoticeWriter, notice_text
from campaigns.runs.dispatch.rate_limit import account_limiter
from campaigns.runs.notices import enqueue
from campaigns.runs.notices.notice_sender import NoticeSender
from campaigns.store.runs.run_tables import NOTICE
from tests.support.provider_fixtures import SETTINGS, settings_with
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO = MEMBERS[0]


@pytest.fixture
def changed(workspace: SampleWorkspace) -> Callable[..., None]:
    """Leaves a confirmation of a change of choices."""

    def leave(member: str = AINO, *said: str) -> None:
        entries = [
            ConsentEntry(member, choice, False, workspace.clock.time, ConsentSource.DESK)
            for choice in said or ("email_own",)
        ]
        with workspace.engine.context.ledger.write() as connection:
            enqueue.choices_changed(connection, member, entries, workspace.clock.time)

    return leave


def states(workspace: SampleWorkspace) -> list[tuple[str, str | None]]:
    with workspace.engine.context.ledger.read() as connection:
        return [
            tuple(row) for row in connection.execute(select(NOTICE.c.state, NOTICE.c.reason).order_by(NOTICE.c.number))
        ]


def rows(workspace: SampleWorkspace) -> list[Mapping[str, Any]]:
    with workspace.engine.context.ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(NOTICE)).mappings()]


def courier(workspace: SampleWorkspace, providers: ChannelProviders) -> NoticeSender:
    engine = workspace.engine
    settings = engine.context.repository.settings
    return NoticeSender(
        engine.context.ledger, providers, settings, engine.context.signer, engine.context.clock, NoticeWriter(settings)
    )


def providers(email: Any = None, sms: Any = None) -> ChannelProviders:
    return ChannelProviders(email=email, sms=sms, post=None, phone=None)  # type: ignore[arg-type]


def test_a_confirmation_is_carried_once_whoever_asks_how_often(workspace, changed):
    changed()
    assert [workspace.engine.notice_sender.send_waiting() for _ in range(3)] == [1, 0, 0]
    assert len(list((workspace.root / "outbox" / "notes" / "email").iterdir())) == 1
    assert states(workspace) == [("accepted", None)]


def test_two_processes_carry_each_note_once(workspace, changed):
    for member in MEMBERS[:8]:
        changed(member)
    other = SampleWorkspace(workspace.root, workspace.clock)
    try:
        carried = workspace.engine.notice_sender.send_waiting() + other.engine.notice_sender.send_waiting()
    finally:
        other.close()
    assert carried == len(list((workspace.root / "outbox" / "notes" / "email").iterdir())) == 8


def test_notes_are_counted_in_the_rate_of_the_account_and_wait_for_nobody(workspace, changed):
    settings_file = workspace.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    pace = account_limiter(workspace.engine.context.repository.settings, Channel.EMAIL)
    for member in MEMBERS[:6]:
        changed(member)
    with workspace.engine.context.ledger.write() as connection:
        assert pace.available(connection, 1, workspace.clock.time) == 1
    assert workspace.engine.notice_sender.send_waiting() == 6
    with workspace.engine.context.ledger.write() as connection:
        assert pace.available(connection, 1, workspace.clock.time) == 0


def test_what_notes_took_campaigns_wait_for(workspace, changed):
    """Six notes at four an hour go at once, and the campaign waits until their time is over."""
    settings_file = workspace.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    text = 'purpose: marketing\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: [owners, customers]}\n'
    run = workspace.start("offers", f"{text}channels: [email]\ncontent: {{email: hello}}\n")
    for member in MEMBERS[:6]:
        changed(member)
    assert workspace.engine.notice_sender.send_waiting() == 6
    waits = workspace.send(run)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    assert waits.resume_at is not None
    assert waits.resume_at - workspace.clock.time > timedelta(hours=1)
    workspace.clock.time = waits.resume_at
    workspace.send(run)
    assert workspace.balance(run)["accepted"] > 0


def test_the_dead_get_nothing(workspace, changed):
    changed()
    workspace.record_choices(AINO, "deceased")
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("withdrawn", "not_processed")]


def test_whoever_was_erased_gets_nothing(workspace, changed):
    changed()
    workspace.erase(AINO)
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("withdrawn", "not_processed")]


def test_no_choice_forbids_a_confirmation(workspace, changed):
    workspace.record_choices(AINO, "no_marketing", "restricted", "address_secret")
    changed()
    assert workspace.engine.notice_sender.send_waiting() == 1


def test_without_a_mailbox_a_confirmation_goes_by_text_message(workspace, changed):
    workspace.change_contact(AINO, email=None, mailbox=None)
    changed()
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert "+358401230001" in (workspace.root / "outbox" / "notes" / "sms.jsonl").read_text()


def test_an_address_that_bounced_is_not_written_to_but_a_code_asked_for_there_is(workspace, changed):
    workspace.suppress(AddressKind.EMAIL, f"{AINO}@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    workspace.change_contact(AINO, phone=None)
    changed()
    asked = CodeRequest("challenge", AINO)
    with workspace.engine.context.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, workspace.engine.context.signer, asked, workspace.clock.time)
        enqueue.code_requested(connection, asked, Channel.EMAIL, workspace.clock.time)
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert states(workspace) == [("withdrawn", "suppressed"), ("accepted", None)]


def test_no_row_holds_a_code_and_an_ended_note_holds_no_address(workspace):
    asked = CodeRequest("challenge", AINO, one_time_codes.CodeAim.EMAIL, "new@example.org")
    with workspace.engine.context.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, workspace.engine.context.signer, asked, workspace.clock.time)
        enqueue.code_requested(connection, asked, Channel.EMAIL, workspace.clock.time)
    code = one_time_codes.code_digits(workspace.engine.context.signer, asked)
    assert code not in str(rows(workspace))
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert "new@example.org" not in str(rows(workspace))
    assert (
        one_time_codes.format_code(code) in next((workspace.root / "outbox" / "notes" / "email").iterdir()).read_text()
    )


def test_a_code_that_nobody_could_carry_in_time_is_not_carried_late(workspace):
    asked = CodeRequest("challenge", AINO)
    with workspace.engine.context.ledger.write() as connection:
        enqueue.code_requested(connection, asked, Channel.EMAIL, workspace.clock.time)
    workspace.clock.time += one_time_codes.CODE_LIFETIME
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("expired", "expired")]


def test_what_a_dead_process_had_claimed_is_uncertain_and_never_carried_again(workspace, changed):
    class Dies:
        async def open(self) -> None:
            raise KeyboardInterrupt

        async def close(self) -> None:
            """Never reached."""

    changed()
    with pytest.raises(KeyboardInterrupt):
        courier(workspace, providers(Dies())).send_waiting()
    assert states(workspace) == [("sending", None)]
    workspace.clock.time += timedelta(seconds=workspace.engine.context.repository.settings.dispatch.lease)
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("uncertain", "unknown_outcome")]


def test_what_may_have_gone_is_not_carried_again(workspace, changed):
    class Unsure:
        async def open(self) -> None:
            """Nothing is needed."""

        async def close(self) -> None:
            """Nothing is kept."""

        async def send(self, _message: object) -> Unknown:
            return Unknown("a line went dead")

    changed()
    assert courier(workspace, providers(Unsure())).send_waiting() == 0
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("uncertain", "unknown_outcome")]


async def test_sendgrid_carries_it_and_a_busy_one_is_asked_again(workspace, changed, tmp_path):
    changed()
    async with SendGridDouble() as double:
        settings = settings_with(Channel.EMAIL, provider="sendgrid", sendgrid={"base_url": double.url})
        at = ProviderContext(tmp_path, settings, {"SENDGRID_API_KEY": double.api_key})
        ours = courier(workspace, providers(EMAIL_PROVIDERS["sendgrid"](at)))
        double.fault_plan.script.append(ProviderFault.THROTTLE)
        assert await asyncio.to_thread(ours.send_waiting) == 0
        assert states(workspace) == [("pending", None)]
        workspace.clock.advance(minutes=15)
        assert await asyncio.to_thread(ours.send_waiting) == 1
        (sent,) = double.requests
    assert sent["personalizations"][0]["to"] == [{"email": f"{AINO}@example.org"}]
    assert AINO not in str(sent).replace(f"{AINO}@example.org", "")


async def test_smtp_and_twilio_carry_it_too(workspace, changed, tmp_path):
    changed()
    async with SmtpDouble() as mail, TwilioDouble() as phone:
        settings = settings_with(Channel.EMAIL, smtp={"host": mail.host, "port": mail.port, "security": "none"})
        secrets = {"TWILIO_ACCOUNT_SID": phone.account, "TWILIO_AUTH_TOKEN": phone.token}
        twilio = settings_with(Channel.SMS, provider="twilio", twilio={"base_url": phone.url})
        by_sms = SMS_PROVIDERS["twilio"](ProviderContext(tmp_path, twilio, secrets))
        ours = courier(workspace, providers(EMAIL_PROVIDERS["smtp"](ProviderContext(tmp_path, settings, {})), by_sms))
        assert await asyncio.to_thread(ours.send_waiting) == 1
        workspace.change_contact(AINO, email=None, mailbox=None)
        changed()
        assert await asyncio.to_thread(ours.send_waiting) == 1
    assert len(mail.mailboxes.received[f"{AINO}@example.org"]) == 1
    assert len(phone.mailboxes.received["+358401230001"]) == 1


async def test_a_provider_that_does_not_take_us_keeps_notes_waiting(workspace, changed, tmp_path, caplog):
    changed()
    settings = settings_with(Channel.EMAIL, provider="sendgrid")
    ours = courier(workspace, providers(EMAIL_PROVIDERS["sendgrid"](ProviderContext(tmp_path, settings, {}))))
    assert await asyncio.to_thread(ours.send_waiting) == 0
    assert states(workspace) == [("pending", None)]
    assert "SENDGRID_API_KEY" in caplog.text
    assert AINO not in caplog.text


ABOUT: Mapping[NoticeKind, Mapping[str, Any]] = {
    NoticeKind.CODE: {},
    NoticeKind.CHOICES: {"choices": [["email_own", False], ["no_direct_mail", True], ["newsletter:food", True]]},
    NoticeKind.ADDRESS: {},
    NoticeKind.SIGN_UP: {"newsletters": ["food"], "sign_up": 1},
    NoticeKind.KNOWN: {},
    NoticeKind.REQUEST: {"request": "restrict", "due": "2018-02-01"},
    NoticeKind.PUT_OFF: {"request": "access", "due": "2018-04-01", "because": "Arkisto {1/2} <haetaan>"},
    NoticeKind.REFUSED: {"request": "erase", "because": "Kirjanpitolaki velvoittaa"},
    NoticeKind.DONE: {"request": "erase"},
    NoticeKind.ERASED: {},
}


@pytest.mark.parametrize("kind", RequestKind)
def test_every_right_has_its_words(kind):
    said = notice_text(
        NoticeKind.REQUEST, {"request": kind.value, "due": "2018-02-01"}, NoticeValues(Language.SV), SETTINGS
    )
    assert "1.2.2018" in said.lead


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_note_is_written_in_every_language(kind, language):
    path = "/join/x" if kind in (NoticeKind.SIGN_UP, NoticeKind.KNOWN) else ""
    told = NoticeValues(language, "1234 5678", path, "<Aino>")
    said = notice_text(kind, ABOUT[kind], told, SETTINGS)
    email, sms = NoticeWriter(SETTINGS).email(said, language), NoticeWriter(SETTINGS).sms(said, language)
    for text in (email.html, email.text, sms.text):
        assert SETTINGS.organisation.telephone in text or kind in (
            NoticeKind.CODE,
            NoticeKind.SIGN_UP,
            NoticeKind.KNOWN,
        )
        assert "{{" not in text
    assert "&lt;Aino&gt;! " in email.html
    assert "<Aino>" not in email.html
    assert sms.segments <= 3


def test_what_is_named_by_what_it_forbids_is_told_as_what_comes():
    said = notice_text(NoticeKind.CHOICES, {"choices": [["no_direct_mail", True]]}, NoticeValues(Language.EN), SETTINGS)
    assert said.lines == ("Advertising letters: off",)


def test_nothing_of_ours_but_the_courier_speaks_of_providers_in_pages():
    pages = Path(__file__).parents[3] / "campaigns" / "web"
    assert not [path for path in pages.rglob("*.py") if "channels.registry" in path.read_text("utf-8")]
