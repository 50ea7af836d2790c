"""SMTP provider: the outcome of each reply at every step (SM-01, SM-02, E-03, E-10, DL-06)."""

import asyncio
from dataclasses import replace

import aiosmtpd.smtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.dkim import load_dkim_signer
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.smtp import SmtpEmail, outcome_of_reply
from campaigns.channels.smtp_session import SmtpReply, dot_stuffed
from campaigns.channels.smtp_status import SmtpFault, enhanced_code, fault_of
from campaigns.core.model.enums import Channel
from campaigns.core.model.provider_settings import DkimSettings, SmtpSecurity, SmtpSettings
from campaigns.core.model.reasons import EndReason
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.demo.rehearsal.doubles.smtp_connection import SmtpStepFault
from tests.support.claimed_deliveries import claim
from tests.support.provider_fixtures import open_provider

pytestmark = pytest.mark.loopback
STEPS = ("MAIL", "RCPT", "DATA", "message")
ALL = ("PIPELINING", "8BITMIME", "SMTPUTF8")
PIPELINED = pytest.mark.parametrize("extensions", [ALL, ("8BITMIME",)], ids=["pipelined", "sequential"])


def provider_for(double: SmtpDouble, **changes) -> SmtpEmail:
    """Return a provider that connects to a double without encryption."""
    values = {"host": double.host, "port": double.port, "security": SmtpSecurity.NONE, **changes}
    return SmtpEmail(SmtpSettings.model_validate(values), "b@lahde.example.org", timeout=10)


@pytest.fixture
def send(email, claimed):
    """Function that sends one message; a misconfiguration error is returned like an outcome."""

    async def send_one(provider: SmtpEmail, position: int = 1) -> Outcome | ChannelMisconfiguredError:
        try:
            return await provider.send(email(claimed(Channel.EMAIL, position)))
        except ChannelMisconfiguredError as error:
            return error

    return send_one


@PIPELINED
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("421 4.3.2 going down", RetryLater),
        ("451 4.7.1 greylisted", RetryLater),
        ("452 4.2.2 mailbox full", RetryLater),
        ("550 5.7.515 access denied", ChannelMisconfiguredError),
        ("530 5.7.0 authentication required", ChannelMisconfiguredError),
        ("550 5.1.1 unknown", Refused),
        ("552 5.3.4 too large", Refused),
    ],
)
async def test_a_reply_has_the_same_outcome_at_every_step(send, extensions, step, reply, expected):
    async with SmtpDouble(extensions=extensions) as double, open_provider(provider_for(double)) as provider:
        double.faults.append(SmtpStepFault(step, reply))
        assert type(await send(provider)) is expected
        assert len(double.mailboxes) == 0
        assert isinstance(await send(provider, 2), Accepted)  # the next message is unaffected
        assert double.mailboxes.received == {"aino@example.org": ["opaque0002"]}


@PIPELINED
@pytest.mark.parametrize(
    ("step", "reply", "this_message_only"),
    [
        ("MAIL", "451 4.3.0 not now", False),  # no recipient was named yet
        ("RCPT", "451 4.7.1 greylisted", True),
        ("message", "452 4.2.2 mailbox full", True),
        ("RCPT", "421 4.3.2 going down", False),
    ],
)
async def test_a_temporary_refusal_of_one_recipient_does_not_delay_other_messages(
    send, extensions, step, reply, this_message_only
):
    async with SmtpDouble(extensions=extensions) as double, open_provider(provider_for(double)) as provider:
        double.faults.append(SmtpStepFault(step, reply))
        outcome = await send(provider)
        assert isinstance(outcome, RetryLater)
        assert outcome.this_message_only is this_message_only


@PIPELINED
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("reply", ["", "nonsense"])
async def test_a_cut_connection_is_uncertain_only_after_the_message(send, extensions, step, reply):
    async with SmtpDouble(extensions=extensions) as double, open_provider(provider_for(double)) as provider:
        double.faults.append(SmtpStepFault(step, reply))
        assert type(await send(provider)) is (Unknown if step == "message" else RetryLater)
        assert isinstance(await send(provider, 2), Accepted)


@PIPELINED
@pytest.mark.parametrize("step", STEPS)
async def test_a_silent_server_times_out(send, extensions, step):
    async with SmtpDouble(extensions=extensions) as double:
        provider = replace(provider_for(double), timeout=0.4)  # every other step is far quicker
        double.faults.append(SmtpStepFault(step, silent=True))
        async with open_provider(provider):
            assert type(await send(provider)) is (Unknown if step == "message" else RetryLater)


