"""Doctor checks against a real name server and real loopback listeners, and against closed ports."""

import json
import socket
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import HttpUrl

from campaigns.core.model.enums import Channel
from campaigns.core.model.settings import Settings
from campaigns.operations.doctor import providers, stores
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.operations.doctor.mail_domain import MailDomain
from campaigns.operations.doctor.run_checks import run_checks
from campaigns.store.admin import schema
from tests.support.name_server import NameServer
from tests.support.provider_fixtures import SETTINGS, settings_with
from tests.support.sample_workspace import SampleWorkspace
from tests.support.shell import Shell

pytestmark = pytest.mark.loopback
DOMAIN: Final = "lahde.example.org"
SPF: Final = {DOMAIN: ("v=spf1 ip4:192.0.2.1 -all", "site-verification=1")}
DMARC: Final = {f"_dmarc.{DOMAIN}": ("v=DMARC1; p=none; rua=mailto:d@lahde.example.org",)}
DKIM_OPTIONS: Final[Mapping[str, Any]] = {"dkim": {"domain": DOMAIN, "rsa": "mail", "ed25519": "mail-ed"}}
Records = Mapping[str, tuple[str, ...]]


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA: Final = generate_private_key(65537, 2048)
ED: Final = Ed25519PrivateKey.generate()
KEYS: Final = {"DKIM_RSA_KEY": pem(RSA), "DKIM_ED25519_KEY": pem(ED)}
RSA_RECORD_KEY: Final = b64encode(
    RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
ED_RECORD_KEY: Final = b64encode(ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
DKIM_RECORDS: Final = {
    f"mail._domainkey.{DOMAIN}": (f"v=DKIM1; k=rsa; p={RSA_RECORD_KEY}",),
    f"mail-ed._domainkey.{DOMAIN}": (f"v=DKIM1; k=ed25519; p={ED_RECORD_KEY}",),
}
GOOD: Final[Records] = {**SPF, **DMARC, **DKIM_RECORDS}


def smtp(**changes: Any) -> Settings:
    options = {"host": "127.0.0.1", "port": 2525, "security": "none", **DKIM_OPTIONS, **changes}
    return settings_with(Channel.EMAIL, provider="smtp", smtp=options)


def mail_findings(
    settings: Settings, records: Records, environment: Mapping[str, str] = KEYS
) -> dict[str, list[FindingLevel]]:
    with NameServer(records) as server:
        findings = list(MailDomain(settings.channels.email, environment, server.resolver).findings())
    checks = {finding.check for finding in findings}
    return {check: [finding.level for finding in findings if finding.check == check] for check in checks}


def test_e25_a_domain_in_order_passes() -> None:
    assert mail_findings(smtp(), GOOD) == {
        "spf": [FindingLevel.OK],
        "dkim": [FindingLevel.OK, FindingLevel.OK],
        "dmarc": [FindingLevel.OK],
    }


@pytest.mark.parametrize(
    ("check", "records"),
    [
        ("spf", {DOMAIN: ()}),
        ("spf", {DOMAIN: ("v=spf1 -all", "v=spf1 ~all")}),
        ("spf", {DOMAIN: ("v=spf1 +all",)}),
        ("dkim", {f"mail._domainkey.{DOMAIN}": ()}),
        ("dkim", {f"mail._domainkey.{DOMAIN}": (f"v=DKIM1; k=rsa; p={RSA_RECORD_KEY[:-8]}AAAAAAAA",)}),
        ("dkim", {f"mail-ed._domainkey.{DOMAIN}": (f"v=DKIM1; p={ED_RECORD_KEY}",)}),
        ("dkim", {f"mail._domainkey.{DOMAIN}": ("v=DKIM1; p=",)}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ()}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ("v=DMARC1; rua=mailto:x@example.org",)}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}),
    ],
)
def test_dl02_missing_or_wrong_dns_records_fail(check: str, records: Records) -> None:
    levels_by_check = mail_findings(smtp(), {**GOOD, **records})
    assert FindingLevel.FAIL in levels_by_check.pop(check)
    assert {level for levels in levels_by_check.values() for level in levels} == {FindingLevel.OK}


