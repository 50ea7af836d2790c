"""Consent: choices, permissions, suppressions and opt-outs."""
