"""Ranking: how much a member wants an offer, learnt from purchases."""
