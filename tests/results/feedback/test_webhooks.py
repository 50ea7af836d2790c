"""The webhooks over HTTP: real signatures, replay, shuffling, forgery, size; stored before the answer."""

import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import closing

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import func, select

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.tables import SUPPRESSION
from campaigns.core import metrics
from campaigns.core.clock import Clock
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.event_tables import EVENT
from campaigns.web.app import application
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import EMAIL, SMS, stored_effects
from tests.support.wired_workspace import PUBLIC, REPLY, SENDGRID, WiredWorkspace, connect_doubles


@pytest.fixture
async def wired(workspace, monkeypatch) -> AsyncIterator[WiredWorkspace]:
    async with connect_doubles(workspace, monkeypatch) as wired:
        yield wired


def event_count(wired: WiredWorkspace) -> int:
    with wired.workspace.engine.context.ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(EVENT)).scalar_one()


def ledger_contents(wired: WiredWorkspace) -> dict:
    with wired.workspace.engine.context.ledger.read() as connection:
        return stored_effects(connection)


async def test_sg12_replayed_email_events_settle_deliveries_choices_and_suppressions(wired):
    """Bounce, complaint, drop, block and lost answers, posted three times and shuffled."""
    workspace = wired.workspace
    for member, fate in zip(MEMBERS, ("bounce", "complaint", "dropped", "blocked"), strict=False):
        workspace.change_contact(member, email=f"{fate}-{member}@example.org", mailbox=f"{fate}-{member}@example.org")
    wired.sendgrid.fault_plan.script_faults(*[ProviderFault.DROP_AFTER] * 3)
    run = await wired.send("offers", EMAIL)
    assert workspace.balance(run) == {"accepted": 21, "uncertain": 3}
    assert await wired.tell_mail(times=3) == {204}
    assert workspace.balance(run)["accepted"] + workspace.balance(run).get("refused", 0) == 24
    assert wired.sendgrid.mailboxes.duplicates == {}
    with workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(SUPPRESSION.c.value, SUPPRESSION.c.reason))
        assert {tuple(row) for row in rows} == {
            ("complaint-m02@example.org", "suppressed_complaint"),
            ("bounce-m01@example.org", "suppressed_hard_bounce"),
            ("dropped-m03@example.org", "suppressed_hard_bounce"),
        }
    assert not workspace.contact("m02")["email_own"]
    assert workspace.contact("m04")["email_own"]
    assert event_count(wired) == len(wired.sendgrid.events)
    before = ledger_contents(wired)
    assert await wired.tell_mail(times=2, size=3) == {204}
    assert ledger_contents(wired) == before


async def test_tw14_each_status_of_a_message_is_one_event(wired):
    workspace = wired.workspace  # the double refuses the number of m06 as invalid
    wired.twilio.fault_plan.script_faults(ProviderFault.DROP_AFTER, ProviderFault.DROP_AFTER)
    run = await wired.send("texts", SMS)
    assert workspace.balance(run) == {"accepted": 22, "uncertain": 2}
    assert await wired.tell_texts(times=3) == {204}
    assert workspace.balance(run) == {"accepted": 24}
    assert event_count(wired) == len(
        {(form["MessageSid"], form["MessageStatus"]) for _, form in wired.twilio.callbacks}
    )
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(SUPPRESSION.c.kind, SUPPRESSION.c.reason)).all() == [
            ("phone", "suppressed_invalid")
        ]


