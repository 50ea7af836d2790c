"""A village whose e-mail or SMS goes through a real adapter to a double on the loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from campaigns.channels.registry import ChannelProviders
from campaigns.channels.sendgrid import SendGridEmail
from campaigns.channels.smtp import SmtpEmail
from campaigns.channels.twilio import TwilioSms
from campaigns.core.model.provider_settings import SmtpSecurity, SmtpSettings, TwilioSettings
from campaigns.demo.rehearsal.doubles.faults import FaultPlan
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from tests.support.sample_workspace import SampleWorkspace

DOUBLES: Final = {"sendgrid": SendGridDouble, "smtp": SmtpDouble, "twilio": TwilioDouble}
Double = SendGridDouble | SmtpDouble | TwilioDouble


@asynccontextmanager
async def workspace_with_double(
    workspace: SampleWorkspace, provider: str, manners: FaultPlan | None = None, port: int = 0
) -> AsyncIterator[Double]:
    """The double while it listens, with the village's adapter for it; the adapter stays when the double has gone."""
    async with DOUBLES[provider](manners=manners or FaultPlan(), port=port) as double:
        real = workspace.engine.providers
        email, sms = real.email, real.sms
        match double:
            case SendGridDouble():
                email = SendGridEmail(double.url, double.api_key, 8, timeout=5.0)
            case SmtpDouble():
                where = SmtpSettings(host="127.0.0.1", port=double.port, security=SmtpSecurity.NONE)
                email = SmtpEmail(where, "b@kyla.example.org", timeout=5.0)
            case TwilioDouble():
                at = TwilioSettings(base_url=double.url)
                sms = TwilioSms(at, double.account, double.token, "https://viesti.example.org", 8, timeout=5.0)
        vars(workspace.engine)["providers"] = ChannelProviders(email, sms, real.post, real.phone)
        yield double
