"""Previews of a whole campaign: every variant, language and channel on one page, which sends nothing."""
