"""Core: what every room stands on, such as errors, clock, tokens, metrics."""
