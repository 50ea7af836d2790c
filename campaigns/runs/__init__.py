"""Runs: plan an occasion of a campaign, compose its messages, dispatch them."""
