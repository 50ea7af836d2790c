"""Where providers are reached: what the settings may say, and what they may not."""

import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.channels.registry import EMAIL_PROVIDERS, PHONE_PROVIDERS, POST_PROVIDERS, SMS_PROVIDERS
from campaigns.core.model.provider_settings import DkimSettings, SmtpSecurity, SmtpSettings, TwilioSettings
from campaigns.core.model.settings import EmailSettings, SmsSettings
from tests.support.provider_fixtures import AUTHORISED, SETTINGS

EMAILS = {"address": "uutiset@lahde.example.org", "unsubscribe": "peru@lahde.example.org"}


def test_the_example_workspace_needs_no_provider():
    chosen = SETTINGS.channels
    assert {chosen.email.provider, chosen.sms.provider, chosen.post.provider, chosen.phone.provider} == {"folder"}


def test_every_channel_has_its_providers():
    assert (set(EMAIL_PROVIDERS), set(SMS_PROVIDERS)) == ({"folder", "sendgrid", "smtp"}, {"folder", "twilio"})
    assert set(POST_PROVIDERS) == set(PHONE_PROVIDERS) == {"folder"}


def test_a_mail_server_is_spoken_to_in_secret_unless_it_is_on_this_machine():
    assert SmtpSettings(host="smtp.example.org").security is SmtpSecurity.STARTTLS
    assert SmtpSettings(host="localhost", security=SmtpSecurity.NONE).security is SmtpSecurity.NONE
    with pytest.raises(ValidationError, match="in the open"):
        SmtpSettings(host="smtp.example.org", security=SmtpSecurity.NONE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "smtp.example.org/x"},
        {"host": "smtp example"},
        {"host": "x\r\ny"},
        {"port": 0},
        {"port": "587"},
        {"connections": 0},
        {"bounces": "nobody"},
        {"password": "secret"},
        {"dkim": {"domain": "lahde.example.org"}},
        {"dkim": {"domain": "Lähde.example.org", "rsa": "x"}},
        {"dkim": {"domain": "lahde.example.org", "rsa": "a b"}},
    ],
)
def test_a_mail_server_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        SmtpSettings.model_validate(wrong)


@pytest.mark.parametrize(
    ("domain", "aligned"),
    [
        ("lahde.example.org", True),
        ("example.org", True),
        ("news.lahde.example.org", False),
        ("ahde.example.org", False),
        ("example.net", False),
    ],
)
def test_a_signature_is_of_the_senders_domain(domain, aligned):
    dkim = DkimSettings(domain=domain, rsa="mail2026")
    assert dkim.aligned_with("uutiset@LAHDE.example.org") is aligned
    written = EMAILS | {"smtp": {"dkim": dkim.model_dump()}}
    if aligned:
        assert EmailSettings.model_validate(written).smtp.dkim == dkim
    else:
        with pytest.raises(ValidationError, match="sender's address"):
            EmailSettings.model_validate(written)


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "0401234567"},
        {"number": "+35840 1234567"},
        {"messaging_service": "MG123"},
        {"base_url": "api.twilio.com"},
        {"token": "secret"},
    ],
)
def test_an_account_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        TwilioSettings.model_validate(wrong)


# As the regulation describes an id (FI-24).
SENDER_ID = re.compile(r"(?! )(?!.*  )[0-9A-Za-z ]{3,11}(?<! )")


@given(st.text(st.sampled_from("aZ09 -ä_\n"), max_size=13))
@example("Lahde")
@example("S Ryhma 1")
@example("ab")
@example("abcdefghijkl")
@example(" abc")
@example("abc ")
@example("ab  c")
@example("Lähde")
@example("abc\n")
def test_fi24_a_sender_id_is_one_that_can_be_authorised(sender):
    try:
        taken = SmsSettings(sender=sender).sender
    except ValidationError:
        taken = None
    assert (taken == sender) is (SENDER_ID.fullmatch(sender) is not None)


@pytest.mark.parametrize(
    ("twilio", "needed"),
    [
        ({}, True),
        ({"number": "+358450000000"}, True),
        ({"number": "+46700000000"}, False),
        ({"messaging_service": "MG" + "0" * 32}, False),
    ],
)
def test_fi24_what_finnish_numbers_see_is_authorised_before_anything_is_sent(twilio, needed):
    written = {"sender": "Lahde", "provider": "twilio", "twilio": twilio}
    if needed:
        with pytest.raises(ValidationError, match="only as a sender id that Traficom has authorised"):
            SmsSettings.model_validate(written)
    else:
        SmsSettings.model_validate(written)
    assert SmsSettings.model_validate(written | {"authorised": AUTHORISED}).authorised.ref == "an example"
    for nothing in ({}, {"ref": ""}, True):
        with pytest.raises(ValidationError):
            SmsSettings.model_validate(written | {"authorised": nothing})
    assert SmsSettings(sender="Lahde").authorised is None  # what is written into folders needs nobody's leave


def test_a_workspace_that_writes_into_folders_loads_no_vendor():
    script = """
import sys
import campaigns.channels.registry
print(*{"aiohttp", "sendgrid", "twilio", "aiosmtplib", "cryptography"} & set(sys.modules))
"""
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
