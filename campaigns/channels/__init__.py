"""Channels: what a provider is handed and may answer; one module a provider."""
