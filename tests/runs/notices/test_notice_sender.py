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
from campaigns.runs.notices.sender import NoticeSender
from campaigns.store.runs.run_tables import NOTICE
from tests.support.provider_fixtures import SETTINGS, settings_with
from tests.support.sample_workspace import MEMBERS, Village

AINO = MEMBERS[0]


@pytest.fixture
def changed(village: Village) -> Callable[..., None]:
    """Leaves a confirmation of a change of choices."""

    def leave(member: str = AINO, *said: str) -> None:
        entries = [
            ConsentEntry(member, choice, False, village.hands.at, ConsentSource.DESK)
            for choice in said or ("email_own",)
        ]
        with village.engine.ledger.write() as connection:
            enqueue.choices_changed(connection, member, entries, village.hands.at)

    return leave


def states(village: Village) -> list[tuple[str, str | None]]:
    with village.engine.ledger.read() as connection:
        return [
            tuple(row) for row in connection.execute(select(NOTICE.c.state, NOTICE.c.reason).order_by(NOTICE.c.number))
        ]


def rows(village: Village) -> list[Mapping[str, Any]]:
    with village.engine.ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(NOTICE)).mappings()]


def courier(village: Village, providers: ChannelProviders) -> NoticeSender:
    engine = village.engine
    settings = engine.library.settings
    return NoticeSender(engine.ledger, providers, settings, engine.signer, engine.clock, NoticeWriter(settings))


def providers(email: Any = None, sms: Any = None) -> ChannelProviders:
    return ChannelProviders(email=email, sms=sms, post=None, phone=None)  # type: ignore[arg-type]


def test_a_confirmation_is_carried_once_whoever_asks_how_often(village, changed):
    changed()
    assert [village.engine.courier.send_waiting() for _ in range(3)] == [1, 0, 0]
    assert len(list((village.root / "outbox" / "notes" / "email").iterdir())) == 1
    assert states(village) == [("accepted", None)]


def test_two_processes_carry_each_note_once(village, changed):
    for member in MEMBERS[:8]:
        changed(member)
    other = Village(village.root, village.hands)
    try:
        carried = village.engine.courier.send_waiting() + other.engine.courier.send_waiting()
    finally:
        other.close()
    assert carried == len(list((village.root / "outbox" / "notes" / "email").iterdir())) == 8


def test_notes_are_counted_in_the_rate_of_the_account_and_wait_for_nobody(village, changed):
    settings_file = village.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    pace = account_limiter(village.engine.library.settings, Channel.EMAIL)
    for member in MEMBERS[:6]:
        changed(member)
    with village.engine.ledger.write() as connection:
        assert pace.available(connection, 1, village.hands.at) == 1
    assert village.engine.courier.send_waiting() == 6
    with village.engine.ledger.write() as connection:
        assert pace.available(connection, 1, village.hands.at) == 0


def test_what_notes_took_campaigns_wait_for(village, changed):
    """Six notes at four an hour go at once, and the campaign waits until their time is over."""
    settings_file = village.root / "config" / "settings.yaml"
    settings_file.write_text(
        settings_file.read_text("utf-8").replace("email: {", "email: {rate: 4 per hour, "), "utf-8"
    )
    text = 'purpose: marketing\nschedule: {at: "2018-01-05 10:30"}\naudience: {register: [owners, customers]}\n'
    run = village.start("offers", f"{text}channels: [email]\ncontent: {{email: hello}}\n")
    for member in MEMBERS[:6]:
        changed(member)
    assert village.engine.courier.send_waiting() == 6
    waits = village.send(run)
    assert village.balance(run) == {"pending": len(MEMBERS)}
    assert waits.resume_at is not None
    assert waits.resume_at - village.hands.at > timedelta(hours=1)
    village.hands.at = waits.resume_at
    village.send(run)
    assert village.balance(run)["accepted"] > 0


def test_the_dead_get_nothing(village, changed):
    changed()
    village.say(AINO, "deceased")
    assert village.engine.courier.send_waiting() == 0
    assert states(village) == [("withdrawn", "not_processed")]


def test_whoever_was_erased_gets_nothing(village, changed):
    changed()
    village.erase(AINO)
    assert village.engine.courier.send_waiting() == 0
    assert states(village) == [("withdrawn", "not_processed")]


def test_no_choice_forbids_a_confirmation(village, changed):
    village.say(AINO, "no_marketing", "restricted", "address_secret")
    changed()
    assert village.engine.courier.send_waiting() == 1


def test_without_a_mailbox_a_confirmation_goes_by_text_message(village, changed):
    village.move(AINO, email=None, mailbox=None)
    changed()
    assert village.engine.courier.send_waiting() == 1
    assert "+358401230001" in (village.root / "outbox" / "notes" / "sms.jsonl").read_text()


def test_an_address_that_bounced_is_not_written_to_but_a_code_asked_for_there_is(village, changed):
    village.suppress(AddressKind.EMAIL, f"{AINO}@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE)
    village.move(AINO, phone=None)
    changed()
    asked = CodeRequest("challenge", AINO)
    with village.engine.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, village.engine.signer, asked, village.hands.at)
        enqueue.code_requested(connection, asked, Channel.EMAIL, village.hands.at)
    assert village.engine.courier.send_waiting() == 1
    assert states(village) == [("withdrawn", "suppressed"), ("accepted", None)]


