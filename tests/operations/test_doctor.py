"""The doctor against a real name server and real listeners on the loopback, and against nothing at all."""

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

DOMAIN: Final = "lahde.example.org"
SPF: Final = {DOMAIN: ("v=spf1 ip4:192.0.2.1 -all", "site-verification=1")}
DMARC: Final = {f"_dmarc.{DOMAIN}": ("v=DMARC1; p=none; rua=mailto:d@lahde.example.org",)}
SIGNED: Final[Mapping[str, Any]] = {"dkim": {"domain": DOMAIN, "rsa": "mail", "ed25519": "mail-ed"}}
Records = Mapping[str, tuple[str, ...]]


def pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA: Final = generate_private_key(65537, 2048)
ED: Final = Ed25519PrivateKey.generate()
KEYS: Final = {"DKIM_RSA_KEY": pem(RSA), "DKIM_ED25519_KEY": pem(ED)}
RSA_SHOWN: Final = b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
ED_SHOWN: Final = b64encode(ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
SHOWN: Final = {
    f"mail._domainkey.{DOMAIN}": (f"v=DKIM1; k=rsa; p={RSA_SHOWN}",),
    f"mail-ed._domainkey.{DOMAIN}": (f"v=DKIM1; k=ed25519; p={ED_SHOWN}",),
}
GOOD: Final[Records] = {**SPF, **DMARC, **SHOWN}


def smtp(**changes: Any) -> Settings:
    wanted = {"host": "127.0.0.1", "port": 2525, "security": "none", **SIGNED, **changes}
    return settings_with(Channel.EMAIL, provider="smtp", smtp=wanted)


def mail(settings: Settings, records: Records, environment: Mapping[str, str] = KEYS) -> dict[str, list[FindingLevel]]:
    with NameServer(records) as server:
        found = list(MailDomain(settings.channels.email, environment, server.resolver).findings())
    return {check: [each.level for each in found if each.check == check] for check in {each.check for each in found}}


def test_e25_a_domain_in_order_passes() -> None:
    assert mail(smtp(), GOOD) == {
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
        ("dkim", {f"mail._domainkey.{DOMAIN}": (f"v=DKIM1; k=rsa; p={RSA_SHOWN[:-8]}AAAAAAAA",)}),
        ("dkim", {f"mail-ed._domainkey.{DOMAIN}": (f"v=DKIM1; p={ED_SHOWN}",)}),
        ("dkim", {f"mail._domainkey.{DOMAIN}": ("v=DKIM1; p=",)}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ()}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ("v=DMARC1; rua=mailto:x@example.org",)}),
        ("dmarc", {f"_dmarc.{DOMAIN}": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}),
    ],
)
def test_dl02_what_is_missing_or_wrong_in_dns_fails(check: str, records: Records) -> None:
    found = mail(smtp(), {**GOOD, **records})
    assert FindingLevel.FAIL in found.pop(check)
    assert {level for levels in found.values() for level in levels} == {FindingLevel.OK}


def test_dl02_the_policy_of_the_domain_above_counts() -> None:
    above = {"_dmarc.example.org": ("v=DMARC1; p=reject",), f"_dmarc.{DOMAIN}": ()}
    assert mail(smtp(), {**GOOD, **above})["dmarc"] == [FindingLevel.OK]


def test_a_private_key_that_is_not_there_fails() -> None:
    assert mail(smtp(), GOOD, {})["dkim"] == [FindingLevel.FAIL]


def test_a_name_server_that_says_nothing_is_a_warning() -> None:
    with NameServer(GOOD, silent=True) as server:
        found = list(MailDomain(smtp().channels.email, KEYS, server.resolver).findings())
    assert [each.level for each in found] == [FindingLevel.WARN] * 3
    assert all("could not be checked" in each.said for each in found)


def test_every_finding_that_is_not_well_has_a_next_step() -> None:
    with NameServer({}) as server:
        found = list(MailDomain(smtp().channels.email, {}, server.resolver).findings())
        found += providers.check_keys(smtp(), {})
    assert all(each.step for each in found if each.level is not FindingLevel.OK)


class Far(BaseHTTPRequestHandler):
    """Answers 404 at a time of its own."""

    at = ""

    def do_GET(self) -> None:
        self.send_response_only(404)
        self.send_header("Date", self.at)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass


async def reached(settings: Settings) -> dict[str, FindingLevel]:
    return {each.check: each.level for each in await providers.check_reachability(settings)}


