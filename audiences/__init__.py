"""Audiences: members, their consent, their purchases."""
