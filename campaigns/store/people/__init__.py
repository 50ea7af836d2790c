"""Rows about people: accounts, requests, notices, audit log."""
