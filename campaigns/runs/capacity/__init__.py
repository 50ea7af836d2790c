"""Capacity: whether a plan fits its send window, and what its text messages cost."""
