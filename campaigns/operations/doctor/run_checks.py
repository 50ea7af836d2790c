"""Every check of a workspace and its surroundings, in the order in which one would put things right."""

import asyncio
import os
from collections.abc import Iterator, Mapping

from campaigns.operations.doctor import providers, stores
from campaigns.operations.doctor.finding import Finding, Level
from campaigns.operations.doctor.mail_domain import MailDomain, Texts
from campaigns.runs.engine import Engine


def examine(engine: Engine, resolver: Texts, environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Look at everything; changes nothing and sends nothing. What cannot be reached is a warning."""
    settings = engine.library.settings
    ledger, *others = stores.stores(engine)
    yield from (ledger, *others)
    if ledger.level is not Level.FAIL:
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