def test_dl02_dmarc_policy_of_the_parent_domain_counts() -> None:
    above = {"_dmarc.example.org": ("v=DMARC1; p=reject",), f"_dmarc.{DOMAIN}": ()}
    assert mail_findings(smtp(), {**GOOD, **above})["dmarc"] == [FindingLevel.OK]


def test_missing_private_key_fails() -> None:
    assert mail_findings(smtp(), GOOD, {})["dkim"] == [FindingLevel.FAIL]


@pytest.mark.long
def test_silent_name_server_is_a_warning() -> None:
    with NameServer(GOOD, silent=True) as server:
        findings = list(MailDomain(smtp().channels.email, KEYS, server.resolver).findings())
    assert [finding.level for finding in findings] == [FindingLevel.WARN] * 3
    assert all("could not be checked" in finding.said for finding in findings)


def test_every_warning_and_failure_has_a_next_step() -> None:
    with NameServer({}) as server:
        findings = list(MailDomain(smtp().channels.email, {}, server.resolver).findings())
        findings += providers.check_keys(smtp(), {})
    assert all(finding.step for finding in findings if finding.level is not FindingLevel.OK)


class DatedServer(BaseHTTPRequestHandler):
    """Answers 404 with a date of its own."""

    date = ""

    def do_GET(self) -> None:
        self.send_response_only(404)
        self.send_header("Date", self.date)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


async def endpoint_levels(settings: Settings) -> dict[str, FindingLevel]:
    return {finding.check: finding.level for finding in await providers.check_reachability(settings)}


