"""Demonstration: a workspace made from real purchases, and a rehearsal with misbehaving providers."""
