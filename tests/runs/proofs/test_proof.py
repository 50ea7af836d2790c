"""Proofs: to our own addresses only, marked, counted nowhere."""

import asyncio
import json
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from audiences.tables import CHOICE_ENTRY
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Language
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.runs.proofs.send_proof import ProofRequest, send_proof
from campaigns.store.runs.run_tables import AUDIT, DECISION, DELIVERY, RATE_LIMIT, RUN
from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.sample_workspace import SampleWorkspace

OURS = 'internal_addresses: ["@kyla.example.org", "+358401112223", boss@elsewhere.example.com]'


@pytest.fixture
def written(workspace: SampleWorkspace) -> SampleWorkspace:
    workspace.add_setting(OURS)
    workspace.write_campaign("letter", TWO_VARIANTS)
    return workspace


def prove(workspace: SampleWorkspace, to: str, **wanted: Any) -> str:
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    return send_proof(workspace.engine, draft, ProofRequest(to, **wanted)).provider_id


def files(workspace: SampleWorkspace) -> list[Path]:
    return sorted(path for path in (workspace.root / "outbox").rglob("*") if path.is_file())


def refusal(workspace: SampleWorkspace, to: str, **wanted: Any) -> str:
    with pytest.raises(UserError) as refused:
        prove(workspace, to, **wanted)
    assert files(workspace) == []
    return refused.value.problems[0].code


def rows(workspace: SampleWorkspace, *tables: Table) -> list[int]:
    with workspace.engine.context.ledger.read() as connection:
        return [len(connection.execute(table.select()).all()) for table in tables]


def test_a_proof_is_marked_in_its_subject_and_goes_where_it_was_asked_to(written: SampleWorkspace) -> None:
    prove(written, "Aino@KYLA.example.org", language=Language.SV)
    [file] = files(written)
    message = message_from_bytes(file.read_bytes(), policy=SMTP)
    assert message["Subject"].startswith("[proof] ")
    assert message["To"].addresses[0].addr_spec == "Aino@kyla.example.org"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_text_message_is_as_it_would_be(written: SampleWorkspace) -> None:
    prove(written, "040 111 2223")
    [file] = files(written)
    assert json.loads(file.read_text("utf-8"))["to"] == "+358401112223"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("m01@example.org", "not_internal"),
        ("someone@sub.kyla.example.org", "not_internal"),
        ("someone@kyla.example.org.evil.example", "not_internal"),
        ("kyla.example.org@elsewhere.example.com", "not_internal"),
        ("+358401230001", "not_internal"),
        ("a@kyla.example.org\r\nBcc: m01@example.org", "bad_address"),
        ("a@kyla.example.org, m01@example.org", "bad_address"),
        ("nobody", "bad_address"),
    ],
)
def test_every_other_address_is_refused(written: SampleWorkspace, to: str, code: str) -> None:
    assert refusal(written, to) == code


def test_a_proof_consumes_and_counts_nothing_but_is_audited(written: SampleWorkspace) -> None:
    kept = (RUN, DECISION, DELIVERY, RATE_LIMIT, CHOICE_ENTRY)
    before = rows(written, *kept)
    for _ in range(3):
        prove(written, "aino@kyla.example.org", member="m02")
    assert len(files(written)) == 3
    assert rows(written, *kept) == before
    with written.engine.context.ledger.read() as connection:
        noted = [row for row in connection.execute(AUDIT.select()).mappings() if row["action"] == "proof"]
    assert [(row["subject"], row["actor"]) for row in noted] == [("letter", "tester")] * 3
    assert "aino" not in str(noted)
    assert "m02" not in str(noted)


def test_a_member_shows_their_own_message_and_one_who_gets_nothing_none(written: SampleWorkspace) -> None:
    prove(written, "aino@kyla.example.org", member="m02")
    [file] = files(written)
    assert "Nimi2" in message_from_bytes(file.read_bytes(), policy=SMTP).get_body(("plain",)).get_content()
    file.unlink()
    written.record_choices("m03", "no_marketing")
    assert refusal(written, "aino@kyla.example.org", member="m03") == "nothing_to_prove"


def test_a_variant_that_says_nothing_by_the_channel_is_refused(written: SampleWorkspace) -> None:
    assert refusal(written, "+358401112223", variant="rest") == "no_template"
    assert refusal(written, "aino@kyla.example.org", variant="lapp") == "no_template"


def test_the_links_of_a_proof_lead_nowhere(written: SampleWorkspace) -> None:
    prove(written, "aino@kyla.example.org", member="m02")
    [file] = files(written)
    link = message_from_bytes(file.read_bytes(), policy=SMTP)["List-Unsubscribe"].split("/u/")[1].split(">")[0]
    assert written.engine.context.signer.read_link("unsubscribe", link).run_number == 0


async def test_a_proof_goes_through_the_provider_of_the_settings(written: SampleWorkspace) -> None:
    async with SmtpDouble() as double:
        smtp = f"smtp: {{host: {double.host}, port: {double.port}, security: none}}"
        settings = written.root / "config" / "settings.yaml"
        settings.write_text(settings.read_text("utf-8").replace("email: {", f"email: {{provider: smtp, {smtp}, "))
        written.reload()
        await asyncio.to_thread(prove, written, "aino@kyla.example.org")
        assert list(double.mailboxes.received) == ["aino@kyla.example.org"]
    with pytest.raises(UserError, match="did not say that it took the message"):
        await asyncio.to_thread(prove, written, "aino@kyla.example.org")
