"""Ledger administration: schema, backup, copy, locks of periodic jobs."""
