"""Viesti: a campaign engine that plans, sends and explains by each member's choices."""
