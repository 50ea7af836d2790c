"""Rehearsal: the demonstration sent to provider doubles that fail on purpose."""
