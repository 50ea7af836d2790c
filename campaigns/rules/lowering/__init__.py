"""Lowering: conditions become SQL expressions and aggregates."""
