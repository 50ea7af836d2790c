"""Model: what a campaign is, as frozen values without I/O."""
