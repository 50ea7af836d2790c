"""Channels: provider interfaces, outgoing messages and bundles, outcomes and events; one module a provider."""
