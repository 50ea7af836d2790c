"""Proofs and seeds: messages to our own internal addresses."""