def test_no_row_holds_a_code_and_an_ended_note_holds_no_address(village):
    asked = CodeRequest("challenge", AINO, one_time_codes.CodeAim.EMAIL, "new@example.org")
    with village.engine.ledger.write() as connection:
        assert one_time_codes.issue_code(connection, village.engine.signer, asked, village.hands.at)
        enqueue.code_requested(connection, asked, Channel.EMAIL, village.hands.at)
    code = one_time_codes.code_digits(village.engine.signer, asked)
    assert code not in str(rows(village))
    assert village.engine.courier.send_waiting() == 1
    assert "new@example.org" not in str(rows(village))
    assert one_time_codes.format_code(code) in next((village.root / "outbox" / "notes" / "email").iterdir()).read_text()


def test_a_code_that_nobody_could_carry_in_time_is_not_carried_late(village):
    asked = CodeRequest("challenge", AINO)
    with village.engine.ledger.write() as connection:
        enqueue.code_requested(connection, asked, Channel.EMAIL, village.hands.at)
    village.hands.at += one_time_codes.CODE_LIFETIME
    assert village.engine.courier.send_waiting() == 0
    assert states(village) == [("expired", "expired")]


def test_what_a_dead_process_had_claimed_is_uncertain_and_never_carried_again(village, changed):
    class Dies:
        async def open(self) -> None:
            raise KeyboardInterrupt

        async def close(self) -> None:
            """Never reached."""

    changed()
    with pytest.raises(KeyboardInterrupt):
        courier(village, providers(Dies())).send_waiting()
    assert states(village) == [("sending", None)]
    village.hands.at += timedelta(seconds=village.engine.library.settings.dispatch.lease)
    assert village.engine.courier.send_waiting() == 0
    assert states(village) == [("uncertain", "unknown_outcome")]


def test_what_may_have_gone_is_not_carried_again(village, changed):
    class Unsure:
        async def open(self) -> None:
            """Nothing is needed."""

        async def close(self) -> None:
            """Nothing is kept."""

        async def send(self, _message: object) -> Unknown:
            return Unknown("a line went dead")

    changed()
    assert courier(village, providers(Unsure())).send_waiting() == 0
    assert village.engine.courier.send_waiting() == 0
    assert states(village) == [("uncertain", "unknown_outcome")]


async def test_sendgrid_carries_it_and_a_busy_one_is_asked_again(village, changed, tmp_path):
    changed()
    async with SendGridDouble() as double:
        settings = settings_with(Channel.EMAIL, provider="sendgrid", sendgrid={"base_url": double.url})
        at = ProviderContext(tmp_path, settings, {"SENDGRID_API_KEY": double.api_key})
        ours = courier(village, providers(EMAIL_PROVIDERS["sendgrid"](at)))
        double.fault_plan.script.append(ProviderFault.THROTTLE)
        assert await asyncio.to_thread(ours.send_waiting) == 0
        assert states(village) == [("pending", None)]
        village.hands.go(minutes=15)
        assert await asyncio.to_thread(ours.send_waiting) == 1
        (sent,) = double.requests
    assert sent["personalizations"][0]["to"] == [{"email": f"{AINO}@example.org"}]
    assert AINO not in str(sent).replace(f"{AINO}@example.org", "")


async def test_smtp_and_twilio_carry_it_too(village, changed, tmp_path):
    changed()
    async with SmtpDouble() as mail, TwilioDouble() as phone:
        settings = settings_with(Channel.EMAIL, smtp={"host": mail.host, "port": mail.port, "security": "none"})
        secrets = {"TWILIO_ACCOUNT_SID": phone.account, "TWILIO_AUTH_TOKEN": phone.token}
        twilio = settings_with(Channel.SMS, provider="twilio", twilio={"base_url": phone.url})
        by_sms = SMS_PROVIDERS["twilio"](ProviderContext(tmp_path, twilio, secrets))
        ours = courier(village, providers(EMAIL_PROVIDERS["smtp"](ProviderContext(tmp_path, settings, {})), by_sms))
        assert await asyncio.to_thread(ours.send_waiting) == 1
        village.move(AINO, email=None, mailbox=None)
        changed()
        assert await asyncio.to_thread(ours.send_waiting) == 1
    assert len(mail.mailboxes.received[f"{AINO}@example.org"]) == 1
    assert len(phone.mailboxes.received["+358401230001"]) == 1


async def test_a_provider_that_does_not_take_us_keeps_notes_waiting(village, changed, tmp_path, caplog):
    changed()
    settings = settings_with(Channel.EMAIL, provider="sendgrid")
    ours = courier(village, providers(EMAIL_PROVIDERS["sendgrid"](ProviderContext(tmp_path, settings, {}))))
    assert await asyncio.to_thread(ours.send_waiting) == 0
    assert states(village) == [("pending", None)]
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
