"""Sample workspace whose e-mail or SMS goes through a real provider adapter to a double on the loopback."""

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
    workspace: SampleWorkspace, provider: str, fault_plan: FaultPlan | None = None, port: int = 0
) -> AsyncIterator[Double]:
    """Start the double and replace the workspace's provider by an adapter for it; the adapter stays afterwards."""
    async with DOUBLES[provider](fault_plan=fault_plan or FaultPlan(), port=port) as double:
        providers = workspace.engine.context.providers
        email, sms = providers.email, providers.sms
        match double:
            case SendGridDouble():
                email = SendGridEmail(double.url, double.api_key, 8, timeout=5.0)
            case SmtpDouble():
                settings = SmtpSettings(host="127.0.0.1", port=double.port, security=SmtpSecurity.NONE)
                email = SmtpEmail(settings, "b@kyla.example.org", timeout=5.0)
            case TwilioDouble():
                settings = TwilioSettings(base_url=double.url)
                sms = TwilioSms(settings, double.account, double.token, "https://viesti.example.org", 8, timeout=5.0)
        workspace.use(providers=ChannelProviders(email, sms, providers.post, providers.phone))
        yield double
