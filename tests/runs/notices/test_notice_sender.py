"""Notice sender: codes and confirmations reach the member over the chosen provider, at most once."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from audiences.access import one_time_codes
from audiences.access.numeric_codes import format_code
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
from campaigns.store.people.people_tables import NOTICE
from tests.support.provider_fixtures import SETTINGS, settings_with
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO = MEMBERS[0]


@pytest.fixture
def enqueue_confirmation(workspace: SampleWorkspace) -> Callable[..., None]:
    """Return a function that enqueues a confirmation of changed choices."""

    def enqueue_choices(member: str = AINO, *choices: str) -> None:
        entries = [
            ConsentEntry(member, choice, False, workspace.clock.time, ConsentSource.DESK)
            for choice in choices or ("email_own",)
        ]
        with workspace.engine.context.ledger.write() as connection:
            enqueue.choices_changed(connection, member, entries, workspace.clock.time)

    return enqueue_choices


def states(workspace: SampleWorkspace) -> list[tuple[str, str | None]]:
    with workspace.engine.context.ledger.read() as connection:
        return [
            tuple(row) for row in connection.execute(select(NOTICE.c.state, NOTICE.c.reason).order_by(NOTICE.c.number))
        ]


def rows(workspace: SampleWorkspace) -> list[Mapping[str, Any]]:
    with workspace.engine.context.ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(NOTICE)).mappings()]


def notice_sender(workspace: SampleWorkspace, providers: ChannelProviders) -> NoticeSender:
    engine = workspace.engine
    settings = engine.context.repository.settings
    return NoticeSender(
        engine.context.ledger, providers, settings, engine.context.signer, engine.context.clock, NoticeWriter(settings)
    )


def channel_providers(email: Any = None, sms: Any = None) -> ChannelProviders:
    return ChannelProviders(email=email, sms=sms, post=None, phone=None)  # type: ignore[arg-type]


def test_confirmation_is_sent_once_over_repeated_rounds(workspace, enqueue_confirmation):
    enqueue_confirmation()
    assert [workspace.engine.notice_sender.send_waiting() for _ in range(3)] == [1, 0, 0]
    assert len(list((workspace.root / "outbox" / "notes" / "email").iterdir())) == 1
    assert states(workspace) == [("accepted", None)]


def test_two_processes_send_each_notice_once(workspace, enqueue_confirmation):
    for member in MEMBERS[:8]:
        enqueue_confirmation(member)
    other = SampleWorkspace(workspace.root, workspace.clock)
    try:
        sent = workspace.engine.notice_sender.send_waiting() + other.engine.notice_sender.send_waiting()
    finally:
        other.close()
    assert sent == len(list((workspace.root / "outbox" / "notes" / "email").iterdir())) == 8


def test_notices_count_in_the_account_rate_and_do_not_wait_for_it(workspace, enqueue_confirmation):
    settings_file = workspace.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    limiter = account_limiter(workspace.engine.context.repository.settings, Channel.EMAIL)
    for member in MEMBERS[:6]:
        enqueue_confirmation(member)
    with workspace.engine.context.ledger.write() as connection:
        assert limiter.available(connection, 1, workspace.clock.time) == 1
    assert workspace.engine.notice_sender.send_waiting() == 6
    with workspace.engine.context.ledger.write() as connection:
        assert limiter.available(connection, 1, workspace.clock.time) == 0


def test_campaigns_wait_for_the_rate_that_notices_used(workspace, enqueue_confirmation):
    """Six notices at four an hour go at once, and the campaign waits until their time is over."""
    settings_file = workspace.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    text = 'purpose: marketing\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: [owners, customers]}\n'
    run = workspace.start("offers", f"{text}channels: [email]\ncontent: {{email: hello}}\n")
    for member in MEMBERS[:6]:
        enqueue_confirmation(member)
    assert workspace.engine.notice_sender.send_waiting() == 6
    result = workspace.send(run)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    assert result.resume_at is not None
    assert result.resume_at - workspace.clock.time > timedelta(hours=1)
    workspace.clock.time = result.resume_at
    workspace.send(run)
    assert workspace.balance(run)["accepted"] > 0


def test_deceased_member_gets_no_notice(workspace, enqueue_confirmation):
    enqueue_confirmation()
    workspace.record_choices(AINO, "deceased")
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("withdrawn", "not_processed")]


def test_erased_member_gets_no_notice(workspace, enqueue_confirmation):
    enqueue_confirmation()
    workspace.erase(AINO)
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("withdrawn", "not_processed")]


def test_no_choice_forbids_a_confirmation(workspace, enqueue_confirmation):
    workspace.record_choices(AINO, "no_marketing", "restricted", "address_secret")
    enqueue_confirmation()
    assert workspace.engine.notice_sender.send_waiting() == 1


def test_confirmation_goes_by_text_message_without_an_email_address(workspace, enqueue_confirmation):
    workspace.change_contact(AINO, email=None, mailbox=None)
    enqueue_confirmation()
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert "+358401230001" in (workspace.root / "outbox" / "notes" / "sms.jsonl").read_text()


def test_bounced_address_gets_a_requested_code_but_no_confirmation(workspace, enqueue_confirmation):
    workspace.suppress(AddressKind.EMAIL, f"{AINO}@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    workspace.change_contact(AINO, phone=None)
    enqueue_confirmation()
    request = CodeRequest("challenge", AINO)
    with workspace.engine.context.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, workspace.engine.context.signer, request, workspace.clock.time)
        enqueue.code_requested(connection, request, Channel.EMAIL, workspace.clock.time)
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert states(workspace) == [("withdrawn", "suppressed"), ("accepted", None)]


def test_no_row_holds_a_code_and_an_ended_notice_holds_no_address(workspace):
    request = CodeRequest("challenge", AINO, one_time_codes.CodeAim.EMAIL, "new@example.org")
    with workspace.engine.context.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, workspace.engine.context.signer, request, workspace.clock.time)
        enqueue.code_requested(connection, request, Channel.EMAIL, workspace.clock.time)
    code = one_time_codes.code_digits(workspace.engine.context.signer, request)
    assert code not in str(rows(workspace))
    assert workspace.engine.notice_sender.send_waiting() == 1
    assert "new@example.org" not in str(rows(workspace))
    assert format_code(code) in next((workspace.root / "outbox" / "notes" / "email").iterdir()).read_text()


def test_code_not_sent_in_time_expires(workspace):
    request = CodeRequest("challenge", AINO)
    with workspace.engine.context.ledger.write() as connection:
        enqueue.code_requested(connection, request, Channel.EMAIL, workspace.clock.time)
    workspace.clock.time += one_time_codes.CODE_LIFETIME
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("expired", "expired")]


def test_notice_claimed_by_a_dead_process_is_uncertain_and_never_resent(workspace, enqueue_confirmation):
    class DyingProvider:
        async def open(self) -> None:
            raise KeyboardInterrupt

        async def close(self) -> None:
            """Not reached."""

    enqueue_confirmation()
    with pytest.raises(KeyboardInterrupt):
        notice_sender(workspace, channel_providers(DyingProvider())).send_waiting()
    assert states(workspace) == [("sending", None)]
    workspace.clock.time += timedelta(seconds=workspace.engine.context.repository.settings.dispatch.lease)
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("uncertain", "unknown_outcome")]


def test_notice_with_an_unknown_outcome_is_not_resent(workspace, enqueue_confirmation):
    class UnsureProvider:
        async def open(self) -> None:
            """Nothing to open."""

        async def close(self) -> None:
            """Nothing to close."""

        async def send(self, _message: object) -> Unknown:
            return Unknown("no answer in time")

    enqueue_confirmation()
    assert notice_sender(workspace, channel_providers(UnsureProvider())).send_waiting() == 0
    assert workspace.engine.notice_sender.send_waiting() == 0
    assert states(workspace) == [("uncertain", "unknown_outcome")]


async def test_sendgrid_sends_a_notice_again_after_throttling(workspace, enqueue_confirmation, tmp_path):
    enqueue_confirmation()
    async with SendGridDouble() as double:
        settings = settings_with(Channel.EMAIL, provider="sendgrid", sendgrid={"base_url": double.url})
        context = ProviderContext(tmp_path, settings, {"SENDGRID_API_KEY": double.api_key})
        sender = notice_sender(workspace, channel_providers(EMAIL_PROVIDERS["sendgrid"](context)))
        double.fault_plan.script.append(ProviderFault.THROTTLE)
        assert await asyncio.to_thread(sender.send_waiting) == 0
        assert states(workspace) == [("pending", None)]
        workspace.clock.advance(minutes=15)
        assert await asyncio.to_thread(sender.send_waiting) == 1
        (request,) = double.requests
    assert request["personalizations"][0]["to"] == [{"email": f"{AINO}@example.org"}]
    assert AINO not in str(request).replace(f"{AINO}@example.org", "")


async def test_smtp_and_twilio_send_notices(workspace, enqueue_confirmation, tmp_path):
    enqueue_confirmation()
    async with SmtpDouble() as mail, TwilioDouble() as phone:
        settings = settings_with(Channel.EMAIL, smtp={"host": mail.host, "port": mail.port, "security": "none"})
        secrets = {"TWILIO_ACCOUNT_SID": phone.account, "TWILIO_AUTH_TOKEN": phone.token}
        twilio = settings_with(Channel.SMS, provider="twilio", twilio={"base_url": phone.url})
        by_sms = SMS_PROVIDERS["twilio"](ProviderContext(tmp_path, twilio, secrets))
        sender = notice_sender(
            workspace, channel_providers(EMAIL_PROVIDERS["smtp"](ProviderContext(tmp_path, settings, {})), by_sms)
        )
        assert await asyncio.to_thread(sender.send_waiting) == 1
        workspace.change_contact(AINO, email=None, mailbox=None)
        enqueue_confirmation()
        assert await asyncio.to_thread(sender.send_waiting) == 1
    assert len(mail.mailboxes.received[f"{AINO}@example.org"]) == 1
    assert len(phone.mailboxes.received["+358401230001"]) == 1


async def test_misconfigured_provider_keeps_notices_waiting(workspace, enqueue_confirmation, tmp_path, caplog):
    enqueue_confirmation()
    settings = settings_with(Channel.EMAIL, provider="sendgrid")
    sender = notice_sender(
        workspace, channel_providers(EMAIL_PROVIDERS["sendgrid"](ProviderContext(tmp_path, settings, {})))
    )
    assert await asyncio.to_thread(sender.send_waiting) == 0
    assert states(workspace) == [("pending", None)]
    assert "SENDGRID_API_KEY" in caplog.text
    assert AINO not in caplog.text


NOTICE_DATA: Mapping[NoticeKind, Mapping[str, Any]] = {
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
    NoticeKind.PROOF: {"change": 1, "nonce": 1},
    NoticeKind.HELD: {"request": "access", "opens_at": "2018-01-04T08:00:00+00:00", "held": 1, "nonce": 1},
    NoticeKind.CALLER: {"check": 1, "nonce": 1},
}


@pytest.mark.parametrize("kind", RequestKind)
def test_every_right_has_a_notice_text(kind):
    notice = notice_text(
        NoticeKind.REQUEST, {"request": kind.value, "due": "2018-02-01"}, NoticeValues(Language.SV), SETTINGS
    )
    assert "1.2.2018" in notice.lead


LINKED = (NoticeKind.SIGN_UP, NoticeKind.KNOWN, NoticeKind.PROOF, NoticeKind.ADDRESS, NoticeKind.HELD)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_is_written_in_every_language(kind, language):
    path = "/join/x" if kind in LINKED else ""
    values = NoticeValues(language, "1234 5678", path, "<Aino>")
    notice = notice_text(kind, NOTICE_DATA[kind], values, SETTINGS)
    email, sms = NoticeWriter(SETTINGS).email(notice, language), NoticeWriter(SETTINGS).sms(notice, language)
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


def test_objection_is_described_by_the_messages_it_stops():
    notice = notice_text(
        NoticeKind.CHOICES, {"choices": [["no_direct_mail", True]]}, NoticeValues(Language.EN), SETTINGS
    )
    assert notice.lines == ("Advertising letters: off",)


def test_web_pages_use_no_channel_provider():
    pages = Path(__file__).parents[3] / "campaigns" / "web"
    assert not [path for path in pages.rglob("*.py") if "channels.registry" in path.read_text("utf-8")]
