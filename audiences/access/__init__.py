"""Member access: one-time codes, sessions, attempt limits."""
