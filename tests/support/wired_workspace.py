"""Sample workspace that sends through real adapters to the doubles and receives their events over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.channels.sendgrid import SendGridEmail
from campaigns.channels.twilio import TwilioSms
from campaigns.core.clock import Clock
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from campaigns.store.runs.run_tables import Run
from campaigns.web.app import application
from tests.support.sample_workspace import SampleWorkspace

PUBLIC = "https://viesti.example.org"
SENDGRID = "/webhooks/sendgrid"
REPLY = "/webhooks/twilio/reply"


@dataclass(frozen=True)
class WiredWorkspace:
    """Sample workspace between the two doubles."""

    workspace: SampleWorkspace
    sendgrid: SendGridDouble
    twilio: TwilioDouble
    web: httpx.AsyncClient

    async def send(self, name: str, text: str) -> Run:
        """Plan and send a campaign in another thread: this one has an event loop."""
        return await asyncio.to_thread(self._send, name, text)

    def _send(self, name: str, text: str) -> Run:
        run = self.workspace.start(name, text)
        self.workspace.send(run)
        return self.workspace.engine.queries.run(run.run_id)

    async def tell_mail(self, *, times: int = 1, size: int = 7) -> set[int]:
        """Post SendGrid's events so far, signed, repeated and shuffled; return the response statuses."""
        posts = [
            self.web.post(SENDGRID, content=body, headers=headers)
            for body, headers in self.sendgrid.signed_posts(times=times, size=size)
        ]
        return {response.status_code for response in await asyncio.gather(*posts)}

    async def tell_texts(self, *, times: int = 1) -> set[int]:
        """Post Twilio's callbacks so far to another host than the signed one, like a proxy; return the statuses."""
        posts = [
            self.web.post(url.removeprefix(PUBLIC), data=form, headers=headers)
            for url, form, headers in self.twilio.signed_posts(times=times)
        ]
        return {response.status_code for response in await asyncio.gather(*posts)}


@asynccontextmanager
async def connect_doubles(workspace: SampleWorkspace, environment: pytest.MonkeyPatch) -> AsyncIterator[WiredWorkspace]:
    """Connect the workspace to both doubles; its clock runs in real time so that signatures are current."""
    settings = workspace.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8")
    public_url_line = next(line for line in text.splitlines() if line.startswith("public_url:"))
    settings.write_text(text.replace(public_url_line, f"public_url: {PUBLIC}"), encoding="utf-8")
    workspace.reload()
    workspace.use(clock=Clock(shift=workspace.clock.time - Clock().now()))
    async with SendGridDouble() as sendgrid, TwilioDouble() as twilio:
        environment.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", sendgrid.public_key)
        environment.setenv("TWILIO_AUTH_TOKEN", twilio.token)
        configured = build_providers(ProviderContext(workspace.root, workspace.engine.context.repository.settings))
        sms = workspace.engine.context.repository.settings.channels.sms.twilio.model_copy(
            update={"base_url": twilio.url}
        )
        workspace.use(
            providers=ChannelProviders(
                email=SendGridEmail(sendgrid.url, sendgrid.api_key, 8, timeout=10.0),
                sms=TwilioSms(sms, twilio.account, twilio.token, PUBLIC, 8, timeout=10.0),
                post=configured.post,
                phone=configured.phone,
            )
        )
        transport = httpx.ASGITransport(application(workspace.engine), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as web:
            yield WiredWorkspace(workspace, sendgrid, twilio, web)
