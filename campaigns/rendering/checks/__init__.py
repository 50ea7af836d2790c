"""Template checks, one module a channel."""
