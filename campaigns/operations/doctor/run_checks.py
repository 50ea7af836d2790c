"""All checks of a workspace and its environment, in the order in which to fix problems."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from campaigns.operations.doctor import goods, providers, stores
from campaigns.operations.doctor.file_modes import check_file_modes
from campaigns.operations.doctor.finding import Finding, FindingLevel
from campaigns.operations.doctor.mail_domain import MailDomain, TxtResolver
from campaigns.operations.doctor.staff_sign_in import check_staff_sign_in
from campaigns.people.privacy.written_files import registered_paths
from campaigns.workspace.context import Context


def run_checks(
    context: Context, resolver: TxtResolver, environment: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """Run all checks without changing or sending anything; an unreachable service is a warning."""
    settings = context.repository.settings
    ledger_finding, *other_findings = stores.check_stores(context)
    yield from (ledger_finding, *other_findings)
    if ledger_finding.level is not FindingLevel.FAIL:
        yield stores.check_reconciliation(context.ledger, context.clock.now())
        yield stores.check_proxies(context)
        yield from check_staff_sign_in(context, environment)
    yield check_file_modes(_private_places(context, ledger_finding))
    yield stores.check_data_age(context)
    yield from goods.check_goods(context)
    yield providers.check_clock(settings)
    yield providers.check_public_url(settings)
    yield providers.check_privacy_notice(settings)
    yield from providers.check_keys(settings, environment)
    yield from providers.check_senders(settings)
    yield from providers.check_regions(settings)
    yield from asyncio.run(providers.check_reachability(settings))
    yield from MailDomain(settings.channels.email, environment, resolver).findings()


def _private_places(context: Context, ledger_finding: Finding) -> list[Path]:
    """Return what only this account may read: folders of the workspace, and the files that the ledger lists."""
    listed = [] if ledger_finding.level is FindingLevel.FAIL else registered_paths(context)
    return [context.workspace.data, context.workspace.outbox, *listed]
