"""Dispatch: claim, check, send and record deliveries; rate limits, leases and outages."""