@pytest.mark.parametrize(("off", "level"), [(0, FindingLevel.OK), (-3600, FindingLevel.FAIL), (600, FindingLevel.FAIL)])
async def test_a_clock_that_is_not_the_providers_fails(off: int, level: FindingLevel) -> None:
    at = datetime.fromtimestamp(datetime.now(UTC).timestamp() + off, UTC)  # noqa: TID251 - the real time is meant
    far = type("Then", (Far,), {"at": at.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    with HTTPServer(("127.0.0.1", 0), far) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        found = await reached(settings_with(Channel.SMS, provider="twilio", twilio={"base_url": url}))
        server.shutdown()
    assert found == {"endpoint": FindingLevel.OK, "clock": level}


async def test_what_cannot_be_reached_is_a_warning() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gone = {"base_url": f"http://127.0.0.1:{port}"}
    assert await reached(settings_with(Channel.SMS, provider="twilio", twilio=gone)) == {"endpoint": FindingLevel.WARN}
    assert await reached(smtp(port=port)) == {"endpoint": FindingLevel.WARN}


def test_keys_that_are_missing_fail_by_name() -> None:
    twilio = settings_with(Channel.SMS, provider="twilio")
    [failed] = [
        each for each in providers.check_keys(twilio, {"TWILIO_ACCOUNT_SID": "x"}) if each.level is FindingLevel.FAIL
    ]
    assert "TWILIO_AUTH_TOKEN" in failed.said
    assert "TWILIO_ACCOUNT_SID" not in failed.said


def test_what_is_fine_for_trying_out_fails_once_messages_leave() -> None:
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
def test_gd21_an_address_outside_the_union_is_warned_of(
    channel: Channel, provider: str, address: str, level: FindingLevel
) -> None:
    settings = settings_with(channel, provider=provider, **{provider: {"base_url": address}})
    assert [each.level for each in providers.check_regions(settings)] == [level]


def test_tw15_an_address_that_twilio_cannot_call_back_fails() -> None:
    """Even while nothing leaves: nobody should print a name that has to be another one later."""
    odd = SETTINGS.model_copy(update={"public_url": HttpUrl("https://osuuskauppa_lahde.example.org/")})
    found = providers.check_public_url(odd)
    assert (found.level, found.step) == (FindingLevel.FAIL, "another name")
    assert "`_`" in found.said


def test_stores_that_are_gone_fail(workspace: SampleWorkspace) -> None:
    assert {each.level for each in stores.check_stores(workspace.engine.context) if each.check != "disk"} == {
        FindingLevel.OK
    }
    next(workspace.engine.context.workspace.warehouse.glob("*.parquet")).unlink()
    assert stores.check_warehouse(workspace.engine.context.repository.warehouse).level is FindingLevel.FAIL
    with workspace.engine.context.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert stores.check_ledger(workspace.engine.context.ledger).level is FindingLevel.FAIL
    assert schema.HEAD in stores.check_ledger(workspace.engine.context.ledger).said


def test_data_grow_old(workspace: SampleWorkspace) -> None:
    workspace.clock.time = datetime(2017, 12, 11, tzinfo=UTC)
    assert stores.check_data_age(workspace.engine.context).level is FindingLevel.OK
    workspace.clock.advance(days=5)
    assert stores.check_data_age(workspace.engine.context).level is FindingLevel.WARN


def test_a_village_in_folders_has_nothing_that_fails(workspace: SampleWorkspace) -> None:
    with NameServer({}) as server:
        found = list(run_checks(workspace.engine.context, server.resolver, {}))
        assert server.queries == []  # nothing leaves, so nobody is asked
    assert FindingLevel.FAIL not in {each.level for each in found}


def test_the_command_says_each_check_with_its_next_step_and_fails_when_one_does(viesti: Shell) -> None:
    found = viesti("doctor", "--json").json
    assert set(found[0]) == {"check", "level", "said", "step"}
    settings = viesti.root / "config" / "settings.yaml"
    settings.write_text(settings.read_text("utf-8").replace("sms: {", "sms: {provider: twilio, ", 1), "utf-8")
    said = viesti("doctor", "--json", code=1)
    assert any(each["level"] == "fail" and "TWILIO" in each["said"] for each in json.loads(said.out))


def test_a_ledger_that_is_gone_is_one_finding_among_the_others(viesti: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIESTI_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/viesti")
    found = {each["check"]: each["level"] for each in viesti("doctor", "--json", code=1).json}
    assert (found["ledger"], found["warehouse"], found["data"]) == ("fail", "ok", "warn")


def test_fi24_the_sender_of_text_messages_is_said_with_its_authorisation() -> None:
    named = settings_with(Channel.SMS, provider="twilio")
    at_twilio = {"messaging_service": "MG" + "0" * 32}
    service = settings_with(Channel.SMS, provider="twilio", twilio=at_twilio, authorised=None)
    told = {
        name: list(providers.check_senders(each))[1].said for name, each in {"name": named, "service": service}.items()
    }
    assert "`Lahde`, which nobody can answer; authorised as an example" in told["name"]
    assert "are they authorised?" in told["service"]


@pytest.mark.parametrize("command", [("doctor",), ("check",), ("plan", "any")])
def test_fi24_no_command_takes_a_sender_that_is_not_authorised(viesti: Shell, command: tuple[str, ...]) -> None:
    settings = viesti.root / "config" / "settings.yaml"
    written = settings.read_text("utf-8").replace("authorised: {ref: an example}", "provider: twilio")
    settings.write_text(written, "utf-8")
    said = viesti(*command, code=1).err
    assert "`Kyla` may go to Finnish numbers only as a sender id that Traficom has authorised" in said
