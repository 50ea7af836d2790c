"""All checks of a workspace and its environment, in the order in which to fix problems."""

import asyncio
import os
from collections.abc import Iterator, Mapping

from campaigns.operations.doctor import providers, stores
from campaigns.operations.doctor.finding import Finding, Level
from campaigns.operations.doctor.mail_domain import MailDomain, Texts
from campaigns.runs.engine import Engine


def examine(engine: Engine, resolver: Texts, environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Run all checks without changing or sending anything; an unreachable service is a warning."""
    settings = engine.library.settings
    ledger_finding, *other_findings = stores.stores(engine)
    yield from (ledger_finding, *other_findings)
    if ledger_finding.level is not Level.FAIL:
        yield stores.agreement(engine.ledger, engine.clock.now())
    yield stores.data(engine)
    yield providers.clock(settings)
    yield providers.public_url(settings)
    yield providers.privacy_notice(settings)
    yield from providers.keys(settings, environment)
    yield from providers.senders(settings)
    yield from providers.regions(settings)
    yield from asyncio.run(providers.reached(settings))
    yield from MailDomain(settings.channels.email, environment, resolver).findings()
