"""Engine: the services over one opened workspace, put together in one place."""

from dataclasses import dataclass, replace
from typing import Self

from campaigns.channels.registry import ProviderContext, build_providers
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.settings import Settings
from campaigns.rendering.notice_writer import NoticeWriter
from campaigns.runs.capacity.forecast import PlanForecast
from campaigns.runs.dispatch.dispatcher import Dispatcher, EmbeddedDispatcher
from campaigns.runs.dispatch.provider_outage import ProviderOutages
from campaigns.runs.notices.notice_sender import NoticeSender
from campaigns.runs.planner import Planner
from campaigns.runs.publisher import Publisher
from campaigns.runs.queries import Queries
from campaigns.runs.run_control import RunControl
from campaigns.runs.run_definitions import RunDefinitions
from campaigns.runs.sender import Sender
from campaigns.workspace.context import Context
from campaigns.workspace.paths import Workspace


@dataclass(frozen=True)
class Engine:
    """Services over one context, each built when it is first used."""

    context: Context

    @classmethod
    def open(cls, workspace: Workspace, actor: str) -> Self:
        """Return the engine of a workspace; the audit log names `actor`."""
        return cls(Context.open(workspace, actor))

    @LockedCachedProperty
    def run_definitions(self) -> RunDefinitions:
        """Definitions of planned runs."""
        return RunDefinitions(self.context)

    @LockedCachedProperty
    def queries(self) -> Queries:
        """Counts, explanations, previews, runs."""
        return Queries(self.context, self.run_definitions)

    @LockedCachedProperty
    def forecast(self) -> PlanForecast:
        """Forecast of plans."""
        return PlanForecast(self.context, self.run_definitions)

    @LockedCachedProperty
    def planner(self) -> Planner:
        """Planner of occasions."""
        return Planner(self.context, self.queries, self.run_definitions)

    @LockedCachedProperty
    def run_control(self) -> RunControl:
        """Approve, start, pause, resume, cancel."""
        return RunControl(self.context, self.queries, self.run_definitions, self.forecast)

    @LockedCachedProperty
    def publisher(self) -> Publisher:
        """Publish and unpublish campaigns."""
        return Publisher(self.context)

    @LockedCachedProperty
    def sender(self) -> Sender:
        """Sender of started runs."""
        return Sender(self.context, self.queries, self.run_definitions, self.outages)

    @LockedCachedProperty
    def outages(self) -> ProviderOutages:
        """Outages of the providers, as this process sees them."""
        return ProviderOutages()

    @property
    def notice_sender(self) -> NoticeSender:
        """Sender of codes and confirmations, built again after the settings changed."""
        return self._notice_senders.current()

    @LockedCachedProperty
    def _notice_senders(self) -> "_NoticeSenders":
        return _NoticeSenders(self.context)

    @LockedCachedProperty
    def embedded_dispatcher(self) -> EmbeddedDispatcher:
        """Dispatcher that sends all runs under way in this process."""
        return EmbeddedDispatcher(self.context.ledger, self.context.clock)

    @LockedCachedProperty
    def dispatcher(self) -> Dispatcher:
        """Dispatcher that brings runs under way to the processes that send them."""
        if not self.context.has_workers:
            return self.embedded_dispatcher
        from campaigns.runs.dispatch.procrastinate_dispatcher import ProcrastinateDispatcher

        return ProcrastinateDispatcher(self.context.ledger, self.context.clock)

    def as_user(self, actor: str) -> Self:
        """Return an engine over the same resources for another actor."""
        return replace(self, context=self.context.as_user(actor))

    def with_files_reloaded(self) -> Self:
        """Return an engine that reads the workspace's files again and shares ledger, clock and signer."""
        return replace(self, context=self.context.with_files_reloaded())

    def close(self) -> None:
        """Close what was opened."""
        if "dispatcher" in vars(self):
            self.dispatcher.close()
        self.context.close()


class _NoticeSenders:
    """Notice sender of the current settings, with providers of its own beside those of the runs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._built: tuple[Settings, NoticeSender] | None = None

    def current(self) -> NoticeSender:
        context, settings = self._context, self._context.settings
        if self._built is None or self._built[0] != settings:
            providers = build_providers(ProviderContext(context.workspace.root, settings))
            writer = NoticeWriter(settings)
            sender = NoticeSender(context.ledger, providers, settings, context.signer, context.clock, writer)
            self._built = settings, sender
        return self._built[1]
