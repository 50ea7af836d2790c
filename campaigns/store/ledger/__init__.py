"""Ledger connection: SQLite and PostgreSQL."""