@pytest.mark.parametrize("text", ["STOP", "lopeta", " Stopp. ", "Seis kiitos"])
async def test_tw06_stop_is_stored_before_it_is_answered(wired, text):
    url, form, headers = wired.twilio.reply(f"{PUBLIC}{REPLY}", "+358401230001", text)
    answer = await wired.web.post(url.removeprefix(PUBLIC), data=form, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")  # requests no message: every message needs a claim
    contact = wired.workspace.contact("m01")
    assert not contact["sms_own"]
    assert contact["email_own"]
    assert "set-cookie" not in answer.headers


async def test_tw07_start_grants_nothing(wired):
    wired.workspace.record_choices("m01", "sms_own", on=False)
    url, form, headers = wired.twilio.reply(f"{PUBLIC}{REPLY}", "+358401230001", "START")
    assert (await wired.web.post(url.removeprefix(PUBLIC), data=form, headers=headers)).status_code == 200
    assert not wired.workspace.contact("m01")["sms_own"]
    assert event_count(wired) == 1


async def test_tw08_opt_out_at_twilio_is_recorded_here(wired):
    wired.twilio.opted_out_numbers.add("+358401230001")
    run = await wired.send("texts", SMS)
    assert wired.workspace.end_states(run)["m01"] == ("refused", "provider_opt_out")
    assert not wired.workspace.contact("m01")["sms_own"]
    assert wired.workspace.contact("m02")["sms_own"]
    assert [entry[2] for entry in ledger_contents(wired)["events"] if entry[3] == "m01"] == ["unsubscribed"]


def tampered_requests(body: bytes, headers: dict[str, str]) -> list[tuple[bytes, dict[str, str]]]:
    signature, timestamp = (next(name for name in headers if name.endswith(end)) for end in ("Signature", "Timestamp"))
    return [
        (body + b" ", headers),
        (json.dumps(json.loads(body), indent=1).encode(), headers),
        (body, {**headers, timestamp: str(int(headers[timestamp]) + 1)}),
        (body, {**headers, signature: headers[signature][:-8]}),
        (body, {**headers, signature: "%%%"}),
        (body, {}),
    ]


async def test_sg11_forged_or_stale_request_is_refused_and_logged_by_hash(wired, caplog):
    await wired.send("offers", EMAIL)
    events = wired.sendgrid.events
    body, headers = wired.sendgrid.sign_post(events)
    stale = wired.sendgrid.sign_post(events, at=1_500_000_000)
    with caplog.at_level(logging.WARNING):
        for raw, request_headers in [*tampered_requests(body, headers), stale]:
            answer = await wired.web.post(SENDGRID, content=raw, headers=request_headers)
            assert (answer.status_code, answer.content) == (403, b"")
    assert event_count(wired) == 0
    lines = [record.getMessage() for record in caplog.records if record.name == "viesti"]
    assert len(lines) == 7
    assert all("sendgrid" in line and "@" not in line for line in lines)


async def test_tw13_forged_form_or_another_url_is_refused(wired):
    url, form, headers = wired.twilio.reply(f"{PUBLIC}{REPLY}", "+358401230001", "STOP")
    path = url.removeprefix(PUBLIC)
    for target, fields, signature_headers in (
        (path, {**form, "From": "+358401230002"}, headers),
        (path, {**form, "Extra": "1"}, headers),
        (f"{path}?x=1", form, headers),
        (path, form, {}),
    ):
        assert (await wired.web.post(target, data=fields, headers=signature_headers)).status_code == 403
    assert event_count(wired) == 0
    assert wired.workspace.contact("m01")["sms_own"]


async def test_op05_large_batches_are_accepted_and_huge_bodies_refused(wired):
    await wired.send("offers", EMAIL)
    template = wired.sendgrid.events[0]
    events = [template | {"sg_event_id": f"{number}", "pad": "x" * 600} for number in range(1500)]
    body, headers = wired.sendgrid.sign_post(events)
    assert len(body) > 1024 * 1024
    assert (await wired.web.post(SENDGRID, content=body, headers=headers)).status_code == 204
    assert event_count(wired) == 1500
    huge, headers = wired.sendgrid.sign_post([event | {"pad": "x" * 10_000} for event in events])
    assert len(huge) > 10 * 1024 * 1024
    assert (await wired.web.post(SENDGRID, content=huge, headers=headers)).status_code == 413
    assert event_count(wired) == 1500


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[" * 100_000, b"\xff", b'[{"event": {}}'])
async def test_signed_body_without_a_list_of_events_is_refused(wired, body):
    _, headers = wired.sendgrid.sign_post([])
    headers = _sign(wired, body, headers)
    assert (await wired.web.post(SENDGRID, content=body, headers=headers)).status_code == 400
    assert event_count(wired) == 0


async def test_sg12_odd_entries_of_a_signed_batch_cost_the_others_nothing(wired, caplog):
    run = await wired.send("offers", EMAIL)
    await wired.tell_mail()
    good = [event | {"sg_event_id": f"again-{number}"} for number, event in enumerate(wired.sendgrid.events[:3])]
    before, counted = event_count(wired), unreadable_count()
    body, headers = wired.sendgrid.sign_post([good[0], None, *good[1:], [{"event": "click"}]])
    answer = await wired.web.post(SENDGRID, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"events": 3, "unreadable": 2})
    assert event_count(wired) == before + 3
    assert unreadable_count() == counted + 2
    assert wired.workspace.balance(run) == {"accepted": 24}
    (line,) = [record.getMessage() for record in caplog.records if "no events" in record.getMessage()]
    assert line.endswith(": 2 of 5 entries are no events; the others are stored")


def unreadable_count() -> float:
    return metrics._REGISTRY.get_sample_value("viesti_unreadable_events_total", {"provider": "sendgrid"}) or 0


async def test_c12_provider_times_are_compared_on_the_day_of_the_workspace(wired):
    """The workspace lives in 2018, the provider today: a yes given after the event holds."""
    await wired.send("offers", EMAIL)
    report = next(event for event in wired.sendgrid.events if event["email"] == "m01@example.org")
    unsubscribed = report | {"event": "unsubscribe", "sg_event_id": "u1", "timestamp": Clock().now().timestamp()}
    entry = ConsentEntry("m01", "email_own", True, wired.workspace.engine.context.clock.now(), ConsentSource.WEB)
    with wired.workspace.engine.context.ledger.write() as connection:
        choices.record_choices(connection, [entry])
    body, headers = wired.sendgrid.sign_post([unsubscribed])
    assert (await wired.web.post(SENDGRID, content=body, headers=headers)).status_code == 204
    assert wired.workspace.contact("m01")["email_own"]


def _sign(wired: WiredWorkspace, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    signature, timestamp = (next(name for name in headers if name.endswith(end)) for end in ("Signature", "Timestamp"))
    signed = wired.sendgrid.key.sign(headers[timestamp].encode() + body, ECDSA(SHA256()))
    return {**headers, signature: b64encode(signed).decode()}


async def test_webhook_without_its_secret_answers_503(workspace, monkeypatch):
    async with connect_doubles(workspace, monkeypatch) as wired:
        monkeypatch.delenv("SENDGRID_WEBHOOK_PUBLIC_KEY")
        monkeypatch.delenv("TWILIO_AUTH_TOKEN")
        transport = httpx.ASGITransport(application(workspace.engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7") as web:
            body, headers = wired.sendgrid.sign_post([])
            assert (await web.post(SENDGRID, content=body, headers=headers)).status_code == 503
            assert (await web.post(REPLY, data={"Body": "STOP"})).status_code == 503


async def test_events_are_on_disk_before_the_answer(wired, monkeypatch):
    """The answer is 503 while the ledger is unavailable; the provider's retry is stored."""
    await wired.send("offers", EMAIL)
    body, headers = wired.sendgrid.sign_post(wired.sendgrid.events)
    with closing(Ledger("sqlite:////nowhere/ledger.sqlite")) as missing_ledger, monkeypatch.context() as patch:
        patch.setattr(Ledger, "write", lambda _ledger, write=missing_ledger.write: write())
        assert (await wired.web.post(SENDGRID, content=body, headers=headers)).status_code == 503
    assert event_count(wired) == 0
    assert (await wired.web.post(SENDGRID, content=body, headers=headers)).status_code == 204
    assert event_count(wired) == len(wired.sendgrid.events)


@pytest.mark.parametrize("path", [SENDGRID, REPLY, "/webhooks/twilio/status"])
async def test_webhook_refuses_get(wired, path):
    assert (await wired.web.get(path)).status_code == 405