async def test_data_without_a_valid_recipient_sends_nothing(send):
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        double.lenient = True
        double.faults.append(SmtpStepFault("RCPT", "550 5.1.1 unknown"))
        refused = await send(provider)
        assert isinstance(refused, Refused)
        assert refused.reason is EndReason.INVALID_ADDRESS
        assert isinstance(await send(provider, 2), Accepted)
        assert len(double.messages) == 1


async def test_an_unsolicited_reply_ends_the_connection(send):
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        assert isinstance(await send(provider), Accepted)
        double.broadcast_and_close("421 4.4.2 idle for too long")
        await asyncio.sleep(0.05)
        assert isinstance(await send(provider, 2), Accepted)
        assert double.connections == 2


async def test_a_connection_is_reused_for_a_limited_number_of_messages(send):
    async with SmtpDouble() as double, open_provider(provider_for(double, messages_per_connection=3)) as provider:
        for position in range(1, 8):
            assert isinstance(await send(provider, position), Accepted)
        assert double.connections == 3


async def test_open_connections_never_exceed_the_limit(send):
    async with SmtpDouble() as double, open_provider(provider_for(double, connections=3)) as provider:
        double.fault_plan.p50 = double.fault_plan.p99 = 0.01
        await asyncio.gather(*(send(provider, position) for position in range(30)))
        assert double.connections == 3
        assert len(double.mailboxes) == 30


async def test_a_message_without_a_free_connection_is_retried_later(send):
    async with SmtpDouble() as double:
        double.fault_plan.p50 = double.fault_plan.p99 = 0.15
        provider = replace(provider_for(double, connections=1), timeout=1.5)  # far longer than a reply takes
        async with open_provider(provider):
            outcomes = await asyncio.gather(*(send(provider, position) for position in range(20)))
    outcome_types = [type(outcome) for outcome in outcomes]
    assert set(outcome_types) == {Accepted, RetryLater}
    assert outcome_types.count(Accepted) == len(double.mailboxes)


async def test_a_message_is_retried_after_the_server_ends_a_connection_early(send):
    async with SmtpDouble(messages_per_connection=2) as double, open_provider(provider_for(double)) as provider:
        outcomes = [await send(provider, position) for position in (1, 2, 3, 4)]
        assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, RetryLater, Accepted]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2.0.0 Ok: queued as 4BC12", "4BC12"),
        ("ok", "ok"),
        ("", ""),
        ("accepted for aino@example.org", ""),
        ("queued as 4\0B", ""),
    ],
)
def test_the_provider_id_is_the_queue_id_and_never_an_address(text, name):
    assert outcome_of_reply(SmtpReply("message", 250, "2.0.0", text)) == Accepted(name)


async def test_a_message_has_its_own_return_address_and_unchanged_bytes(send, email, claimed):
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        await send(provider)
    assert double.envelopes == [("b+opaque0001@lahde.example.org", "aino@example.org")]
    assert double.messages == [email(claimed(Channel.EMAIL)).mime]


async def test_lines_that_begin_with_a_dot_arrive(email, claimed):
    dotted = b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\nb\r\n.\r\n"
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        await provider.send(replace(email(claimed(Channel.EMAIL)), assemble=lambda: dotted))
    assert double.messages == [dotted]


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b".a"]), max_size=6).map(b"\r\n".join))
def test_dot_stuffing_keeps_the_end_marker_at_the_end(message):
    stuffed = dot_stuffed(message)
    assert (b"\r\n" + stuffed).index(b"\r\n.\r\n") == len(stuffed) - 3
    unstuffed = (b"\r\n" + stuffed[:-3]).replace(b"\r\n.", b"\r\n")[2:]
    assert unstuffed.removesuffix(b"\r\n") == message.removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("extensions", "expected"), [(("SMTPUTF8",), Accepted), (("PIPELINING",), Refused)], ids=["offered", "not offered"]
)
async def test_an_address_outside_ascii_needs_smtputf8(email, extensions, expected):
    claimed = claim(Channel.EMAIL, address="käyttäjä@example.fi")
    async with SmtpDouble(extensions=extensions) as double, open_provider(provider_for(double)) as provider:
        outcome = await provider.send(email(claimed))
    assert type(outcome) is expected
    assert [recipient for _, recipient in double.envelopes] == (["käyttäjä@example.fi"] if expected is Accepted else [])