@pytest.mark.parametrize(("off", "level"), [(0, FindingLevel.OK), (-3600, FindingLevel.FAIL), (600, FindingLevel.FAIL)])
async def test_clock_that_differs_from_the_providers_fails(off: int, level: FindingLevel) -> None:
    at = datetime.fromtimestamp(datetime.now(UTC).timestamp() + off, UTC)  # noqa: TID251 - the real time is meant
    handler = type("Dated", (DatedServer,), {"date": at.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        levels = await endpoint_levels(settings_with(Channel.SMS, provider="twilio", twilio={"base_url": url}))
        server.shutdown()
    assert levels == {"endpoint": FindingLevel.OK, "clock": level}


async def test_unreachable_endpoint_is_a_warning() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gone = {"base_url": f"http://127.0.0.1:{port}"}
    assert await endpoint_levels(settings_with(Channel.SMS, provider="twilio", twilio=gone)) == {
        "endpoint": FindingLevel.WARN
    }
    assert await endpoint_levels(smtp(port=port)) == {"endpoint": FindingLevel.WARN}


def test_missing_keys_fail_by_name() -> None:
    twilio = settings_with(Channel.SMS, provider="twilio")
    [failed] = [
        finding
        for finding in providers.check_keys(twilio, {"TWILIO_ACCOUNT_SID": "x"})
        if finding.level is FindingLevel.FAIL
    ]
    assert "TWILIO_AUTH_TOKEN" in failed.said
    assert "TWILIO_ACCOUNT_SID" not in failed.said


def test_trial_settings_fail_once_messages_leave() -> None:
    real = smtp()
    assert (providers.check_public_url(SETTINGS).level, providers.check_clock(SETTINGS).level) == (
        FindingLevel.WARN,
        FindingLevel.WARN,
    )
    assert (providers.check_public_url(real).level, providers.check_clock(real).level) == (
        FindingLevel.FAIL,
        FindingLevel.FAIL,
    )


@pytest.mark.parametrize(
    ("channel", "provider", "address", "level"),
    [
        (Channel.EMAIL, "sendgrid", "https://api.eu.sendgrid.com", FindingLevel.OK),
        (Channel.EMAIL, "sendgrid", "https://api.sendgrid.com", FindingLevel.WARN),
        (Channel.SMS, "twilio", "https://api.dublin.ie1.twilio.com", FindingLevel.OK),
        (Channel.SMS, "twilio", "https://api.twilio.com", FindingLevel.WARN),
    ],
)
def test_gd21_endpoint_outside_the_european_union_is_a_warning(
    channel: Channel, provider: str, address: str, level: FindingLevel
) -> None:
    settings = settings_with(channel, provider=provider, **{provider: {"base_url": address}})
    assert [finding.level for finding in providers.check_regions(settings)] == [level]


def test_tw15_public_url_that_twilio_cannot_call_fails() -> None:
    """It fails even while nothing leaves, before the name is printed anywhere."""
    odd = SETTINGS.model_copy(update={"public_url": HttpUrl("https://osuuskauppa_lahde.example.org/")})
    finding = providers.check_public_url(odd)
    assert (finding.level, finding.step) == (FindingLevel.FAIL, "another name")
    assert "`_`" in finding.said


def test_missing_stores_fail(workspace: SampleWorkspace) -> None:
    assert {finding.level for finding in stores.check_stores(workspace.engine.context) if finding.check != "disk"} == {
        FindingLevel.OK
    }
    next(workspace.engine.context.workspace.warehouse.glob("*.parquet")).unlink()
    assert stores.check_warehouse(workspace.engine.context.repository.warehouse).level is FindingLevel.FAIL
    with workspace.engine.context.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert stores.check_ledger(workspace.engine.context.ledger).level is FindingLevel.FAIL
    assert schema.HEAD in stores.check_ledger(workspace.engine.context.ledger).said


def test_old_data_is_a_warning(workspace: SampleWorkspace) -> None:
    workspace.clock.time = datetime(2017, 12, 11, tzinfo=UTC)
    assert stores.check_data_age(workspace.engine.context).level is FindingLevel.OK
    workspace.clock.advance(days=5)
    assert stores.check_data_age(workspace.engine.context).level is FindingLevel.WARN


def test_workspace_with_folder_providers_has_no_failure(workspace: SampleWorkspace) -> None:
    with NameServer({}) as server:
        findings = list(run_checks(workspace.engine.context, server.resolver, {}))
        assert server.queries == []  # nothing leaves, so no query is made
    assert FindingLevel.FAIL not in {finding.level for finding in findings}


def test_doctor_command_lists_every_check_and_fails_when_one_does(viesti: Shell) -> None:
    findings = viesti("doctor", "--json").json
    assert set(findings[0]) == {"check", "level", "said", "step"}
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("sms: {", "sms: {provider: twilio, ", 1), "utf-8")
    result = viesti("doctor", "--json", code=1)
    assert any(row["level"] == "fail" and "TWILIO" in row["said"] for row in json.loads(result.out))


def test_unreachable_ledger_is_one_finding_among_others(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIESTI_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/viesti")
    levels = {row["check"]: row["level"] for row in viesti("doctor", "--json", code=1).json}
    assert (levels["ledger"], levels["warehouse"], levels["data"]) == ("fail", "ok", "warn")


def test_fi24_sms_sender_is_listed_with_its_authorisation() -> None:
    named = settings_with(Channel.SMS, provider="twilio")
    at_twilio = {"messaging_service": "MG" + "0" * 32}
    service = settings_with(Channel.SMS, provider="twilio", twilio=at_twilio, authorised=None)
    reasons = {
        name: list(providers.check_senders(settings))[1].said
        for name, settings in {"name": named, "service": service}.items()
    }
    assert "`Lahde`, which nobody can answer; authorised as an example" in reasons["name"]
    assert "are they authorised?" in reasons["service"]


@pytest.mark.parametrize("command", [("doctor",), ("check",), ("plan", "any")])
def test_fi24_every_command_refuses_an_unauthorised_sender(viesti: Shell, command: tuple[str, ...]) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8").replace("authorised: {ref: an example}", "provider: twilio")
    settings.write_text(text, "utf-8")
    error = viesti(*command, code=1).err
    assert "`Kyla` may go to Finnish numbers only as a sender id that Traficom has authorised" in error
