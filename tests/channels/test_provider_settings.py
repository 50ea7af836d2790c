"""Settings of providers: valid and refused values."""

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

EMAIL = {"address": "uutiset@lahde.example.org", "unsubscribe": "peru@lahde.example.org"}


def test_the_example_workspace_uses_folder_providers_only():
    channels = SETTINGS.channels
    assert {channels.email.provider, channels.sms.provider, channels.post.provider, channels.phone.provider} == {
        "folder"
    }


def test_every_channel_has_its_providers():
    assert (set(EMAIL_PROVIDERS), set(SMS_PROVIDERS)) == ({"folder", "sendgrid", "smtp"}, {"folder", "twilio"})
    assert set(POST_PROVIDERS) == set(PHONE_PROVIDERS) == {"folder"}


def test_smtp_without_encryption_is_allowed_on_this_machine_only():
    assert SmtpSettings(host="smtp.example.org").security is SmtpSecurity.STARTTLS
    assert SmtpSettings(host="localhost", security=SmtpSecurity.NONE).security is SmtpSecurity.NONE
    with pytest.raises(ValidationError, match="without encryption"):
        SmtpSettings(host="smtp.example.org", security=SmtpSecurity.NONE)


@pytest.mark.parametrize(
    "invalid",
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
def test_invalid_smtp_settings_are_refused(invalid):
    with pytest.raises(ValidationError):
        SmtpSettings.model_validate(invalid)


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
def test_the_dkim_domain_must_match_the_sender_address(domain, aligned):
    dkim = DkimSettings(domain=domain, rsa="mail2026")
    assert dkim.aligned_with("uutiset@LAHDE.example.org") is aligned
    values = EMAIL | {"smtp": {"dkim": dkim.model_dump()}}
    if aligned:
        assert EmailSettings.model_validate(values).smtp.dkim == dkim
    else:
        with pytest.raises(ValidationError, match="sender's address"):
            EmailSettings.model_validate(values)


@pytest.mark.parametrize(
    "invalid",
    [
        {"number": "0401234567"},
        {"number": "+35840 1234567"},
        {"messaging_service": "MG123"},
        {"base_url": "api.twilio.com"},
        {"token": "secret"},
    ],
)
def test_invalid_twilio_settings_are_refused(invalid):
    with pytest.raises(ValidationError):
        TwilioSettings.model_validate(invalid)


# The regulation's description of a sender id (FI-24).
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
def test_fi24_a_sender_id_has_a_form_that_can_be_authorised(sender):
    try:
        accepted = SmsSettings(sender=sender).sender
    except ValidationError:
        accepted = None
    assert (accepted == sender) is (SENDER_ID.fullmatch(sender) is not None)


@pytest.mark.parametrize(
    ("twilio", "required"),
    [
        ({}, True),
        ({"number": "+358450000000"}, True),
        ({"number": "+46700000000"}, False),
        ({"messaging_service": "MG" + "0" * 32}, False),
    ],
)
def test_fi24_a_sender_id_shown_to_finnish_numbers_must_be_authorised(twilio, required):
    values = {"sender": "Lahde", "provider": "twilio", "twilio": twilio}
    if required:
        with pytest.raises(ValidationError, match="only as a sender id that Traficom has authorised"):
            SmsSettings.model_validate(values)
    else:
        SmsSettings.model_validate(values)
    assert SmsSettings.model_validate(values | {"authorised": AUTHORISED}).authorised.ref == "an example"
    for empty in ({}, {"ref": ""}, True):
        with pytest.raises(ValidationError):
            SmsSettings.model_validate(values | {"authorised": empty})
    assert SmsSettings(sender="Lahde").authorised is None  # the folder provider needs no authorisation


@pytest.mark.child_process
def test_folder_providers_import_no_vendor_package():
    script = """
import sys
import campaigns.channels.registry
print(*{"aiohttp", "sendgrid", "twilio", "aiosmtplib", "cryptography"} & set(sys.modules))
"""
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
