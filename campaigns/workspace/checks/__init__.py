"""Checks across a campaign file: channels, offers, partners, purposes, variants."""
