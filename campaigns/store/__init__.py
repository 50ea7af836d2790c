"""Ledger: connection, tables, queries and migrations."""
