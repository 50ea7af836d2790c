"""Proofs: sent to our own addresses only, marked, and counted nowhere."""

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
from campaigns.store.people.people_tables import AUDIT
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RATE_LIMIT, RUN
from tests.support.sample_campaigns import TWO_VARIANTS
from tests.support.sample_workspace import SampleWorkspace

OURS = 'internal_addresses: ["@kyla.example.org", "+358401112223", boss@elsewhere.example.com]'


@pytest.fixture
def campaign_workspace(workspace: SampleWorkspace) -> SampleWorkspace:
    workspace.add_setting(OURS)
    workspace.write_campaign("letter", TWO_VARIANTS)
    return workspace


def send_to(workspace: SampleWorkspace, to: str, **options: Any) -> str:
    draft, _ = workspace.engine.context.repository.campaign_definition("letter")
    return send_proof(workspace.engine.queries, draft, ProofRequest(to, **options)).provider_id


def files(workspace: SampleWorkspace) -> list[Path]:
    return sorted(path for path in (workspace.root / "outbox").rglob("*") if path.is_file())


def refusal(workspace: SampleWorkspace, to: str, **options: Any) -> str:
    with pytest.raises(UserError) as refused:
        send_to(workspace, to, **options)
    assert files(workspace) == []
    return refused.value.problems[0].code


def row_counts(workspace: SampleWorkspace, *tables: Table) -> list[int]:
    with workspace.engine.context.ledger.read() as connection:
        return [len(connection.execute(table.select()).all()) for table in tables]


def test_proof_is_marked_in_its_subject_and_goes_to_the_given_address(campaign_workspace: SampleWorkspace) -> None:
    send_to(campaign_workspace, "Aino@KYLA.example.org", language=Language.SV)
    [file] = files(campaign_workspace)
    message = message_from_bytes(file.read_bytes(), policy=SMTP)
    assert message["Subject"].startswith("[proof] ")
    assert message["To"].addresses[0].addr_spec == "Aino@kyla.example.org"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_proof_of_a_text_message_goes_to_the_given_number(campaign_workspace: SampleWorkspace) -> None:
    send_to(campaign_workspace, "040 111 2223")
    [file] = files(campaign_workspace)
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
def test_external_and_malformed_addresses_are_refused(campaign_workspace: SampleWorkspace, to: str, code: str) -> None:
    assert refusal(campaign_workspace, to) == code


def test_a_proof_consumes_and_counts_nothing_but_is_audited(campaign_workspace: SampleWorkspace) -> None:
    tables = (RUN, DECISION, DELIVERY, RATE_LIMIT, CHOICE_ENTRY)
    before = row_counts(campaign_workspace, *tables)
    for _ in range(3):
        send_to(campaign_workspace, "aino@kyla.example.org", member="m02")
    assert len(files(campaign_workspace)) == 3
    assert row_counts(campaign_workspace, *tables) == before
    with campaign_workspace.engine.context.ledger.read() as connection:
        audit_rows = [row for row in connection.execute(AUDIT.select()).mappings() if row["action"] == "proof"]
    assert [(row["subject"], row["actor"]) for row in audit_rows] == [("letter", "tester")] * 3
    assert "aino" not in str(audit_rows)
    assert "m02" not in str(audit_rows)


def test_proof_for_a_member_shows_their_message_or_is_refused(campaign_workspace: SampleWorkspace) -> None:
    send_to(campaign_workspace, "aino@kyla.example.org", member="m02")
    [file] = files(campaign_workspace)
    assert "Nimi2" in message_from_bytes(file.read_bytes(), policy=SMTP).get_body(("plain",)).get_content()
    file.unlink()
    campaign_workspace.record_choices("m03", "no_marketing")
    assert refusal(campaign_workspace, "aino@kyla.example.org", member="m03") == "nothing_to_prove"


def test_variant_without_a_template_for_the_channel_is_refused(campaign_workspace: SampleWorkspace) -> None:
    assert refusal(campaign_workspace, "+358401112223", variant="rest") == "no_template"
    assert refusal(campaign_workspace, "aino@kyla.example.org", variant="lapp") == "no_template"


def test_links_of_a_proof_belong_to_no_run(campaign_workspace: SampleWorkspace) -> None:
    send_to(campaign_workspace, "aino@kyla.example.org", member="m02")
    [file] = files(campaign_workspace)
    link = message_from_bytes(file.read_bytes(), policy=SMTP)["List-Unsubscribe"].split("/u/")[1].split(">")[0]
    assert campaign_workspace.engine.context.signer.read_link("unsubscribe", link).run_number == 0


async def test_proof_uses_the_provider_in_the_settings(campaign_workspace: SampleWorkspace) -> None:
    async with SmtpDouble() as double:
        smtp = f"smtp: {{host: {double.host}, port: {double.port}, security: none}}"
        settings = campaign_workspace.root / "config" / "settings.yaml"
        settings.write_text(settings.read_text("utf-8").replace("email: {", f"email: {{provider: smtp, {smtp}, "))
        campaign_workspace.reload()
        await asyncio.to_thread(send_to, campaign_workspace, "aino@kyla.example.org")
        assert list(double.mailboxes.received) == ["aino@kyla.example.org"]
    with pytest.raises(UserError, match="did not say that it took the message"):
        await asyncio.to_thread(send_to, campaign_workspace, "aino@kyla.example.org")


@pytest.mark.hostile
@pytest.mark.parametrize("number", ["+46701234567", "+18765551234", "+2482512345", "+35891234567"])
def test_proof_goes_to_no_number_of_a_country_that_is_not_served(workspace: SampleWorkspace, number: str) -> None:
    workspace.add_setting(f'internal_addresses: ["{number}"]')
    workspace.write_campaign("letter", TWO_VARIANTS)
    assert refusal(workspace, number) == "country_not_served"
