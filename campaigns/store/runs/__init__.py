"""Rows of runs: decisions, deliveries, bundles, events, publications."""
