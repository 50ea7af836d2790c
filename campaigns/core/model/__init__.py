"""Domain model: campaigns, rules, offers and settings as frozen values, without I/O."""
