"""Measurements of planning, sending and serving; figures are in `docs/performance.md`."""
