"""The parts of one workspace: the only place that constructs things, each when it is first asked for."""

import os
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

from audiences.people.snapshot import take_snapshot
from audiences.warehouse.warehouse import AGGREGATES_FOLDER
from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.core.clock import Clock
from campaigns.core.errors import UserError
from campaigns.core.signing_keys import load_signer
from campaigns.core.tokens import Signer
from campaigns.rendering.notice_writer import NoticeWriter
from campaigns.runs.dispatch.dispatcher import Dispatcher, EmbeddedDispatcher
from campaigns.runs.dispatch.provider_outage import ProviderOutages
from campaigns.runs.notices.sender import NoticeSender
from campaigns.runs.planning import contact_history
from campaigns.runs.planning.aggregate_cache import AggregateCache
from campaigns.runs.planning.plan import LedgerSnapshot
from campaigns.runs.planning.query_session import RuleEngine
from campaigns.store.admin import schema
from campaigns.store.admin.database_url import ledger_url
from campaigns.store.ledger.connection import Ledger
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository


@dataclass(frozen=True)
class Parts:
    """What everything over one workspace is made with. `actor` is who the audit log says did it."""

    workspace: Workspace
    actor: str

    @cached_property
    def repository(self) -> WorkspaceRepository:
        """What the workspace's files say."""
        return WorkspaceRepository(self.workspace)

    @cached_property
    def clock(self) -> Clock:
        """The workspace's clock."""
        return self.repository.clock

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, its tables made when it is new."""
        ledger = self.unprepared_ledger()
        schema.prepare(ledger)
        return ledger

    def unprepared_ledger(self) -> Ledger:
        """The ledger as it is, where the environment or the settings say it is, else in a file of the workspace."""
        workspace = self.workspace
        file = workspace.ledger
        file.parent.mkdir(parents=True, exist_ok=True)
        return Ledger(ledger_url(os.environ, self.repository.settings.database_url, workspace.settings, file))

    @cached_property
    def signer(self) -> Signer:
        """The signer of links and of opaque names."""
        return load_signer(os.environ, self.workspace.data / "signing.key")

    @cached_property
    def providers(self) -> ChannelProviders:
        """Who delivers each channel."""
        return build_providers(ProviderContext(self.workspace.root, self.repository.settings))

    @cached_property
    def outages(self) -> ProviderOutages:
        """Which of them take nothing at the moment."""
        return ProviderOutages()

    @cached_property
    def notice_sender(self) -> NoticeSender:
        """Who carries codes and confirmations, with providers of its own beside those of the runs."""
        settings = self.repository.settings
        providers = build_providers(ProviderContext(self.workspace.root, settings))
        return NoticeSender(self.ledger, providers, settings, self.signer, self.clock, NoticeWriter(settings))

    @property
    def has_workers(self) -> bool:
        """Whether messages are sent by `viesti worker`, on any machine, and not by the server beside its pages."""
        return self.ledger.is_shared

    @cached_property
    def embedded(self) -> EmbeddedDispatcher:
        """What sends in this process whatever is under way."""
        return EmbeddedDispatcher(self.ledger, self.clock)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """What brings the runs under way to those who send them."""
        if not self.has_workers:
            return self.embedded
        from campaigns.runs.dispatch.procrastinate_dispatcher import ProcrastinateDispatcher

        return ProcrastinateDispatcher(self.ledger, self.clock)

    def snapshot(self, members: tuple[str, ...] = ()) -> LedgerSnapshot:
        """The ledger as a plan sees it now; with `members` what concerns them alone."""
        return LedgerSnapshot(
            take_snapshot(self.ledger, members),
            contact_history.sent_messages(self.ledger, members),
            contact_history.clicks(self.ledger),
        )

    @property
    def aggregate_cache(self) -> AggregateCache:
        """What was summed over purchases before."""
        return AggregateCache(self.workspace.warehouse / AGGREGATES_FOLDER)

    def rule_engine(self, as_of: datetime) -> RuleEngine | None:
        """The engine that evaluates rules in DuckDB's place, where the settings name one."""
        chosen = self.repository.settings.warehouse
        if chosen.engine == "duckdb":
            return None
        try:
            from audiences.warehouse.spark import open_spark
        except ModuleNotFoundError as error:
            message, hint = "`warehouse.engine: spark` needs the package pyspark", "pip install 'viesti[spark]'"
            raise UserError.about(str(self.workspace.settings), message, "no_spark", hint) from error
        return open_spark(self.repository.warehouse, as_of, chosen.master)

    def as_user(self, actor: str) -> Self:
        """The same parts in the hands of somebody else: the audit log names them."""
        self.ledger, self.repository, self.clock, self.signer  # noqa: B018 - made now, so that both have the same ones
        other = copy(self)
        vars(other)["actor"] = actor
        return other

    def with_files_reloaded(self) -> Self:
        """The same parts over what the workspace's files say now."""
        other = type(self)(self.workspace, self.actor)
        vars(other).update(ledger=self.ledger, clock=self.clock, signer=self.signer)
        return other

    def reload_files(self) -> None:
        """Go on with what the workspace's files say now: a server goes on for months while they change.

        AuthorError when they are not in order: then what they said before goes on.
        """
        library, before = WorkspaceRepository(self.workspace), self.repository
        library.load_all()
        vars(self)["library"] = library
        if library.settings != before.settings:
            for made_of_them in ("providers", "courier"):
                vars(self).pop(made_of_them, None)

    def close(self) -> None:
        """Give the ledger back."""
        if "dispatcher" in self.__dict__:
            self.dispatcher.close()
        if "ledger" in self.__dict__:
            self.ledger.close()
