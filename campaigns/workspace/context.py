"""Context: one opened workspace, with its files, ledger, clock, signer and providers, and the actor."""

import os
from dataclasses import dataclass, field, replace
from typing import Self

from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.core.clock import Clock
from campaigns.core.coupon_keys import CouponKeys
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.settings import Settings
from campaigns.core.private_files import make_private_folder
from campaigns.core.signing_keys import load_signer
from campaigns.core.tokens import Signer
from campaigns.store.admin import schema
from campaigns.store.admin.database_url import ledger_url
from campaigns.store.ledger.connection import Ledger
from campaigns.workspace.paths import Workspace
from campaigns.workspace.repository import WorkspaceRepository


class Resources:
    """Resources of one workspace, each opened when it is first used, then shared.

    Those that are given are used instead of the workspace's own.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        ledger: Ledger | None = None,
        clock: Clock | None = None,
        signer: Signer | None = None,
        providers: ChannelProviders | None = None,
    ) -> None:
        self.workspace = workspace
        self.repository = WorkspaceRepository(workspace)
        self._given_ledger, self._given_clock, self._given_signer = ledger, clock, signer
        self._given_providers = providers
        self._built_providers: tuple[Settings, ChannelProviders] | None = None

    @LockedCachedProperty
    def clock(self) -> Clock:
        """Clock of the workspace."""
        return self._given_clock or self.repository.clock

    @LockedCachedProperty
    def ledger(self) -> Ledger:
        """Ledger; its tables are created when it is new."""
        if self._given_ledger is not None:
            return self._given_ledger
        ledger = self.open_unprepared_ledger()
        schema.prepare(ledger)
        return ledger

    @LockedCachedProperty
    def signer(self) -> Signer:
        """Signer of links and public names."""
        return self._given_signer or load_signer(os.environ, self.workspace.data / "signing.key")

    @property
    def coupon_keys(self) -> CouponKeys:
        """Keys of coupon pools, read each time: they rotate while servers run."""
        return CouponKeys.load(os.environ, self.workspace.coupon_keys)

    @property
    def providers(self) -> ChannelProviders:
        """Providers of the channels, built again after the settings changed."""
        if self._given_providers is not None:
            return self._given_providers
        settings = self.repository.settings
        if self._built_providers is None or self._built_providers[0] != settings:
            self._built_providers = settings, build_providers(ProviderContext(self.workspace.root, settings))
        return self._built_providers[1]

    def open_unprepared_ledger(self) -> Ledger:
        """Open the ledger without touching its tables.

        The environment or the settings name it; otherwise it is a file of the workspace.
        """
        file = self.workspace.ledger
        make_private_folder(file.parent)
        url = ledger_url(os.environ, self.repository.settings.database_url, self.workspace.settings, file)
        return Ledger(url)

    def close(self) -> None:
        """Close the ledger if it was opened."""
        if "ledger" in vars(self):
            self.ledger.close()


@dataclass(frozen=True, slots=True)
class Context:
    """Opened workspace with the `actor` that the audit log names; every service works over one."""

    resources: Resources = field(repr=False)
    actor: str

    @classmethod
    def open(cls, workspace: Workspace, actor: str) -> Self:
        """Return the context of a workspace; nothing is opened before it is used."""
        return cls(Resources(workspace), actor)

    @property
    def workspace(self) -> Workspace:
        """Paths of the workspace."""
        return self.resources.workspace

    @property
    def repository(self) -> WorkspaceRepository:
        """Content of the workspace's files, as last read."""
        return self.resources.repository

    @property
    def settings(self) -> Settings:
        """Settings of the workspace."""
        return self.repository.settings

    @property
    def clock(self) -> Clock:
        """Clock of the workspace."""
        return self.resources.clock

    @property
    def ledger(self) -> Ledger:
        """Ledger, with its tables."""
        return self.resources.ledger

    @property
    def signer(self) -> Signer:
        """Signer of links and public names."""
        return self.resources.signer

    @property
    def coupon_keys(self) -> CouponKeys:
        """Keys of coupon pools."""
        return self.resources.coupon_keys

    @property
    def providers(self) -> ChannelProviders:
        """Providers of the channels."""
        return self.resources.providers

    @property
    def has_workers(self) -> bool:
        """Return whether `viesti worker` sends messages on any machine, not the server beside its pages."""
        return self.ledger.is_shared

    def as_user(self, actor: str) -> Self:
        """Return the same context for another actor."""
        return replace(self, actor=actor)

    def with_files_reloaded(self) -> Self:
        """Return a context that reads the workspace's files again and shares ledger, clock and signer."""
        shared = Resources(self.workspace, ledger=self.ledger, clock=self.clock, signer=self.signer)
        return replace(self, resources=shared)

    def reload_files(self) -> None:
        """Read the workspace's files again.

        Raise UserError and keep their earlier content if settings or catalogue have errors.
        """
        repository = WorkspaceRepository(self.workspace)
        repository.load_all()
        self.use_repository(repository)

    def use_repository(self, repository: WorkspaceRepository) -> None:
        """Replace the content of the workspace's files, also for contexts that share these resources."""
        self.resources.repository = repository

    def close(self) -> None:
        """Close what was opened."""
        self.resources.close()
