"""Member pages: preference centre, unsubscribe, "why", own data, sign-in, click redirects."""
