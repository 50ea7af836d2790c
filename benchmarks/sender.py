"""Sending process of `benchmarks.sending`, as light as a worker; prints its time, CPU and memory.

`python -m benchmarks.sender '{"root": …, "url": …, "run_id": …, "path": …, "port": …, "messages": …}'`
"""

import gc
import json
import resource
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic, process_time
from typing import Final

from benchmarks.timing import peak_megabytes
from benchmarks.world import AS_OF
from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.cli.main import GC_THRESHOLD
from campaigns.core.clock import Clock
from campaigns.core.model.provider_settings import DkimSettings, SmtpSecurity, SmtpSettings, TwilioSettings
from campaigns.runs.engine import Engine
from campaigns.store.ledger.connection import Ledger
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository

_CONNECTIONS: Final = 256


class _EnoughSentError(Exception):
    """Stop signal: the requested number of messages was sent."""


def send(root: str, url: str, run_id: str, path: str, port: int, messages: int) -> dict[str, float]:
    """Send a run, or at most `messages` of it; return the count, start, end, CPU seconds and peak memory."""
    workspace = Workspace(Path(root))
    configured = build_providers(ProviderContext(workspace.root, WorkspaceRepository(workspace).settings))
    providers = _providers(configured, path, port)
    resources = Resources(workspace, clock=Clock.starting_at(AS_OF), ledger=Ledger(url), providers=providers)
    engine = Engine(Context(resources, "benchmark"))
    sent, start, cpu_start = 0, monotonic(), process_time()

    def on_progress(end: int) -> None:
        nonlocal sent
        sent += end
        if sent >= messages:
            raise _EnoughSentError

    try:
        engine.sender.send(run_id, on_progress)
    except* _EnoughSentError:
        pass
    end, cpu = monotonic(), process_time() - cpu_start
    engine.close()
    drawing = resource.getrusage(resource.RUSAGE_CHILDREN)  # letters are drawn in processes of their own
    return {
        "sent": sent,
        "began": start,
        "ended": end,
        "cpu": cpu,
        "drawing_cpu": drawing.ru_utime + drawing.ru_stime,
        "megabytes": peak_megabytes(),
    }


def _providers(configured: ChannelProviders, path: str, port: int) -> ChannelProviders:
    """Return the providers of a path; import only its own, as a worker does."""
    url = f"http://127.0.0.1:{port}"
    smtp = SmtpSettings(host="127.0.0.1", port=port or 1, security=SmtpSecurity.NONE, connections=_CONNECTIONS)
    match path:
        case "sendgrid":
            from campaigns.channels.sendgrid import SendGridEmail

            return replace(configured, email=SendGridEmail(url, "SG.double", _CONNECTIONS))
        case "smtp":
            from campaigns.channels.smtp import SmtpEmail

            return replace(configured, email=SmtpEmail(smtp, "b@lahde.example.org"))
        case "signed":
            from benchmarks.channels.messages import private_keys
            from campaigns.channels.dkim import load_dkim_signer
            from campaigns.channels.smtp import SmtpEmail

            dkim = DkimSettings(domain="lahde.example.org", rsa="r1", ed25519="e1")
            dkim_signer = load_dkim_signer(dkim, *private_keys())
            return replace(configured, email=SmtpEmail(smtp, "b@lahde.example.org", lambda: dkim_signer))
        case "sms":
            from campaigns.channels.twilio import TwilioSms

            settings = TwilioSettings.model_validate({"base_url": url})
            return replace(configured, sms=TwilioSms(settings, "AC" + "0" * 32, "double", url, _CONNECTIONS))
        case _:
            return configured


if __name__ == "__main__":
    gc.set_threshold(GC_THRESHOLD)  # as the command line does
    print(json.dumps(send(**json.loads(sys.argv[1]))))