@pytest.mark.parametrize("address", ["", "a b@c", "a@b>\r\nRCPT TO:<x@y", "a@b\r\n", "<a@b>", "a" * 255, "a@b\0"])
async def test_an_address_cannot_inject_a_command(email, address):
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        outcome = await provider.send(email(claim(Channel.EMAIL, address=address)))
    assert outcome == Refused(EndReason.INVALID_ADDRESS, "no address")
    assert double.envelopes == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("5.1.1", SmtpFault.ADDRESS),
        ("5.1.10", SmtpFault.ADDRESS),
        ("5.1.8", SmtpFault.SENDER),
        ("5.2.1", SmtpFault.MAILBOX),
        ("5.2.3", SmtpFault.SIZE),
        ("5.3.4", SmtpFault.SIZE),
        ("5.7.1", SmtpFault.POLICY),
        ("5.7.26", SmtpFault.SENDER),
        ("5.7.515", SmtpFault.SENDER),
        ("5.5.1", SmtpFault.UNCLEAR),
        ("", SmtpFault.UNCLEAR),
    ],
)
def test_an_enhanced_status_code_names_the_fault(code, fault):
    assert fault_of(enhanced_code(f"550 {code} said a server at 192.0.2.5.1")) is fault


@pytest.mark.parametrize(("step", "expected"), [("MAIL", ChannelMisconfiguredError), ("RCPT", Refused)])
async def test_a_refusal_without_a_code_blames_the_recipient_only_after_rcpt(send, step, expected):
    async with SmtpDouble() as double, open_provider(provider_for(double)) as provider:
        double.faults.append(SmtpStepFault(step, "550 no"))
        assert type(await send(provider)) is expected


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_a_connection_is_encrypted_and_authenticated(send, certificate, tls, security):
    double = SmtpDouble(tls=tls, implicit_tls=security is SmtpSecurity.TLS, account=("viesti", "secret"))
    async with double:
        tls_settings = {"security": security, "authorities": str(certificate / "certificate.pem")}
        provider = replace(provider_for(double, **tls_settings), username="viesti", password="secret")
        async with open_provider(provider):
            outcomes = [await send(provider, position) for position in range(1, 21)]
        assert {type(outcome) for outcome in outcomes} == {Accepted}
        assert len(double.mailboxes) == 20


@pytest.mark.parametrize("security", [SmtpSecurity.TLS, SmtpSecurity.STARTTLS])
async def test_an_untrusted_certificate_stops_the_channel(send, tls, security):
    async with SmtpDouble(tls=tls, implicit_tls=security is SmtpSecurity.TLS) as double:
        with pytest.raises(ChannelMisconfiguredError, match="certificate"):
            await provider_for(double, security=security).open()
        assert len(double.mailboxes) == 0


async def test_a_server_without_starttls_stops_the_channel():
    async with SmtpDouble(account=("viesti", "secret")) as double:
        with pytest.raises(ChannelMisconfiguredError, match="encryption"):
            await provider_for(double, security=SmtpSecurity.STARTTLS).open()


async def test_a_wrong_password_stops_the_channel():
    async with SmtpDouble(account=("viesti", "secret")) as double:
        provider = replace(provider_for(double), username="viesti", password="wrong")
        with pytest.raises(ChannelMisconfiguredError, match="SMTP_PASSWORD"):
            await provider.open()


async def test_a_missing_authorities_file_stops_the_channel():
    async with SmtpDouble() as double:
        with pytest.raises(ChannelMisconfiguredError, match="authorities"):
            await provider_for(double, authorities="/nowhere").open()


async def test_a_missing_dkim_key_stops_the_channel_on_open():
    async with SmtpDouble() as double:
        dkim = DkimSettings(domain="lahde.example.org", rsa="r1")
        with pytest.raises(ChannelMisconfiguredError, match="DKIM_RSA_KEY"):
            await replace(provider_for(double), load_signer=lambda: load_dkim_signer(dkim, "", "")).open()


class RecordingHandler:
    """Message handler of the aiosmtpd server."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.contents.append(envelope.original_content)
        self.recipients += envelope.rcpt_tos
        return "250 2.0.0 ok: queued as 4711"


async def test_an_independent_server_accepts_our_messages(send, email, claimed, certificate, tls):
    handler = RecordingHandler()

    def server() -> aiosmtpd.smtp.SMTP:
        return aiosmtpd.smtp.SMTP(
            handler,
            tls_context=tls,
            require_starttls=True,
            auth_required=True,
            authenticator=lambda *_: aiosmtpd.smtp.AuthResult(success=True),
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    settings = SmtpSettings(host="127.0.0.1", port=port, authorities=str(certificate / "certificate.pem"))
    provider = SmtpEmail(settings, "b@lahde.example.org", username="viesti", password="secret")
    async with listener, open_provider(provider):
        outcomes = [await send(provider, position) for position in (1, 2, 3)]
    assert outcomes == [Accepted("4711")] * 3
    assert handler.contents == [email(claimed(Channel.EMAIL)).mime] * 3
    assert handler.recipients == ["aino@example.org"] * 3
