"""Composing: turns a claimed delivery into the message its provider takes."""
