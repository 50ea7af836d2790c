"""Imports: one module a kind of file; bad rows are set aside with a reason."""
